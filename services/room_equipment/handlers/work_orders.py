"""Work orders: assigned, logged, completed. Who completes one is the repairer, and may not inspect that bar next."""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from services.room_equipment.domain.errors import step
from services.room_equipment.domain.inspections import credential_key
from services.room_equipment.handlers import equipment, found
from services.room_equipment.handlers.displacement import Displaced, settle
from services.room_equipment.handlers.lockouts import open_lockout
from services.room_equipment.store import work_orders
from shared.errors import Invalid, NotFound, Refused
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
        raise Refused(
            "work_order_completed",
            "It is completed. A new finding opens a new one through a lock-out.",
            next=[step("inspect_bar", bar_ids=[str(row.bar_id)], by="another_person")],
        )
    return row


async def open(tx: Transaction, who: Principal, values: dict[str, Any]) -> Row[Any]:
    """Work planned by hand, for a bar or another piece of equipment; nothing is locked out for it.

    Raises:
        Invalid: not exactly one of the two, or one that is not there.
    """
    bar_id, equipment_id = values["bar_id"], values["equipment_id"]
    if (bar_id is None) == (equipment_id is None):
        raise Invalid("one_thing", "Name either a bar or a piece of equipment.", pointer="/bar_id")
    try:
        thing = await (found.bar(tx, who, bar_id) if bar_id else equipment.visible(tx, who, equipment_id))
    except NotFound as error:
        noun = "bar" if bar_id else "equipment"
        raise Invalid(f"unknown_{noun}", error.detail, pointer=f"/{noun}_id") from None
    row = await work_orders.open(tx, {**values, "id": new_id(), "branch_id": thing.branch_id})
    await audit(tx, who, "opened_work_order", "work_order", row.id, branch_id=thing.branch_id)
    return row


async def assign(tx: Transaction, who: Principal, id: UUID, assigned_to: str, due_on: date | None) -> Row[Any]:
    await _open(tx, who, id)
    return await work_orders.assign(tx, id, assigned_to, due_on)


async def log(tx: Transaction, who: Principal, id: UUID, entry: str, parts: list[dict[str, Any]]) -> Row[Any]:
    await _open(tx, who, id)
    return await work_orders.log(tx, id, new_id(), who.subject, entry, parts)


async def complete(
    tx: Transaction, who: Principal, id: UUID, name: str, credential: str, touched_mounting: bool
) -> tuple[Row[Any], Displaced]:
    """The repair is done, by this person, recorded by this sign-in.

    Planned work that touched the mounting of a bar is a repair like any other: the bar is locked out until someone else
    passes it in an inspection after that event. Work of a lock-out has its lock-out already.
    """
    seen = await visible(tx, who, id)
    if seen.bar_id is None:
        return await _complete(tx, who, id, name, credential, touched_mounting), Displaced()
    bar, locked, moment = await found.locked_bar(tx, who, seen.bar_id)
    row = await _complete(tx, who, id, name, credential, touched_mounting)
    if not touched_mounting or row.lockout_id is not None:
        return row, Displaced()
    why = "mounting touched by planned work"
    await open_lockout(tx, who, bar, "repair", why, "", moment, event="repair", after=id)
    result = await settle(tx, locked, [bar.room_id], moment, "mounting_repaired", bar.id)
    return await visible(tx, who, id), result


async def _complete(
    tx: Transaction, who: Principal, id: UUID, name: str, credential: str, touched_mounting: bool
) -> Row[Any]:
    order = await _open(tx, who, id)
    kind, subject = ("bar", order.bar_id) if order.bar_id else ("equipment", order.equipment_id)
    await audit(tx, who, "completed_repair", kind, subject, branch_id=order.branch_id)
    key = credential_key(credential)
    return await work_orders.complete(tx, id, name, credential, key, who.subject, touched_mounting)
