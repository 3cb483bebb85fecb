"""Work orders: assigned, logged, completed. Who completes one is the repairer, and may not inspect that bar next."""

from typing import Any
from uuid import UUID

from sqlalchemy import Row

from services.room_equipment.domain.inspections import credential_key
from services.room_equipment.store import work_orders
from shared.errors import NotFound, Refused
from shared.kit.audit import record as audit
from shared.kit.auth import Principal
from shared.kit.database import Transaction
from shared.kit.ids import new_id


async def visible(tx: Transaction, who: Principal, id: UUID, *, lock: bool = False) -> Row[Any]:
    row = await work_orders.get(tx, id, lock=lock)
    if row is None or not who.sees(row.branch_id):
        raise NotFound("work_order_not_found", "There is no such work order.")
    return row


async def _open(tx: Transaction, who: Principal, id: UUID) -> Row[Any]:
    row = await visible(tx, who, id, lock=True)
    if row.status == "completed":
        raise Refused("work_order_completed", "It is completed. A new finding opens a new one through a lock-out.")
    return row


async def assign(tx: Transaction, who: Principal, id: UUID, assigned_to: str) -> Row[Any]:
    await _open(tx, who, id)
    return await work_orders.assign(tx, id, assigned_to)


async def log(tx: Transaction, who: Principal, id: UUID, entry: str, parts: list[str]) -> Row[Any]:
    await _open(tx, who, id)
    return await work_orders.log(tx, id, new_id(), who.subject, entry, parts)


async def complete(tx: Transaction, who: Principal, id: UUID, name: str, credential: str) -> Row[Any]:
    """The repair is done, by this person, recorded by this sign-in."""
    order = await _open(tx, who, id)
    await audit(tx, who, "completed_repair", "bar", order.bar_id, branch_id=order.branch_id)
    return await work_orders.complete(tx, id, name, credential, credential_key(credential), who.subject)
