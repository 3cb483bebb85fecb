"""A decline that meets a move under way: whatever is heard first, the session ends and nothing is claimed any more."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from services.scheduling.consumers import HANDLERS
from services.scheduling.handlers.clocks import time_out
from shared.events.base import Event
from shared.events.room_equipment import RoomRevoked
from shared.events.screening import StandingChanged
from shared.kit.database import Transaction
from shared.kit.ids import new_id
from shared.kit.inbox import Dispatch, Message
from tests.scheduling.builders import Chain, Place, assigned, assignment, blocked, cleared, iso, tomorrow, unavailable
from tests.scheduling.test_reschedule import asked_to_move, claims, look


async def declined(chain: Chain, client_id: str, at: datetime, protocol: str = "back-stepping") -> None:
    """Screening's decline, announced then and heard now."""
    event = StandingChanged(
        client_id=UUID(client_id), version=2, protocol=protocol, outcome="declined", valid_until=None
    )
    message = Message(new_id(), event.topic(), str(event.key), event.type, event.model_dump_json().encode(), at, None)

    async def work(tx: Transaction) -> None:
        await Dispatch(HANDLERS)(tx, [message])

    await chain.run(work)


async def nobody_answered(chain: Chain, booked: dict[str, Any]) -> None:
    old = "UPDATE outbox SET published_at = clock_timestamp() - interval '1 hour' WHERE aggregateid = :id"
    await chain.sql_all(old, [{"id": booked["id"]}])
    await chain.run(time_out)
    assert (await look(chain, booked))["status"] == "confirmed"


FIRST = ("nothing", "screening's no", "screening's yes", "the room's no", "the room's yes", "the deadline")


@pytest.mark.parametrize("before", [True, False], ids=["decided-before-the-move", "decided-during-it"])
async def test_whatever_is_heard_before_the_decline_the_session_ends(chain: Chain, before: bool) -> None:
    place = await chain.place()
    for first in FIRST:
        await ends(chain, replace(place, client_id=await chain.client(place.branch_id)), first, before)


async def ends(chain: Chain, place: Place, first: str, before: bool) -> None:
    booked = await chain.confirmed(place, tomorrow(10))
    decided = datetime.now(UTC)
    asked = await asked_to_move(chain, booked, starts_at=iso(tomorrow(12)))
    decided = decided if before else datetime.now(UTC)
    room = assigned(asked, place.room_ids[0], 2)
    heard: dict[str, list[Event]] = {
        "screening's no": [blocked(asked, "screening_declined")],
        "screening's yes": [cleared(asked)],
        "the room's no": [cleared(asked), unavailable(asked, "no_room_available")],
        "the room's yes": [cleared(asked), room],
    }
    if first == "the deadline":
        await nobody_answered(chain, booked)
    elif first in heard:
        await chain.hear(*heard[first])
    await declined(chain, place.client_id, decided)
    await chain.hear(cleared(asked), room)
    now = await look(chain, booked)
    assert (now["status"], now["cancel_reason"], now["cancelled"]["late"]) == ("cancelled", "screening", False), first
    assert await claims(chain, booked) == []
    assert (await chain.announced(booked["id"]))[-1] == "cancelled", "room-equipment lets go of what it gave"


async def test_one_asked_for_long_after_the_decline_was_judged_by_screening_and_stays(chain: Chain) -> None:
    place = await chain.place()
    booked = await chain.confirmed(place, tomorrow(10))
    long_ago = datetime.now(UTC) - timedelta(minutes=5)
    asked = await asked_to_move(chain, booked, starts_at=iso(tomorrow(12)))
    await declined(chain, place.client_id, long_ago)
    await chain.hear(cleared(asked), unavailable(asked, "no_room_available"))
    await declined(chain, place.client_id, long_ago)
    assert (await look(chain, booked))["status"] == "confirmed"


async def test_a_decline_for_another_treatment_ends_nothing(chain: Chain) -> None:
    place = await chain.place()
    booked = await chain.confirmed(place, tomorrow(10))
    await chain.hear(RoomRevoked(**assignment(booked, place.room_ids[0], 2), reason="failed"))
    asked = await asked_to_move(chain, booked, starts_at=iso(tomorrow(12)))
    await declined(chain, place.client_id, datetime.now(UTC), protocol="massage")
    await chain.hear(cleared(asked), assigned(asked, place.room_ids[0], 4))
    assert (await look(chain, booked))["status"] == "confirmed"
