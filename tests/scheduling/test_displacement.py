"""What room-equipment says after the confirmation: moved, revoked, started, at risk, finished, and in any order."""

import asyncio
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from services.scheduling.handlers import clocks
from shared.events.room_equipment import (
    RoomReassigned,
    RoomReleased,
    RoomRevoked,
    SessionAtRisk,
    SessionFinished,
    SessionStarted,
)
from shared.kit.ids import new_id
from tests.scheduling.builders import Chain, Place, assigned, assignment, cleared, iso, times, tomorrow, unavailable
from tests.scheduling.test_booking import pending_of


def reassigned(booked: dict[str, Any], room: str, version: int = 2) -> RoomReassigned:
    previous = UUID(booked["room_id"])
    return RoomReassigned(
        **assignment(booked, room, version), **times(booked), previous_room_id=previous, reason="bar_failed"
    )  # fmt: skip


def revoked(booked: dict[str, Any], room: str, version: int = 2) -> RoomRevoked:
    return RoomRevoked(**assignment(booked, room, version), reason="bar_failed")


def started(booked: dict[str, Any], at: datetime, version: int = 2) -> SessionStarted:
    said = assignment(booked, booked["room_id"], version) | times(booked)
    return SessionStarted(**said, therapist_id=UUID(booked["therapist_id"]), started_at=at)


def finished(booked: dict[str, Any], at: datetime, version: int = 3) -> SessionFinished:
    return SessionFinished(**assignment(booked, booked["room_id"], version), result="completed", finished_at=at)


async def now(chain: Chain, booked: dict[str, Any]) -> dict[str, Any]:
    answer: dict[str, Any] = await chain.get(f"/v1/appointments/{booked['id']}")
    return answer


async def claims(chain: Chain, booked: dict[str, Any]) -> list[Any]:
    return await chain.sql(
        "SELECT attempt, lower(during) AS at FROM therapist_claims WHERE appointment_id = :id ORDER BY attempt",
        id=UUID(booked["id"]),
    )


async def test_a_session_moved_to_another_room_keeps_its_status_and_time(chain: Chain) -> None:
    place = await chain.place(rooms=2)
    booked = await chain.confirmed(place, tomorrow(10))
    await chain.hear(reassigned(booked, place.room_ids[1]))
    moved = await now(chain, booked)
    assert (moved["status"], moved["room_id"], moved["version"]) == ("confirmed", place.room_ids[1], 3)
    assert moved["starts_at"] == booked["starts_at"]
    assert await chain.announced(booked["id"]) == ["requested", "confirmed", "displaced"]
    assert (await chain.get("/v1/attention", branch_id=place.branch_id))["items"] == []


async def test_an_older_assignment_heard_late_changes_nothing(chain: Chain) -> None:
    place = await chain.place(rooms=2)
    booked = await chain.confirmed(place, tomorrow(10))
    await chain.hear(reassigned(booked, place.room_ids[1], version=3))
    await chain.hear(reassigned(booked, place.room_ids[0], version=2), revoked(booked, place.room_ids[0], version=1))
    assert (await now(chain, booked))["room_id"] == place.room_ids[1]


async def test_a_session_that_lost_its_room_waits_for_a_person_and_keeps_its_therapist(chain: Chain) -> None:
    place = await chain.place()
    booked = await chain.confirmed(place, tomorrow(10))
    await chain.hear(revoked(booked, place.room_ids[0]))
    lost = await now(chain, booked)
    assert (lost["status"], lost["room_id"]) == ("needs_attention", None)
    assert len(await claims(chain, booked)) == 1
    [item] = (await chain.get("/v1/attention", branch_id=place.branch_id))["items"]
    assert (item["appointment_id"], item["kind"], item["reason"]) == (booked["id"], "displaced", "bar_failed")
    assert item["alternatives"] is None, "they are computed after the item appears"
    await chain.run(clocks.fill_proposals)
    item = await chain.get(f"/v1/attention/{item['id']}")
    assert item["alternatives"][0]["starts_at"] == booked["starts_at"], "the room is free again as far as we know"
    assert item["alternatives"][0]["therapist_id"] == booked["therapist_id"]


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0), (2, 0, 1)])
async def test_a_revoke_that_overtakes_its_assign_ends_the_same_way(chain: Chain, order: tuple[int, ...]) -> None:
    place = await chain.place()
    asked = await chain.request(place, tomorrow(10))
    answers = [cleared(asked), assigned(asked, place.room_ids[0], 1), revoked(asked, place.room_ids[0], 2)]
    for index in order:
        await chain.hear(answers[index])
    settled = await now(chain, asked)
    assert (settled["status"], settled["room_id"]) == ("needs_attention", None)
    assert len((await chain.get("/v1/attention", branch_id=place.branch_id))["items"]) == 1
    busy = await chain.sql("SELECT during FROM assignments_seen WHERE appointment_id = :id", id=UUID(asked["id"]))
    assert [row.during for row in busy] == [None]


async def displaced(chain: Chain, place: Place, at: datetime) -> tuple[dict[str, Any], dict[str, Any]]:
    """A displaced session, and its attention item with alternatives."""
    booked = await chain.confirmed(place, at)
    await chain.hear(revoked(booked, place.room_ids[0]))
    await chain.run(clocks.fill_proposals)
    [item] = (await chain.get("/v1/attention", branch_id=place.branch_id))["items"]
    return booked, item


async def accept(chain: Chain, booked: dict[str, Any], alternative: dict[str, Any], expected: int = 202) -> Any:
    body = {"alternative_id": alternative["alternative_id"]}
    return await chain.post(f"/v1/appointments/{booked['id']}/accept-alternative", body, expected, Prefer="wait=0")


async def test_an_accepted_alternative_runs_the_saga_and_the_old_time_is_kept_until_it_is_certain(chain: Chain) -> None:
    place = await chain.place()
    booked, item = await displaced(chain, place, tomorrow(10))
    chosen = next(a for a in item["alternatives"] if a["starts_at"] != booked["starts_at"])
    asked = await accept(chain, booked, chosen)
    assert (asked["status"], asked["attempt"], asked["starts_at"]) == ("pending", 2, chosen["starts_at"])
    assert [row.attempt for row in await claims(chain, booked)] == [1, 2]
    await chain.hear(cleared(asked), assigned(asked, place.room_ids[0], 3))
    settled = await now(chain, booked)
    assert (settled["status"], settled["starts_at"]) == ("confirmed", chosen["starts_at"])
    assert [row.attempt for row in await claims(chain, booked)] == [2]
    assert (await chain.get("/v1/attention", branch_id=place.branch_id))["items"] == []
    assert await chain.announced(booked["id"]) == ["requested", "confirmed", "displaced", "requested", "confirmed"]


async def test_a_refused_alternative_leaves_the_session_where_it_was_with_fresh_proposals(chain: Chain) -> None:
    place = await chain.place()
    booked, item = await displaced(chain, place, tomorrow(10))
    asked = await accept(chain, booked, item["alternatives"][1])
    await chain.hear(unavailable(asked, "no_certified_room"))
    settled = await now(chain, booked)
    assert (settled["status"], settled["starts_at"]) == ("needs_attention", booked["starts_at"])
    assert [row.attempt for row in await claims(chain, booked)] == [1]
    await chain.run(clocks.fill_proposals)
    fresh = await chain.get(f"/v1/attention/{item['id']}")
    old = {a["alternative_id"] for a in item["alternatives"]}
    assert fresh["alternatives"]
    assert old.isdisjoint(a["alternative_id"] for a in fresh["alternatives"])


async def test_a_stale_alternative_answers_409_with_fresh_ones(chain: Chain) -> None:
    place = await chain.place()
    booked, item = await displaced(chain, place, tomorrow(10))
    taken = next(a for a in item["alternatives"] if a["starts_at"] == iso(tomorrow(10, 15)))
    away = {"starts_at": iso(tomorrow(11)), "ends_at": iso(tomorrow(11, 15))}
    await chain.post(f"/v1/therapists/{place.therapist_ids[0]}/time-off", away)
    problem = await accept(chain, booked, taken, 409)
    assert problem["code"] == "alternative_stale"
    assert taken["starts_at"] not in [a["starts_at"] for a in problem["alternatives"]]
    assert (await now(chain, booked))["status"] == "needs_attention"
    again = await accept(chain, booked, problem["alternatives"][0])
    assert again["status"] == "pending"


async def test_accepting_for_a_session_that_waits_for_nobody_is_refused(chain: Chain) -> None:
    booked = await chain.confirmed(await chain.place(), tomorrow(10))
    problem = await accept(chain, booked, {"alternative_id": str(new_id())}, 409)
    assert problem["code"] == "wrong_status"


async def test_a_displaced_session_nobody_chose_for_is_cancelled_when_its_start_passes(chain: Chain) -> None:
    place = await chain.place()
    booked, _ = await displaced(chain, place, tomorrow(10))
    await chain.run(clocks.give_up_displaced)
    assert (await now(chain, booked))["status"] == "needs_attention"
    async with chain.database.transaction() as tx:
        await tx.run(
            "UPDATE appointments SET starts_at = clock_timestamp() - interval '1 second' WHERE id = :id",
            {"id": UUID(booked["id"])},
        )
    await chain.run(clocks.give_up_displaced)
    ended = await now(chain, booked)
    assert (ended["status"], ended["cancel_reason"]) == ("cancelled", "displaced")
    assert await claims(chain, booked) == []
    assert (await chain.get("/v1/attention", branch_id=place.branch_id))["items"] == []


async def test_a_session_runs_and_ends(chain: Chain) -> None:
    place = await chain.place()
    booked = await chain.confirmed(place, tomorrow(10))
    await chain.post(f"/v1/appointments/{booked['id']}/check-in", {}, 200)
    await chain.hear(started(booked, tomorrow(9, 55)))
    running = await now(chain, booked)
    assert (running["status"], running["started_at"]) == ("in_progress", iso(tomorrow(9, 55)))
    assert [row.at for row in await claims(chain, booked)] == [tomorrow(9, 55)]
    await chain.hear(finished(booked, tomorrow(10, 55)))
    assert (await now(chain, booked))["status"] == "completed"
    assert await claims(chain, booked) == []
    said = await chain.announced(booked["id"])
    assert said == ["requested", "confirmed", "checked-in", "started", "completed"]


async def test_a_session_that_started_wins_over_a_late_cancel(chain: Chain) -> None:
    place = await chain.place()
    booked = await chain.confirmed(place, tomorrow(10))
    await chain.post(f"/v1/appointments/{booked['id']}/cancel", {}, 200)
    assert await claims(chain, booked) == []
    await chain.hear(started(booked, tomorrow(10)))
    assert (await now(chain, booked))["status"] == "in_progress"
    assert len(await claims(chain, booked)) == 1
    [item] = (await chain.get("/v1/attention", branch_id=place.branch_id))["items"]
    assert item["kind"] == "started_after_end"
    await chain.post(f"/v1/attention/{item['id']}/resolve", {"resolution": "told reception"}, 200)
    assert (await chain.get("/v1/attention", branch_id=place.branch_id))["items"] == []


async def test_a_late_start_does_not_push_the_therapists_next_session_away(chain: Chain) -> None:
    place = await chain.place()
    booked = await chain.confirmed(place, tomorrow(10))
    following = await chain.request(place, tomorrow(11))
    late = started(booked, tomorrow(10, 30)).model_copy(update={"ends_at": tomorrow(11, 30)})
    await chain.hear(late)
    assert (await now(chain, booked))["status"] == "in_progress"
    assert len(await claims(chain, booked)) == 1
    assert len(await claims(chain, following)) == 1


async def test_a_bar_that_fails_under_a_running_session_is_put_to_a_person_once(chain: Chain) -> None:
    place = await chain.place()
    booked = await chain.confirmed(place, tomorrow(10))
    said = assignment(booked, place.room_ids[0], 3)
    at_risk = SessionAtRisk(**said, bar_id=None, at_risk_at=tomorrow(10, 20))
    await chain.hear(started(booked, tomorrow(10)), at_risk)
    await chain.hear(at_risk)
    items = (await chain.get("/v1/attention", branch_id=place.branch_id))["items"]
    assert [item["kind"] for item in items] == ["at_risk"]
    assert (await now(chain, booked))["status"] == "in_progress"


async def test_a_released_room_is_free_again_in_availability(chain: Chain) -> None:
    place = await chain.place(therapists=2)
    booked = await chain.confirmed(place, tomorrow(10))
    asked = {"treatment_id": place.treatment_id, "branch_id": place.branch_id, "to": iso(tomorrow(10, 15))}
    query = asked | {"from": iso(tomorrow(10))}
    assert (await chain.get("/v1/availability", **query))["slots"] == []
    await chain.post(f"/v1/appointments/{booked['id']}/cancel", {"reason": "branch"}, 200)
    await chain.hear(RoomReleased(**assignment(booked, place.room_ids[0], 2)))
    [slot] = (await chain.get("/v1/availability", **query))["slots"]
    assert (slot["starts_at"], slot["rooms_free"], len(slot["therapist_ids"])) == (iso(tomorrow(10)), 1, 2)


async def test_an_assignment_made_without_an_appointment_here_only_takes_its_room(chain: Chain) -> None:
    place = await chain.place()
    walk_in = {
        "id": str(new_id()), "attempt": 1, "branch_id": place.branch_id, "therapist_id": place.therapist_ids[0],
        "starts_at": iso(tomorrow(10)), "ends_at": iso(tomorrow(11)),
    }  # fmt: skip
    await chain.hear(assigned(walk_in, place.room_ids[0]))
    query = {"treatment_id": place.treatment_id, "branch_id": place.branch_id}
    window = {"from": iso(tomorrow(8)), "to": iso(tomorrow(12))}
    starts = [slot["starts_at"] for slot in (await chain.get("/v1/availability", **query, **window))["slots"]]
    assert starts == [iso(tomorrow(8)), iso(tomorrow(8, 15)), iso(tomorrow(8, 30)), iso(tomorrow(8, 45)),
                      iso(tomorrow(11, 15)), iso(tomorrow(11, 30)), iso(tomorrow(11, 45))]  # fmt: skip


async def test_two_hundred_revoked_sessions_are_on_the_attention_list_after_one_batch(chain: Chain) -> None:
    place = await chain.place(therapists=10)
    asked = await asyncio.gather(
        *(chain.request(place, tomorrow(0, days=2) + timedelta(hours=n // 10)) for n in range(200))
    )
    await chain.hear(*(event for a in asked for event in (cleared(a), assigned(a, place.room_ids[0]))))
    await chain.hear(*(revoked(a, place.room_ids[0]) for a in asked))
    listed = []
    cursor: dict[str, str] = {}
    while True:
        page = await chain.get("/v1/attention", branch_id=place.branch_id, limit=150, **cursor)
        listed += page["items"]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert {item["appointment_id"] for item in listed} == {a["id"] for a in asked}


async def test_a_room_lost_before_the_confirmation_answers_202_and_not_confirmed(chain: Chain) -> None:
    place = await chain.place()
    posting = asyncio.create_task(chain.http.post("/v1/appointments", json=place.wish(tomorrow(10))))
    asked = await pending_of(chain, place.branch_id)
    await chain.hear(assigned(asked, place.room_ids[0]), revoked(asked, place.room_ids[0]), cleared(asked))
    answer = await posting
    assert (answer.status_code, answer.json()["status"]) == (202, "needs_attention")
