"""What goes along when a bar moves: the straps that hang on it; and the record of where each thing stood."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from services.room_equipment.domain.errors import step
from services.room_equipment.store import bar_sets, equipment
from shared.errors import Refused
from shared.kit.auth import Principal
from shared.kit.database import Transaction


async def bar_moved(
    tx: Transaction, who: Principal, bar_ids: Sequence[UUID], from_room: UUID, branch_id: UUID, to_room: UUID,
    moment: datetime,
) -> None:  # fmt: skip
    """These bars went from one room to another, with everything that hangs on them.

    Raises:
        Refused: `serial_taken`: the other branch has a strap of the serial of one of these.
    """
    taken = await equipment.serials_taken(tx, bar_ids, branch_id)
    if taken:
        raise Refused(
            "serial_taken",
            "That branch has equipment of these serials. Check the labels.",
            serials=taken,
            next=[step("use_another_name", field="serial"), step("read_again", what="equipment")],
        )
    for bar_id in bar_ids:
        await bar_sets.note_move(tx, "bar", bar_id, branch_id, from_room, to_room, moment, who.subject)
    for row in await equipment.follow(tx, bar_ids, branch_id, to_room):
        await bar_sets.note_move(tx, "equipment", row.id, branch_id, row.from_room_id, to_room, moment, who.subject)
