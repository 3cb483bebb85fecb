"""Bar sets: bars that are mounted together, as in a free-standing frame, and move in one transaction."""

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from services.room_equipment.domain.errors import step
from services.room_equipment.handlers import found
from services.room_equipment.handlers.displacement import Displaced, settle
from services.room_equipment.handlers.moves import bar_moved
from services.room_equipment.store import bar_sets, bars, rooms
from shared.errors import Invalid, NotFound, Refused
from shared.kit.audit import record as audit
from shared.kit.auth import Principal
from shared.kit.database import Transaction
from shared.kit.ids import new_id


async def visible(tx: Transaction, who: Principal, id: UUID) -> Row[Any]:
    row = await bar_sets.get(tx, id)
    if row is None or not who.sees(row.branch_id):
        raise NotFound("bar_set_not_found", "There is no such bar set.")
    return row


async def register(tx: Transaction, who: Principal, values: dict[str, Any]) -> Row[Any]:
    """Bars of one room become a set. Nothing about their certificates changes.

    Raises:
        Invalid: an unknown room, or a bar that is not mounted in it or is another set's.
        Refused: `name_taken`.
    """
    room = await found.target_room(tx, who, values["room_id"])
    await rooms.lock(tx, [room.branch_id])
    id = new_id()
    added = {"id": id, "branch_id": room.branch_id, "room_id": room.id, "name": values["name"]}
    if not await bar_sets.add(tx, added):
        raise _name_taken()
    await _join(tx, id, room.id, values["bar_ids"])
    await audit(tx, who, "registered_bar_set", "bar_set", id, branch_id=room.branch_id)
    return await visible(tx, who, id)


async def change(
    tx: Transaction, who: Principal, id: UUID, values: dict[str, Any], check: Callable[[int], None]
) -> Row[Any]:
    """Another name, or other bars. It moves by `move`."""
    await rooms.lock(tx, [(await visible(tx, who, id)).branch_id])
    row = await visible(tx, who, id)
    check(row.version)
    name = values.get("name", row.name)
    if await bar_sets.name_taken(tx, row.branch_id, name, id):
        raise _name_taken()
    await bar_sets.change(tx, id, name, row.branch_id, row.room_id)
    if "bar_ids" in values:
        await _join(tx, id, row.room_id, values["bar_ids"])
    await audit(tx, who, "changed_bar_set", "bar_set", id, branch_id=row.branch_id)
    return await visible(tx, who, id)


async def move(
    tx: Transaction, who: Principal, id: UUID, room_id: UUID, check: Callable[[int], None]
) -> tuple[Row[Any], Displaced]:
    """The set stands in another room from now on. None of its bars is certified there until a new installation
    inspection, so both rooms lose their clearance, and their sessions are settled at once.

    Raises:
        Refused: `serial_taken`: a bar of the other branch has the serial of one of these.
    """
    seen = await visible(tx, who, id)
    target = await found.target_room(tx, who, room_id)
    locked = await rooms.lock(tx, {seen.branch_id, target.branch_id})
    row = await visible(tx, who, id)
    check(row.version)
    touched = {row.room_id, target.id}
    moment = await rooms.moment(tx, touched)
    if row.room_id == target.id:
        return row, Displaced()
    if row.branch_id != target.branch_id:
        await _check_names(tx, row, target.branch_id)
    await bar_sets.change(tx, id, row.name, target.branch_id, target.id)
    await bar_sets.move_bars(tx, id, target.branch_id, target.id, moment)
    await bar_sets.note_move(tx, "bar_set", id, target.branch_id, row.room_id, target.id, moment, who.subject)
    await bar_moved(tx, who, row.bar_ids, row.room_id, target.branch_id, target.id, moment)
    await rooms.require_mounted(tx, target.id)
    await audit(tx, who, "moved_bar_set", "bar_set", id, branch_id=target.branch_id)
    return await visible(tx, who, id), await settle(tx, locked, touched, moment, "bar_set_moved")


async def _join(tx: Transaction, id: UUID, room_id: UUID, bar_ids: Sequence[UUID]) -> None:
    for i, bar_id in enumerate(bar_ids):
        bar = await bars.get(tx, bar_id)
        if bar is None or bar.room_id != room_id or bar.removed_on is not None:
            raise Invalid("unknown_bar", "It is not mounted in the set's room.", pointer=f"/bar_ids/{i}")
        if bar.bar_set_id not in (None, id):
            raise Invalid("bar_is_in_a_set", "It is another set's; take it out there first.", pointer=f"/bar_ids/{i}")
    await bar_sets.join(tx, id, bar_ids)


async def _check_names(tx: Transaction, row: Row[Any], branch_id: UUID) -> None:
    taken = await bar_sets.serials_taken(tx, row.id, branch_id)
    if taken:
        raise Refused(
            "serial_taken",
            "That branch has bars of these serials. Check the labels.",
            serials=taken,
            next=[step("use_another_name", field="serial"), step("read_again", what="bars")],
        )
    if await bar_sets.name_taken(tx, branch_id, row.name, row.id):
        raise _name_taken()


def _name_taken() -> Refused:
    return Refused(
        "name_taken",
        "The branch has a bar set of this name. Choose another name.",
        next=[step("use_another_name", field="name")],
    )
