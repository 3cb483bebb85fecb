"""Facts of rooms and load profiles, kept as a view for availability."""

from typing import Any

from services.scheduling.store import rooms
from shared.events.room_equipment import LoadProfileChanged, RoomClearanceChanged, RoomClosuresChanged
from shared.kit.database import Transaction
from shared.kit.inbox import Received


async def on_rooms(tx: Transaction, batch: list[Received[Any]]) -> None:
    """A room was registered or changed."""
    await rooms.save_rooms(
        tx,
        [
            {"id": e.room_id, "branch_id": e.branch_id, "code": e.code, "turnover_minutes": e.turnover_minutes,
             "in_service": e.in_service, "version": e.version, "said_at": received.time}
            for received in batch for e in (received.event,)
        ],
    )  # fmt: skip


async def on_clearances(tx: Transaction, batch: list[Received[RoomClearanceChanged]]) -> None:
    """When a room is cleared from now on, and for whose load it is not."""
    await rooms.save_clearances(
        tx,
        [
            {"id": e.room_id, "branch_id": e.branch_id, "version": e.version,
             "periods": [period.model_dump(mode="json") for period in e.periods],
             "gaps": [gap.model_dump(mode="json") for gap in e.gaps], "said_at": received.time}
            for received in batch for e in (received.event,)
        ],
    )  # fmt: skip


async def on_closures(tx: Transaction, batch: list[Received[RoomClosuresChanged]]) -> None:
    """When a room takes no session of any kind."""
    await rooms.save_closures(
        tx,
        [
            {"id": e.room_id, "branch_id": e.branch_id, "version": e.version,
             "closures": [closure.model_dump(mode="json") for closure in e.closures], "said_at": received.time}
            for received in batch for e in (received.event,)
        ],
    )  # fmt: skip


async def on_load_profiles(tx: Transaction, batch: list[Received[LoadProfileChanged]]) -> None:
    """Whether a therapist's load is known; never how much."""
    await rooms.save_load_profiles(
        tx, [{"id": e.therapist_id, "version": e.version, "state": e.state} for e in (r.event for r in batch)]
    )
