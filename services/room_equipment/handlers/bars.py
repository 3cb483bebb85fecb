"""Bars: mounted, changed, removed; each change settles the sessions above it in the same transaction."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from services.room_equipment.domain.errors import step
from services.room_equipment.domain.localdays import local_date
from services.room_equipment.domain.mounting import needed_scopes, unproves
from services.room_equipment.handlers import found
from services.room_equipment.handlers.displacement import Displaced, settle
from services.room_equipment.handlers.moves import bar_moved
from services.room_equipment.store import bars, equipment, rooms
from shared.errors import Invalid, Refused
from shared.kit.audit import record as audit
from shared.kit.auth import Principal
from shared.kit.database import Transaction
from shared.kit.ids import new_id


async def register(tx: Transaction, who: Principal, values: dict[str, Any]) -> tuple[Row[Any], Displaced]:
    """Mount a new bar. It has never been inspected, so a cleared room is cleared no more."""
    room = await found.target_room(tx, who, values["room_id"])
    locked = await rooms.lock(tx, [room.branch_id])
    moment = await rooms.moment(tx, [room.id])
    id = new_id()
    today = local_date(moment, await found.timezone(tx, room.branch_id))
    values = {**values, "id": id, "branch_id": room.branch_id, "unproven_since": moment}
    values["installed_on"] = values["installed_on"] or today
    if not await bars.add(tx, values):
        raise _serial_taken()
    await rooms.require_mounted(tx, room.id)
    await audit(tx, who, "mounted_bar", "bar", id, branch_id=room.branch_id)
    result = await settle(tx, locked, [room.id], moment, "bar_mounted", id)
    return await found.bar(tx, who, id), result


async def change(
    tx: Transaction, who: Principal, id: UUID, values: dict[str, Any], check: Callable[[int], None]
) -> tuple[Row[Any], Displaced]:
    """Apply a merge patch. `check` refuses when the version is not the one the caller read.

    Raises:
        Forbidden: the change needs a scope the caller lacks.
        Invalid: an unknown room, or a removal in the future.
        Refused: the serial is another bar's, or the bar would leave its set behind.
    """
    seen = await found.bar(tx, who, id)
    target = await found.target_room(tx, who, values.get("room_id", seen.room_id))
    locked = await rooms.lock(tx, {seen.branch_id, target.branch_id})
    before = (await found.bar(tx, who, id))._asdict()
    check(before["version"])
    found.check_scopes(who, needed_scopes(before, values))
    touched = {before["room_id"], target.id}
    moment = await rooms.moment(tx, touched)
    after = before | values | {"branch_id": target.branch_id}
    if after["removed_on"] is not None:
        after["bar_set_id"] = None
    elif before["bar_set_id"] is not None and before["room_id"] != target.id:
        raise Refused(
            "bar_is_in_a_set",
            "Its bar set moves as one: move the set, or take the bar out of it first.",
            next=[step("move_bar_set", bar_set_id=str(before["bar_set_id"]))],
        )
    await _check_removal(tx, after, moment)
    if unproves(before, after):
        after["unproven_since"] = moment
    if await bars.serial_taken(tx, target.branch_id, after["serial"], id):
        raise _serial_taken()
    row = await bars.change(tx, id, after)
    await audit(tx, who, "changed_bar", "bar", id, branch_id=row.branch_id, reason=" ".join(sorted(values)))
    if before["room_id"] != target.id:
        await bar_moved(tx, who, [id], before["room_id"], target.branch_id, target.id, moment)
    if row.removed_on is not None:
        await equipment.take_down(tx, id)
    else:
        await rooms.require_mounted(tx, target.id)
    return row, await settle(tx, locked, touched, moment, "bar_changed", id)


async def _check_removal(tx: Transaction, after: dict[str, Any], moment: Any) -> None:
    removed_on = after["removed_on"]
    if removed_on is not None and removed_on > local_date(moment, await found.timezone(tx, after["branch_id"])):
        raise Invalid("removed_in_the_future", "Record the removal when it has happened.", pointer="/removed_on")


def _serial_taken() -> Refused:
    return Refused(
        "serial_taken",
        "The branch has a bar of this serial. Check the label, or find that bar.",
        next=[step("use_another_name", field="serial"), step("read_again", what="bars")],
    )
