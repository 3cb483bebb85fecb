"""Proposals for sessions that need another slot: every kind, as it is free at that moment, and each can be accepted."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from services.scheduling.handlers import clocks
from services.scheduling.settings import settings
from shared.events.room_equipment import RoomRevoked, TherapistStoodDown
from shared.events.screening import StandingChanged
from tests.scheduling.builders import Chain, Place, assigned, assignment, blocked, cleared, iso, tomorrow, unavailable

AT = tomorrow(10, days=3)


async def lost(chain: Chain, place: Place, **more: Any) -> dict[str, Any]:
    booked = await chain.confirmed(place, AT, **more)
    await chain.hear(RoomRevoked(**assignment(booked, place.room_ids[0], 2), reason="failed"))
    return booked


async def stood_down(chain: Chain, place: Place) -> dict[str, Any]:
    booked = await chain.confirmed(place, AT)
    said = assignment(booked, place.room_ids[0], 2)
    await chain.hear(TherapistStoodDown(**said, therapist_id=UUID(booked["therapist_id"]), stated_at=AT))
    return booked


async def item_of(chain: Chain, booked: dict[str, Any], **query: Any) -> dict[str, Any]:
    found = (await chain.get("/v1/attention", branch_id=booked["branch_id"]))["items"]
    [id] = [each["id"] for each in found if each["appointment_id"] == booked["id"]]
    item: dict[str, Any] = await chain.get(f"/v1/attention/{id}", **query)
    return item


async def proposed(chain: Chain, booked: dict[str, Any], **query: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await item_of(chain, booked, **query))["alternatives"]
    return found


async def take(chain: Chain, booked: dict[str, Any], one: dict[str, Any], status: int = 202) -> dict[str, Any]:
    body = {"alternative_id": one["alternative_id"]}
    path = f"/v1/appointments/{booked['id']}/accept-alternative"
    found: dict[str, Any] = await chain.post(path, body, status, Prefer="wait=0")
    return found


async def look(chain: Chain, booked: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = await chain.get(f"/v1/appointments/{booked['id']}")
    return found


async def stands(chain: Chain, place: Place, protocol: str, outcome: Any, until: date = date(2099, 1, 1)) -> None:
    client = UUID(place.client_id)
    await chain.hear(
        StandingChanged(client_id=client, version=1, protocol=protocol, outcome=outcome, valid_until=until)
    )


async def massage(chain: Chain, protocol: str | None, code: str, name: str = "Massage") -> dict[str, Any]:
    body = {"code": code, "name": name, "duration_minutes": 45, "turnover_minutes": 10,
            "requires": {"skill": None, "equipment": []}, "screening_protocol": protocol}  # fmt: skip
    found: dict[str, Any] = await chain.post("/v1/treatments", body)
    return found


async def drop_other_treatments(chain: Chain) -> None:
    """Those of other tests of this module suit everybody else's clients too."""
    await chain.sql_all("UPDATE treatments SET screening_protocol = 'kept-out' WHERE screening_protocol IS NULL", [{}])


async def test_every_kind_is_proposed_with_what_changes(chain: Chain) -> None:
    place = await chain.place(therapists=2)
    there = await chain.branch(timezone="Etc/UTC", code="a-first")
    for_two = {"branch_ids": [place.branch_id, there]}
    await chain.room(there)
    await chain.therapist(there)
    etag = (await chain.http.get(f"/v1/clients/{place.client_id}")).headers["etag"]
    answer = await chain.http.patch(f"/v1/clients/{place.client_id}", json=for_two, headers={"If-Match": etag})
    assert answer.status_code == 200, answer.text
    oil = await massage(chain, "massage", f"oil-{place.branch_id[-12:]}")
    await stands(chain, place, "massage", "cleared")
    booked = await lost(chain, place, therapist_id=place.therapist_ids[0])
    off = {"starts_at": iso(AT), "ends_at": iso(AT + timedelta(minutes=30))}
    found = await proposed(chain, booked)
    assert {one["kind"] for one in found} == {"other_room", "other_time", "other_branch", "other_treatment"}
    assert found[0]["why"] == "Another room, at the same time, same therapist."
    assert next(one["branch_id"] for one in found if one["kind"] == "other_branch") == there
    assert [one["treatment_id"] for one in found if one["kind"] == "other_treatment"] == [oil["id"]]
    await chain.post(f"/v1/therapists/{place.therapist_ids[0]}/time-off", off)
    again = await proposed(chain, booked, fresh=True)
    assert next(one["kind"] for one in again if one["starts_at"] == iso(AT)) == "other_therapist"
    ids = {one["alternative_id"] for one in found} & {one["alternative_id"] for one in again}
    assert ids, "what is still free is still the same proposal"


async def test_another_branch_is_taken_by_the_saga_and_its_local_time_is_kept(chain: Chain) -> None:
    place = await chain.place()
    there = await chain.branch(timezone="Asia/Tokyo")
    room, her = await chain.room(there), await chain.therapist(there)
    await chain.http.patch(
        f"/v1/clients/{place.client_id}", json={"branch_ids": [place.branch_id, there]},
        headers={"If-Match": (await chain.http.get(f"/v1/clients/{place.client_id}")).headers["etag"]},
    )  # fmt: skip
    booked = await lost(chain, place)
    one = next(one for one in await proposed(chain, booked) if one["branch_id"] == there)
    assert (one["kind"], one["therapist_id"], one["starts_at"]) == ("other_branch", her, iso(AT))
    asked = await take(chain, booked, one)
    await chain.hear(cleared(asked), assigned(asked, room, 3))
    now = await look(chain, booked)
    assert (now["status"], now["branch_id"], now["timezone"]) == ("confirmed", there, "Asia/Tokyo")
    assert now["starts_at_local"] == (AT + timedelta(hours=9)).replace(tzinfo=None).isoformat()


async def test_another_treatment_is_asked_for_with_its_own_rules_and_refused_it_all_stands_as_before(
    chain: Chain,
) -> None:
    place = await chain.place()
    await drop_other_treatments(chain)
    oil = await massage(chain, None, f"feet-{place.branch_id[-12:]}")
    booked = await lost(chain, place)
    one = next(one for one in await proposed(chain, booked) if one["kind"] == "other_treatment")
    assert one["treatment_id"] == oil["id"]
    asked = await take(chain, booked, one)
    assert (asked["treatment_id"], asked["ends_at"]) == (oil["id"], iso(AT + timedelta(minutes=45)))
    [said] = await chain.sql(
        "SELECT payload FROM outbox WHERE aggregateid = :id ORDER BY seq DESC LIMIT 1", id=booked["id"]
    )
    assert '"requires_bar":false' in said.payload.replace(" ", "")
    await chain.hear(unavailable(asked, "no_room_available"))
    now = await look(chain, booked)
    assert (now["status"], now["treatment_id"], now["ends_at"]) == (
        "needs_attention", booked["treatment_id"], booked["ends_at"],
    )  # fmt: skip
    [row] = await chain.sql("SELECT * FROM appointments WHERE id = :id", id=UUID(booked["id"]))
    assert (row.requires_bar, row.screening_protocol, row.turnover_minutes) == (True, "back-stepping", 15)
    again = next(one for one in await proposed(chain, booked) if one["kind"] == "other_treatment")
    asked = await take(chain, booked, again)
    await chain.hear(cleared(asked), assigned(asked, place.room_ids[0], 4))
    assert (await look(chain, booked))["treatment_id"] == oil["id"]


async def test_a_treatment_suits_only_while_screening_says_so_and_somebody_can_give_it(chain: Chain) -> None:
    place = await chain.place()
    await drop_other_treatments(chain)
    booked = await lost(chain, place)
    await massage(chain, "gentle", f"gentle-{place.branch_id[-12:]}")

    async def offered() -> bool:
        return any(one["kind"] == "other_treatment" for one in await proposed(chain, booked, fresh=True))

    assert not await offered(), "never asked"
    for version, (outcome, until, suits) in enumerate(
        [("declined", date(2099, 1, 1), False), ("cleared", (AT - timedelta(days=1)).date(), False),
         ("cleared", AT.date(), True), ("deferred", date(2099, 1, 1), False)]
    ):  # fmt: skip
        event = StandingChanged(
            client_id=UUID(place.client_id), version=2 + version, protocol="gentle", outcome=outcome, valid_until=until
        )
        await chain.hear(event)
        assert await offered() is suits, (outcome, until)


async def test_how_far_is_the_house_rule_the_clients_own_or_the_requests(chain: Chain) -> None:
    place = await chain.place()
    booked = await lost(chain, place)
    off = {"starts_at": iso(AT - timedelta(hours=5)), "ends_at": iso(AT + timedelta(hours=5))}
    await chain.post(f"/v1/therapists/{place.therapist_ids[0]}/time-off", off)

    async def kinds(**query: Any) -> set[str]:
        found = await proposed(chain, booked, **query)
        return {one["kind"] for one in found if one["branch_id"] == place.branch_id}

    assert "other_time" in await kinds()
    assert "other_time" not in await kinds(tolerance_minutes=299)
    far = await proposed(chain, booked, tolerance_minutes=300)
    assert (AT + timedelta(hours=5)).isoformat().replace("+00:00", "Z") in [one["starts_at"] for one in far]
    etag = (await chain.http.get(f"/v1/clients/{place.client_id}")).headers["etag"]
    contact = {"contact": {"channels": ["email"], "tolerance_minutes": 120}}
    answer = await chain.http.patch(f"/v1/clients/{place.client_id}", json=contact, headers={"If-Match": etag})
    assert answer.json()["contact"]["tolerance_minutes"] == 120
    assert "other_time" not in await kinds(fresh=True)
    body = {"alternative_id": far[0]["alternative_id"], "tolerance_minutes": 300}
    path = f"/v1/appointments/{booked['id']}/accept-alternative"
    await chain.post(path, {"alternative_id": far[0]["alternative_id"]}, 409, Prefer="wait=0")
    await chain.post(path, body, 202, Prefer="wait=0")


async def test_a_session_booked_off_the_grid_is_offered_its_own_minute_in_another_room(chain: Chain) -> None:
    place = await chain.place()
    booked = await chain.confirmed(place, AT + timedelta(minutes=7))
    await chain.hear(RoomRevoked(**assignment(booked, place.room_ids[0], 2), reason="failed"))
    first = (await proposed(chain, booked))[0]
    assert (first["kind"], first["starts_at"]) == ("other_room", booked["starts_at"])


async def test_whose_therapist_stood_down_gets_another_one_in_the_room_that_is_kept(chain: Chain) -> None:
    place = await chain.place(therapists=2)
    booked = await stood_down(chain, place)
    hers, other = booked["therapist_id"], next(t for t in place.therapist_ids if t != booked["therapist_id"])
    found = [one for one in await proposed(chain, booked) if one["branch_id"] == place.branch_id]
    assert (found[0]["kind"], found[0]["therapist_id"], found[0]["starts_at"]) == ("other_therapist", other, iso(AT))
    assert hers not in [one["therapist_id"] for one in found if one["starts_at"][:10] == iso(AT)[:10]]
    assert "other_treatment" not in {one["kind"] for one in found}
    asked = await take(chain, booked, found[0])
    assert await chain.announced(booked["id"]) == ["requested", "confirmed", "reschedule-requested"]
    await chain.hear(cleared(asked), assigned(asked, place.room_ids[0], 3))
    now = await look(chain, booked)
    assert (now["status"], now["therapist_id"]) == ("confirmed", other)
    assert (await chain.get("/v1/attention", branch_id=place.branch_id))["items"] == []


async def test_a_proposal_the_saga_refuses_answers_why_with_fresh_ones(chain: Chain) -> None:
    place = await chain.place(therapists=2)
    booked = await stood_down(chain, place)
    asked = await take(chain, booked, (await proposed(chain, booked))[0])
    await chain.hear(blocked(asked, "screening_required"))
    now = await look(chain, booked)
    assert (now["status"], now["therapist_id"], now["code"]) == (
        "confirmed", booked["therapist_id"], "screening_required",
    )  # fmt: skip
    problem = await take(chain, booked, {"alternative_id": booked["id"]}, 409)
    assert problem["code"] == "alternative_stale"
    assert problem["alternatives"]


async def test_old_proposals_are_computed_again_by_the_clock_and_by_who_looks(chain: Chain) -> None:
    place = await chain.place()
    booked = await lost(chain, place)
    await chain.run(clocks.fill_proposals)
    kept = await item_of(chain, booked)
    off = {"starts_at": iso(AT), "ends_at": iso(AT + timedelta(minutes=30))}
    await chain.post(f"/v1/therapists/{place.therapist_ids[0]}/time-off", off)

    async def age(seconds: float) -> None:
        sql = ("UPDATE attention_items SET alternatives_at = clock_timestamp() - make_interval(secs => :s)"
               " WHERE id = :id")  # fmt: skip
        await chain.sql_all(sql, [{"s": seconds, "id": UUID(kept["id"])}])

    await age(settings().shown_seconds - 5)
    assert (await proposed(chain, booked))[0]["kind"] == "other_room", "young enough to be shown as kept"
    await age(settings().shown_seconds + 5)
    assert (await proposed(chain, booked))[0]["kind"] != "other_room"
    await chain.run(clocks.fill_proposals)
    listed = (await chain.get("/v1/attention", branch_id=place.branch_id))["items"][0]
    assert listed["alternatives"][0]["kind"] == "other_room", "the clock waits longer"
    await age(settings().refill_minutes * 60 + 5)
    await chain.run(clocks.fill_proposals)
    listed = (await chain.get("/v1/attention", branch_id=place.branch_id))["items"][0]
    assert listed["alternatives"][0]["kind"] != "other_room"


async def test_a_caller_of_one_branch_is_not_shown_what_lies_in_another(chain: Chain) -> None:
    place = await chain.place()
    booked = await lost(chain, place)
    item = await item_of(chain, booked)
    assert {one["branch_id"] for one in item["alternatives"]} > {place.branch_id}
    mine = chain.mint.bearer("scheduling:read", branches=[place.branch_id])
    answer = await chain.http.get(f"/v1/attention/{item['id']}", headers=mine)
    assert {one["branch_id"] for one in answer.json()["alternatives"]} == {place.branch_id}
    await chain.run(clocks.fill_proposals)
    answer = await chain.http.get("/v1/attention", headers=mine)
    assert {one["branch_id"] for one in answer.json()["items"][0]["alternatives"]} == {place.branch_id}
