"""A room closed for renovation, or any reason: its sessions are displaced the way a failed bar's are."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from services.room_equipment.domain.closures import Closed
from services.room_equipment.domain.errors import step
from services.room_equipment.domain.localdays import end_of
from services.room_equipment.handlers import found
from services.room_equipment.handlers.displacement import Displaced, settle
from services.room_equipment.store import closures, rooms
from shared.errors import Invalid, NotFound, Refused
from shared.events.room_equipment import Closure, RoomClosuresChanged
from shared.kit.audit import record as audit
from shared.kit.auth import Principal
from shared.kit.database import Transaction
from shared.kit.ids import new_id


async def close(tx: Transaction, who: Principal, room_id: UUID, values: dict[str, Any]) -> tuple[Row[Any], Displaced]:
    """Close a room from a time on. What is past stays as it was: an earlier start counts from now.

    Raises:
        Invalid: the closure would be over before it begins.
    """
    room, locked, moment = await _locked(tx, who, room_id)
    starts_at = max(values["starts_at"] or moment, moment)
    ends_at = await _end(tx, room.branch_id, values)
    if ends_at is not None and ends_at <= starts_at:
        pointer = "/ends_on" if values["ends_at"] is None else "/ends_at"
        raise Invalid("empty_range", "The closure must end after it begins, and after now.", pointer=pointer)
    id = new_id()
    await closures.add(
        tx,
        {"id": id, "branch_id": room.branch_id, "room_id": room_id, "starts_at": starts_at, "ends_at": ends_at,
         "reason": values["reason"], "note": values["note"], "closed_at": moment, "closed_by": who.subject},
    )  # fmt: skip
    await audit(tx, who, "closed_room", "room", room_id, branch_id=room.branch_id, reason=values["reason"])
    result = await settle(tx, locked, [room_id], moment, "room_closed")
    await _announce(tx, room, moment)
    return await visible(tx, room_id, id), result


async def end(tx: Transaction, who: Principal, room_id: UUID, id: UUID) -> tuple[Row[Any], Displaced]:
    """Open the room again, now. Sessions that were moved or revoked meanwhile are not moved back.

    Raises:
        Refused: `closure_over`.
    """
    room, locked, moment = await _locked(tx, who, room_id)
    if (await visible(tx, room_id, id)).state == "ended":
        raise Refused("closure_over", "The closure is over already.", next=[step("read_again", what="closures")])
    await closures.end(tx, id, moment, who.subject)
    await audit(tx, who, "reopened_room", "room", room_id, branch_id=room.branch_id)
    result = await settle(tx, locked, [room_id], moment, "room_reopened")
    await _announce(tx, room, moment)
    return await visible(tx, room_id, id), result


async def visible(tx: Transaction, room_id: UUID, id: UUID) -> Row[Any]:
    """
    Raises:
        NotFound: this room has no such closure.
    """
    row = await closures.get(tx, room_id, id)
    if row is None:
        raise NotFound("closure_not_found", "There is no such closure.")
    return row


async def _locked(tx: Transaction, who: Principal, room_id: UUID) -> tuple[Row[Any], Any, datetime]:
    room = await found.room(tx, who, room_id)
    locked = await rooms.lock(tx, [room.branch_id])
    return room, locked, await rooms.moment(tx, [room_id])


async def _end(tx: Transaction, branch_id: UUID, values: dict[str, Any]) -> datetime | None:
    """The end that was given, as an instant or as the last local day."""
    last_day: date | None = values["ends_on"]
    if last_day is None:
        ends_at: datetime | None = values["ends_at"]
        return ends_at
    if values["ends_at"] is not None:
        raise Invalid("two_ends", "Give `ends_at` or `ends_on`, not both.", pointer="/ends_on")
    return end_of(last_day, await found.timezone(tx, branch_id))


async def _announce(tx: Transaction, room: Row[Any], moment: datetime) -> None:
    shut: list[Closed] = (await closures.ahead(tx, [room.id], moment)).get(room.id, [])
    tx.announce(
        RoomClosuresChanged(
            room_id=room.id,
            branch_id=room.branch_id,
            version=await closures.bump(tx, room.id),
            closures=[
                Closure(starts_at=closed.starts_at, ends_at=closed.ends_at, reason=closed.reason) for closed in shut
            ],
        )
    )
