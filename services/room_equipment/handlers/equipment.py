"""Equipment that is no bar."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from services.room_equipment.store import equipment, rooms
from shared.errors import Invalid, NotFound
from shared.kit.auth import Principal
from shared.kit.database import Transaction
from shared.kit.ids import new_id


async def visible(tx: Transaction, who: Principal, id: UUID, *, lock: bool = False) -> Row[Any]:
    row = await equipment.get(tx, id, lock=lock)
    if row is None or not who.sees(row.branch_id):
        raise NotFound("equipment_not_found", "There is no such equipment.")
    return row


async def register(tx: Transaction, who: Principal, values: dict[str, Any]) -> Row[Any]:
    branch_id = await _branch_of(tx, who, values["room_id"])
    return await equipment.add(tx, {**values, "id": new_id(), "branch_id": branch_id})


async def change(
    tx: Transaction, who: Principal, id: UUID, values: dict[str, Any], check: Callable[[int], None]
) -> Row[Any]:
    before = await visible(tx, who, id, lock=True)
    check(before.version)
    wanted = before._asdict() | values
    wanted["branch_id"] = await _branch_of(tx, who, wanted["room_id"])
    return await equipment.change(tx, wanted)


async def _branch_of(tx: Transaction, who: Principal, room_id: UUID) -> UUID:
    room = await rooms.get(tx, room_id)
    if room is None or not who.sees(room.branch_id):
        raise Invalid("unknown_room", "There is no such room.", pointer="/room_id")
    branch_id: UUID = room.branch_id
    return branch_id
