"""The last gate: a session starts only when all is proved at that moment, and each missing proof has its code."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.journeys.chain import PROTOCOL, Chain, Json, Spa
from tests.journeys.system import Whole, until


def soon(minutes: float = 2) -> datetime:
    """Within the ten minutes before which nobody starts."""
    return datetime.now(UTC) + timedelta(minutes=minutes)


class Door:
    """A booked session at its door."""

    def __init__(self, spa: Spa, booked: Json) -> None:
        self.spa, self.booked, self.id = spa, booked, booked["id"]
        self.room = next(room for room in spa.rooms if room["id"] == booked["room_id"])

    async def arrive(self, **declared: str) -> None:
        answer = await self.spa.chain.arrive(self.spa.client, self.id, **declared)
        assert answer.status_code == 201, answer.text

    async def start(
        self, *, result: str = "pass", fit: bool = True, checked: bool = True, **more: Any
    ) -> httpx.Response:
        checks = [{"bar_id": bar["id"], "result": result, "note": ""} for bar in self.room["bars"]] if checked else []
        body = {"therapist_id": self.booked["therapist_id"], "pre_use_checks": checks, "fit_to_perform": fit} | more
        return await self.spa.chain.desk.post("room_equipment", f"/v1/assignments/{self.id}/start", body)

    async def finish(self, result: str = "complete") -> httpx.Response:
        path = f"/v1/assignments/{self.id}/finish"
        return await self.spa.chain.desk.post("room_equipment", path, {"result": result})

    async def refused(self, answer: httpx.Response, code: str) -> Json:
        assert (answer.status_code, answer.json().get("code")) == (409, code), answer.text
        assert answer.json()["detail"]
        found: Json = answer.json()
        return found

    async def is_(self, status: str, seconds: float = 20) -> Json:
        async def reached() -> Any:
            found = await self.spa.look(self.id)
            return found if found["status"] == status else None

        found: Json = await until(reached, f"{self.id} is {status}", seconds)
        return found


async def at_the_door(chain: Chain, starts_at: datetime | None = None, arrived: bool = True, **more: Any) -> Door:
    spa = await chain.spa(**more)
    door = Door(spa, await spa.book(starts_at or soon()))
    if arrived:
        await door.arrive()
    return door


async def test_a_proved_session_starts_runs_and_ends(chain: Chain) -> None:
    door = await at_the_door(chain)
    started = await door.start()
    assert started.status_code == 200, started.text
    running = await door.is_("in_progress")
    assert running["started_at"] is not None
    evidence = await chain.desk.get("room_equipment", f"/v1/assignments/{door.id}/evidence")
    assert '"load_sufficient": true' in str(evidence).replace("True", "true").replace("'", '"')
    assert (await door.finish()).status_code == 200
    await door.is_("completed")
    again = await chain.desk.send("POST", "room_equipment", f"/v1/assignments/{door.id}/start", {
        "therapist_id": door.booked["therapist_id"], "pre_use_checks": [], "fit_to_perform": True,
    })  # fmt: skip
    assert again.status_code == 409


async def test_an_aborted_session_frees_the_room_at_once(chain: Chain) -> None:
    door = await at_the_door(chain)
    assert (await door.start()).status_code == 200
    assert (await door.finish("abort")).status_code == 200
    await door.is_("completed")
    await door.spa.book(soon(20))


async def test_too_early(chain: Chain) -> None:
    door = await at_the_door(chain, soon(30))
    await door.refused(await door.start(), "too_early")


async def test_another_therapist_than_assigned(chain: Chain) -> None:
    door = await at_the_door(chain, therapists=2)
    other = next(one for one in door.spa.therapists if one["id"] != door.booked["therapist_id"])
    await door.refused(await door.start(therapist_id=other["id"]), "therapist_mismatch")


async def test_a_therapists_own_token_starts_only_her_own_sessions(chain: Chain) -> None:
    door = await at_the_door(chain, therapists=2)
    other = next(one for one in door.spa.therapists if one["id"] != door.booked["therapist_id"])
    scopes = ("rooms:read", "rooms:operate")
    body = {"therapist_id": door.booked["therapist_id"], "pre_use_checks": [], "fit_to_perform": True}
    path = f"/v1/assignments/{door.id}/start"
    hers = await chain.desk.another(*scopes, therapist_id=other["id"])
    await door.refused(await hers.post("room_equipment", path, body), "therapist_mismatch")
    own = await chain.desk.another(*scopes, therapist_id=door.booked["therapist_id"])
    checks = [{"bar_id": bar["id"], "result": "pass", "note": ""} for bar in door.room["bars"]]
    answer = await own.post("room_equipment", path, body | {"pre_use_checks": checks})
    assert answer.status_code == 200, answer.text


async def test_the_room_is_still_occupied(chain: Chain) -> None:
    """Whatever the clock says: the earlier session was started and not finished."""
    spa = await chain.spa(rooms=0, therapists=2)
    spa.rooms = [await chain.room(spa.branch, turnover_minutes=0)]
    spa.treatment = await chain.treatment(minutes=1, turnover_minutes=0)
    one, two = [Door(spa, await spa.book(soon(minutes))) for minutes in (3, 5)]
    for door in (one, two):
        await door.arrive()
    assert (await one.start()).status_code == 200
    await two.refused(await two.start(), "room_occupied")
    assert (await one.finish()).status_code == 200
    assert (await two.start()).status_code == 200


async def test_a_back_stepping_session_that_scheduling_does_not_know_cannot_start(chain: Chain) -> None:
    spa = await chain.spa()
    direct = {
        "appointment_id": spa.rooms[0]["id"], "branch_id": spa.branch["id"], "treatment_id": spa.treatment["id"],
        "therapist_id": spa.therapists[0]["id"], "client_id": spa.client["id"], "starts_at": soon().isoformat(),
    }  # fmt: skip
    made = await chain.desk.post("room_equipment", "/v1/assignments", direct)
    assert made.status_code == 201, made.text
    door = Door(
        spa, {"id": direct["appointment_id"], "room_id": spa.rooms[0]["id"], "therapist_id": direct["therapist_id"]}
    )
    await door.refused(await door.start(), "appointment_unproven")


async def test_a_cancelled_appointment_cannot_start_even_before_room_equipment_hears_of_it(
    chain: Chain, whole: Whole
) -> None:
    door = await at_the_door(chain)
    async with whole.frozen("kafka"):
        answer = await chain.desk.post("scheduling", f"/v1/appointments/{door.id}/cancel")
        assert answer.status_code == 200, answer.text
        await door.refused(await door.start(), "appointment_unproven")


@pytest.mark.parametrize(
    ("asleep", "code"), [("scheduling", "appointment_unproven"), ("screening", "screening_unproven")]
)
async def test_no_answer_in_time_is_a_no(chain: Chain, whole: Whole, asleep: str, code: str) -> None:
    door = await at_the_door(chain)
    async with whole.frozen(asleep):
        answer = await door.start()
        await door.refused(answer, code)
        assert answer.elapsed < timedelta(seconds=5)
    assert (await door.start()).status_code == 200


@pytest.mark.parametrize(
    ("gone", "code"), [("scheduling", "appointment_unproven"), ("screening", "screening_unproven")]
)
async def test_a_service_that_is_gone_is_a_no(chain: Chain, whole: Whole, gone: str, code: str) -> None:
    door = await at_the_door(chain)
    async with whole.down(gone):
        await door.refused(await door.start(), code)
    assert (await door.start()).status_code == 200


async def test_without_kafka_sessions_start_and_unproven_ones_do_not(chain: Chain, whole: Whole) -> None:
    proved, unanswered = await at_the_door(chain), await at_the_door(chain, arrived=False)
    async with whole.down("kafka"):
        await proved.refused(await proved.start(checked=False), "pre_use_check_required")
        await unanswered.refused(await unanswered.start(), "screening_required")
        assert (await proved.start()).status_code == 200
    await proved.is_("in_progress", 60)


async def test_the_arrival_questions_are_not_answered(chain: Chain) -> None:
    door = await at_the_door(chain, arrived=False)
    await door.refused(await door.start(), "screening_required")


async def test_what_the_client_says_on_arrival_can_stop_it(chain: Chain) -> None:
    door = await at_the_door(chain, arrived=False)
    await door.arrive(alcohol_or_drugs_today="yes")
    await door.refused(await door.start(), "screening_declined")


async def test_a_standing_that_changed_since_the_booking_stops_it(chain: Chain) -> None:
    door = await at_the_door(chain)
    await chain.screen(door.spa.client, osteoporosis="yes")
    await door.refused(await door.start(), "screening_declined")


async def test_limits_must_have_been_acknowledged_by_her(chain: Chain) -> None:
    door = await at_the_door(chain, arrived=False)
    screened = await chain.screen(door.spa.client, PROTOCOL, skin_or_veins="yes", skin_or_veins_on_back="no")
    assert screened["outcome"] == "cleared", screened
    await door.arrive()
    await door.refused(await door.start(), "limits_not_acknowledged")
    hers = await chain.desk.another("screening:limits", therapist_id=door.booked["therapist_id"])
    path = f"/v1/screenings/{screened['id']}/limit-acknowledgements"
    done = await hers.post("screening", path, {"appointment_id": door.id})
    assert done.status_code == 201, done.text
    assert (await door.start()).status_code == 200


async def test_no_bar_was_looked_at(chain: Chain) -> None:
    door = await at_the_door(chain)
    await door.refused(await door.start(checked=False), "pre_use_check_required")


async def test_a_failed_check_before_use_is_refused_and_its_lock_out_is_there(chain: Chain, whole: Whole) -> None:
    door = await at_the_door(chain)
    bar = door.room["bars"][0]
    await door.refused(await door.start(result="fail"), "pre_use_check_failed")
    open_ = "SELECT count(*) FROM lockouts WHERE bar_id = $1 AND released_at IS NULL"
    assert await whole.value("room_equipment", open_, bar["id"]) == 1
    orders = await chain.desk.get("room_equipment", "/v1/work-orders", bar_id=bar["id"])
    assert len(orders["items"]) == 1
    await door.is_("needs_attention")
    clearance = await chain.desk.get(
        "room_equipment", f"/v1/rooms/{door.room['id']}/clearance",
        **{"from": soon().isoformat(), "to": soon(600).isoformat()},
    )  # fmt: skip
    assert clearance["periods"] == []
    assert [gap["reason"] for gap in clearance["gaps"]] == ["locked_out"]
    await chain.repair(bar)
    await chain.inspect(bar, kind="after_event")

    async def bookable() -> bool:
        return (await door.spa.ask(soon(180))).status_code == 201

    await until(bookable, "bookable after the re-inspection by another person")


async def test_a_therapist_who_is_not_fit_is_recorded_and_does_not_start(chain: Chain, whole: Whole) -> None:
    door = await at_the_door(chain)
    await door.refused(await door.start(fit=False), "not_fit_to_perform")
    kept = "SELECT count(*) FROM fitness_statements WHERE appointment_id = $1 AND NOT fit"
    assert await whole.value("room_equipment", kept, door.id) == 1


async def test_a_bar_that_failed_since_the_booking_is_found_at_the_door(chain: Chain) -> None:
    door = await at_the_door(chain)
    await chain.lock_out(door.room["bars"][0])
    answer = await door.start()
    assert answer.status_code == 409
    assert answer.json()["code"] in ("not_assigned", "room_not_certified")


async def test_a_bar_that_fails_during_a_session_marks_it_at_risk_and_tells_the_branch(
    chain: Chain, whole: Whole
) -> None:
    from tests.journeys.mailbox import mails_to

    address = f"{chain.desk.client['client_id'][:12]}-risk@example.com"
    door = await at_the_door(chain, contact_email=address)
    assert (await door.start()).status_code == 200
    said = await chain.inspect(door.room["bars"][0], "fail", "periodic")
    assert (said["at_risk"], said["displaced"]) == ([door.id], [])
    assert await mails_to(whole, address)

    async def listed() -> bool:
        found = await chain.desk.get("scheduling", "/v1/attention", branch_id=door.spa.branch["id"], kind="at_risk")
        return [item["appointment_id"] for item in found["items"]] == [door.id]

    await until(listed, "the session is on the attention list")
    assert (await door.finish("abort")).status_code == 200
    await door.is_("completed")
