"""A branch closed for a while: who is displaced, what is left alone, and what a dry run says."""

import asyncio
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from services.scheduling.handlers import clocks, closures
from services.scheduling.handlers.booking import Wish, request
from shared.kit.auth import Principal
from shared.kit.ids import new_id
from tests.scheduling.builders import (
    Chain,
    Place,
    assigned,
    cleared,
    every_day,
    iso,
    somebody_waits,
    tomorrow,
    unavailable,
)
from tests.scheduling.test_booking import pending_of
from tests.scheduling.test_displacement import claims, now, started
from tests.scheduling.test_reschedule import asked_to_move

LISTS = ("displaced", "refused", "waiting", "already", "running")


async def close(chain: Chain, place: Place, from_: datetime, to: datetime, **more: Any) -> dict[str, Any]:
    body = {"starts_at": iso(from_), "ends_at": iso(to), "reason": "water"} | more
    found: dict[str, Any] = await chain.post(f"/v1/branches/{place.branch_id}/closures", body)
    return found


def ids(closure: dict[str, Any], name: str) -> set[str]:
    return {session["appointment_id"] for session in closure[name]}


async def starts(chain: Chain, place: Place, from_: datetime, to: datetime) -> list[str]:
    query = {"treatment_id": place.treatment_id, "branch_id": place.branch_id, "from": iso(from_), "to": iso(to)}
    return [slot["starts_at"] for slot in (await chain.get("/v1/availability", **query))["slots"]]


async def test_whoever_is_in_it_is_displaced_like_by_a_failed_bar_and_what_runs_is_left_alone(chain: Chain) -> None:
    place = await chain.place(therapists=5, rooms=2)
    running, late, before, inside, arrived, after = [
        await chain.confirmed(place, at)
        for at in (tomorrow(9, 30), tomorrow(9, 45), tomorrow(9), tomorrow(11), tomorrow(11, 15), tomorrow(12))
    ]
    await chain.hear(started(running, tomorrow(9, 30)))
    await chain.post(f"/v1/appointments/{arrived['id']}/check-in", {}, 200)
    pending = await chain.request(place, tomorrow(10))
    closure = await close(chain, place, tomorrow(10), tomorrow(12))
    assert ids(closure, "displaced") == {late["id"], inside["id"], arrived["id"]}
    assert (ids(closure, "running"), ids(closure, "refused")) == ({running["id"]}, {pending["id"]})
    assert {session["status"] for session in closure["displaced"]} == {"confirmed", "checked_in"}, "as they were"
    for lost in (late, inside, arrived):
        found = await now(chain, lost)
        assert (found["status"], found["room_id"], found["starts_at"]) == ("needs_attention", None, lost["starts_at"])
        assert len(await claims(chain, lost)) == 1, "her therapist's time is kept"
        assert (await chain.announced(lost["id"]))[-1] == "displaced"
    assert [(await now(chain, a))["status"] for a in (running, before, after)] == [
        "in_progress", "confirmed", "confirmed"
    ]  # fmt: skip
    refused = await now(chain, pending)
    assert (refused["status"], refused["code"]) == ("rejected", "outside_opening_hours")
    items = (await chain.get("/v1/attention", branch_id=place.branch_id))["items"]
    assert {(item["kind"], item["reason"]) for item in items} == {("displaced", "branch_closed")}
    assert len(items) == 3
    assert await starts(chain, place, tomorrow(9, 15), tomorrow(12, 15)) == [iso(tomorrow(12))]
    await chain.run(clocks.fill_proposals)
    items = (await chain.get("/v1/attention", branch_id=place.branch_id))["items"]
    offered = {alternative["starts_at"] for item in items for alternative in item["alternatives"]}
    assert offered
    assert not [at for at in offered if iso(tomorrow(9)) < at < iso(tomorrow(12))]


async def test_a_dry_run_says_exactly_what_then_happens_and_leaves_nothing_behind(chain: Chain) -> None:
    place = await chain.place(therapists=4, rooms=1)
    booked = [await chain.confirmed(place, tomorrow(10, minutes)) for minutes in (0, 15, 30)]
    await chain.hear(started(booked[0], tomorrow(10)))
    pending = await chain.request(place, tomorrow(11))
    path = f"/v1/branches/{place.branch_id}/closures"
    body = {"starts_at": iso(tomorrow(10)), "ends_at": iso(tomorrow(14)), "reason": "water"}
    said = await chain.post(f"{path}?dry_run=true", body, 200)
    assert said["dry_run"] is True
    assert [(await now(chain, a))["status"] for a in (*booked[1:], pending)] == ["confirmed", "confirmed", "pending"]
    assert (await chain.get(path))["items"] == []
    assert await chain.announced(booked[1]["id"]) == ["requested", "confirmed"]
    done = await chain.post(path, body)
    assert {name: done[name] for name in LISTS} == {name: said[name] for name in LISTS}
    assert [len(done[name]) for name in LISTS] == [2, 1, 0, 0, 1]


async def test_what_moves_at_that_moment_is_settled_first_and_displaced_wherever_it_then_lies(chain: Chain) -> None:
    place = await chain.place(therapists=2)
    into, away = await chain.confirmed(place, tomorrow(8)), await chain.confirmed(place, tomorrow(10))
    asked_in = await asked_to_move(chain, into, starts_at=iso(tomorrow(11)))
    asked_out = await asked_to_move(chain, away, starts_at=iso(tomorrow(14)))
    closure = await close(chain, place, tomorrow(9), tomorrow(12))
    assert (ids(closure, "waiting"), ids(closure, "displaced")) == ({into["id"]}, set())
    await chain.run(closures.keep_closed)
    assert (await now(chain, into))["status"] == "pending"
    await chain.hear(cleared(asked_in), cleared(asked_out))
    await chain.hear(assigned(asked_in, place.room_ids[0], 2), unavailable(asked_out, "no_room_available"))
    assert {(await now(chain, a))["status"] for a in (into, away)} == {"confirmed"}
    assert await chain.run(closures.keep_closed) == 1
    assert {(await now(chain, a))["status"] for a in (into, away)} == {"needs_attention"}
    assert await chain.run(closures.keep_closed) == 0


async def test_whoever_books_at_the_moment_of_the_closing_is_noticed_and_told_no(chain: Chain) -> None:
    place = await chain.place()
    wish = Wish(
        branch_id=UUID(place.branch_id), treatment_id=UUID(place.treatment_id), client_id=UUID(place.client_id),
        starts_at=tomorrow(10),
    )  # fmt: skip
    who = Principal("desk", "c", frozenset(), branches=None, therapist_id=None, issuer="i", expires_at=0)
    id = new_id()
    async with chain.database.transaction() as tx:
        asked = await request(tx, who, id, wish)  # it looked, found the branch open, and has not committed yet
        closing = asyncio.create_task(close(chain, place, tomorrow(9), tomorrow(12)))
        assert [len((await closing)[name]) for name in LISTS] == [0] * 5
    assert asked.appointment.status == "pending"
    assert await chain.run(closures.keep_closed) == 1
    told = await now(chain, {"id": str(id)})
    assert (told["status"], told["code"]) == ("rejected", "outside_opening_hours")


async def test_one_who_waits_for_an_answer_when_the_branch_closes_gets_it(chain: Chain) -> None:
    place = await chain.place()
    posting = asyncio.create_task(chain.http.post("/v1/appointments", json=place.wish(tomorrow(10))))
    await pending_of(chain, place.branch_id)
    await close(chain, place, tomorrow(9), tomorrow(12))
    answer = await posting
    assert (answer.status_code, answer.json()["code"]) == (409, "outside_opening_hours")


async def test_a_start_that_raced_the_closing_wins(chain: Chain) -> None:
    place = await chain.place()
    booked = await chain.confirmed(place, tomorrow(10))
    await close(chain, place, tomorrow(9), tomorrow(12))
    await chain.hear(started(booked, tomorrow(10)))
    assert (await now(chain, booked))["status"] == "in_progress"
    assert (await chain.get("/v1/attention", branch_id=place.branch_id))["items"] == []


async def test_days_end_with_the_night_that_began_in_them_also_when_the_clock_changes(chain: Chain) -> None:
    zone = ZoneInfo("Europe/Berlin")
    day = datetime(2027, 10, 31, tzinfo=zone)  # 25 hours; the night before it goes to 02:30, which comes twice
    hours = every_day(["18:00", "02:30"])
    branch = await chain.branch(timezone=zone.key, hours=hours)
    body = {"starts_on": "2027-10-31", "ends_on": "2027-10-31"}
    said = await chain.post(f"/v1/branches/{branch}/closures?dry_run=true", body, 200)
    assert (said["starts_at"], said["ends_at"]) == ("2027-10-31T00:30:00Z", "2027-11-01T01:30:00Z")
    spring = {"starts_on": "2027-03-28", "ends_on": "2027-03-28"}  # 02:30 does not exist: the night ends at 03:30
    said = await chain.post(f"/v1/branches/{branch}/closures?dry_run=true", spring, 200)
    assert (said["starts_at"], said["ends_at"]) == ("2027-03-28T01:30:00Z", "2027-03-29T00:30:00Z")
    always = await chain.branch(timezone=zone.key)
    said = await chain.post(f"/v1/branches/{always}/closures?dry_run=true", body, 200)
    length = datetime.fromisoformat(said["ends_at"]) - datetime.fromisoformat(said["starts_at"])
    assert length == timedelta(hours=25)
    assert datetime.fromisoformat(said["starts_at"]) == day


async def test_bounds_by_the_branchs_clock_follow_the_rules_of_bookings(chain: Chain) -> None:
    branch = await chain.branch(timezone="Europe/Berlin")
    path = f"/v1/branches/{branch}/closures"
    closure = await chain.post(path, {"starts_at_local": "2027-06-01T10:00", "ends_at_local": "2027-06-02T10:00:00"})
    assert (closure["starts_at"], closure["ends_at_local"]) == ("2027-06-01T08:00:00Z", "2027-06-02T10:00:00")
    gap = await chain.post(path, {"starts_at_local": "2027-03-28T02:30", "ends_on": "2027-03-28"}, 409)
    assert gap["code"] == "nonexistent_local_time"
    twice = await chain.post(path, {"starts_on": "2027-10-30", "ends_at_local": "2027-10-31T02:30"}, 409)
    assert (twice["code"], len(twice["alternatives"])) == ("ambiguous_local_time", 2)
    for body, pointer in (
        ({"starts_at": iso(tomorrow(12)), "ends_at": iso(tomorrow(12))}, "/ends_at"),
        ({"starts_on": "2027-06-02", "ends_on": "2027-06-01"}, "/ends_on"),
        ({"starts_on": "2020-06-02", "ends_at_local": "2020-07-01T10:00:00"}, "/ends_at_local"),
    ):
        problem = await chain.post(path, body, 422)
        assert (problem["errors"][0]["code"], problem["errors"][0]["pointer"]) == ("invalid_interval", pointer)
    await chain.post(path, {"starts_on": "2027-06-02", "starts_at": iso(tomorrow(1)), "ends_on": "2027-06-03"}, 422)
    await chain.post(path, {"starts_on": "2027-06-02"}, 422)
    from_now = await chain.post(path, {"ends_at": iso(tomorrow(12)), "reason": "flood"})
    assert datetime.fromisoformat(from_now["starts_at"]) <= datetime.now(ZoneInfo("UTC"))


async def test_what_is_over_is_not_touched_and_what_is_late_is(chain: Chain) -> None:
    place = await chain.place(therapists=2)
    over, late = await chain.confirmed(place, tomorrow(8)), await chain.confirmed(place, tomorrow(10))
    for booked, start, end in ((over, 90, 30), (late, 30, -30)):
        await chain.sql_all(
            "UPDATE appointments SET starts_at = now() - make_interval(mins => :start),"
            " ends_at = now() - make_interval(mins => :end) WHERE id = :id",
            [{"id": UUID(booked["id"]), "start": start, "end": end}],
        )
    closure = await close(chain, place, tomorrow(0, days=-1), tomorrow(12))
    assert ids(closure, "displaced") == {late["id"]}
    await chain.run(clocks.give_up_displaced)
    ended = await now(chain, late)
    assert (ended["status"], ended["cancelled"]["late"]) == ("cancelled", False)


async def test_a_closing_waits_for_whoever_answers_for_a_session_and_they_not_for_it(chain: Chain) -> None:
    place = await chain.place()
    lost = await chain.confirmed(place, tomorrow(10))
    await close(chain, place, tomorrow(9), tomorrow(12))
    await chain.run(clocks.fill_proposals)
    async with chain.database.transaction() as tx:
        await tx.run("SELECT FROM appointments WHERE id = :id FOR UPDATE", {"id": UUID(lost["id"])})
        closing = asyncio.create_task(close(chain, place, tomorrow(9), tomorrow(13)))
        await somebody_waits(chain)
        item = "SELECT FROM attention_items WHERE appointment_id = :id FOR UPDATE NOWAIT"
        await tx.run(item, {"id": UUID(lost["id"])})  # as accepting, cancelling and asking for a call do
    assert ids(await closing, "already") == {lost["id"]}
