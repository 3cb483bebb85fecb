"""What happens to an appointment while a new slot is being asked for: each with one exact outcome."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from shared.events.codes import Refusal
from shared.events.room_equipment import RoomReassigned, RoomRevoked, SessionStarted
from tests.scheduling.builders import Chain, Place, assigned, assignment, cleared, iso, times, tomorrow, unavailable
from tests.scheduling.test_reschedule import asked_to_move, claims, look, slot

ROUTES = ("reschedule", "check-in", "no-show", "accept-alternative")


def revoked(held: dict[str, Any], version: int) -> RoomRevoked:
    return RoomRevoked(**assignment(held, held["room_id"], version), reason="failed")


def started(held: dict[str, Any], version: int, at: datetime) -> SessionStarted:
    return SessionStarted(
        **assignment(held, held["room_id"], version), therapist_id=UUID(held["therapist_id"]), started_at=at,
        ends_at=at + timedelta(hours=1), blocked_until=at + timedelta(minutes=75),
    )  # fmt: skip


async def moving(chain: Chain, *, rooms: int = 1) -> tuple[Place, dict[str, Any], dict[str, Any]]:
    """A confirmed session, and the same asked to be moved: screening has said yes, the room has not answered."""
    place = await chain.place(rooms=rooms)
    booked = await chain.confirmed(place, tomorrow(10))
    asked = await asked_to_move(chain, booked, starts_at=iso(tomorrow(12)))
    await chain.hear(cleared(asked))
    return place, booked, asked


async def test_a_cancel_wins_and_frees_both_slots(chain: Chain) -> None:
    place, booked, asked = await moving(chain)
    ended = await chain.post(f"/v1/appointments/{booked['id']}/cancel", {}, 200)
    assert (ended["status"], ended["starts_at"]) == ("cancelled", iso(tomorrow(10)))
    await chain.hear(assigned(asked, place.room_ids[0], 2))
    assert (await look(chain, booked))["status"] == "cancelled"
    assert await claims(chain, booked) == []
    assert (await chain.announced(booked["id"]))[-1] == "cancelled"


@pytest.mark.parametrize("route", ROUTES)
async def test_every_other_verb_waits_for_the_answer(chain: Chain, route: str) -> None:
    _, booked, _ = await moving(chain)
    body = {"reschedule": {"starts_at": iso(tomorrow(16))}, "accept-alternative": {"alternative_id": booked["id"]}}
    answer = await chain.http.post(f"/v1/appointments/{booked['id']}/{route}", json=body.get(route))
    said = answer.json()
    assert (answer.status_code, said["code"], said["current_status"]) == (409, "wrong_status", "pending")


async def test_a_start_wins_and_the_new_slot_is_free_again(chain: Chain) -> None:
    place, booked, asked = await moving(chain)
    await chain.hear(started(booked, 2, tomorrow(9, 55)))
    await chain.hear(unavailable(asked, Refusal.ROOM_OCCUPIED))
    now = await look(chain, booked)
    assert (now["status"], now["starts_at"], now["room_id"]) == ("in_progress", iso(tomorrow(10)), booked["room_id"])
    assert await claims(chain, booked) == [tomorrow(9, 55)]
    await chain.request(place, tomorrow(12))


async def test_an_old_room_lost_and_the_move_refused_leaves_it_to_a_person(chain: Chain) -> None:
    _, booked, asked = await moving(chain)
    await chain.hear(revoked(booked, 2))
    assert (await look(chain, booked))["status"] == "pending"
    await chain.hear(unavailable(asked, Refusal.NO_CERTIFIED_ROOM))
    now = await look(chain, booked)
    assert (now["status"], now["room_id"], now["starts_at"]) == ("needs_attention", None, iso(tomorrow(10)))
    assert await claims(chain, booked) == [tomorrow(10)]
    items = (await chain.get("/v1/attention", branch_id=booked["branch_id"]))["items"]
    assert [item["appointment_id"] for item in items] == [booked["id"]]
    assert (await chain.announced(booked["id"]))[-2:] == ["reschedule-refused", "displaced"]


async def test_an_old_room_lost_and_the_move_granted_needs_nobody(chain: Chain) -> None:
    place, booked, asked = await moving(chain)
    await chain.hear(revoked(booked, 2), assigned(asked, place.room_ids[0], 3))
    assert (await look(chain, booked))["status"] == "confirmed"
    assert (await chain.get("/v1/attention", branch_id=booked["branch_id"]))["items"] == []


async def test_an_old_room_changed_and_the_move_refused_is_told_as_another_room(chain: Chain) -> None:
    place, booked, asked = await moving(chain, rooms=2)
    changed = RoomReassigned(
        **assignment(booked, place.room_ids[1], 2), **times(booked), previous_room_id=UUID(booked["room_id"]),
        reason="failed",
    )  # fmt: skip
    await chain.hear(changed, unavailable(asked, Refusal.NO_ROOM_AVAILABLE))
    now = await look(chain, booked)
    assert (now["status"], now["room_id"]) == ("confirmed", place.room_ids[1])
    assert (await chain.announced(booked["id"]))[-2:] == ["reschedule-refused", "displaced"]


async def test_after_a_refused_move_its_room_is_still_heard_of(chain: Chain) -> None:
    """Its room is the one of an earlier attempt; losing it must not be taken for an old story."""
    _, booked, asked = await moving(chain)
    await chain.hear(unavailable(asked, Refusal.NO_ROOM_AVAILABLE))
    assert slot(await look(chain, booked)) == slot(booked)
    await chain.hear(revoked(booked, 2))
    assert (await look(chain, booked))["status"] == "needs_attention"


async def test_a_displaced_session_can_be_rescheduled_too(chain: Chain) -> None:
    place = await chain.place()
    booked = await chain.confirmed(place, tomorrow(10))
    await chain.hear(revoked(booked, 2))
    asked = await asked_to_move(chain, booked, starts_at=iso(tomorrow(12)))
    await chain.hear(cleared(asked), assigned(asked, place.room_ids[0], 4))
    assert (await look(chain, booked))["status"] == "confirmed"
    assert (await chain.get("/v1/attention", branch_id=booked["branch_id"]))["items"] == []
