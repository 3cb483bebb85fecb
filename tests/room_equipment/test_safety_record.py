"""The database refuses a record that is changed, and a clearance that the record does not bear out."""

import pytest
from asyncpg.exceptions import CheckViolationError, InsufficientPrivilegeError

from tests.room_equipment.direct import Direct


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE inspections SET result = 'pass' WHERE bar_id = $1",
        "DELETE FROM inspections WHERE bar_id = $1",
        "UPDATE pre_use_checks SET result = 'pass' WHERE bar_id = $1",
        "DELETE FROM pre_use_checks WHERE bar_id = $1",
        "DELETE FROM assignment_history WHERE room_id = $1",
        "UPDATE assignment_history SET outcome = 'completed' WHERE room_id = $1",
        "UPDATE lockouts SET opened_at = now() WHERE bar_id = $1",
        "DELETE FROM work_orders WHERE bar_id = $1",
        "UPDATE work_order_log SET entry = '' WHERE id = $1",
    ],
)
async def test_the_record_is_append_only(direct: Direct, statement: str) -> None:
    with pytest.raises(InsufficientPrivilegeError):
        await direct.sql(statement, direct.bar)


async def test_a_clearance_nothing_bears_out_is_refused(direct: Direct) -> None:
    spa = direct.spa
    room = await spa.room()
    bar = await spa.bar(room)
    proof = await direct.connection.fetchval(
        "SELECT inspection_ids FROM room_clearances WHERE room_id = $1", direct.room
    )
    forge = "INSERT INTO room_clearances VALUES ($1, tstzrange(now(), now() + interval '9 days'), 300, $2)"
    with pytest.raises(CheckViolationError, match="do not bear out"):
        await direct.sql(forge, room, proof)
    recorded = await spa.installed(bar)
    with pytest.raises(InsufficientPrivilegeError):
        await direct.sql("UPDATE room_clearances SET max_load_kg = 301 WHERE room_id = $1", room)
    with pytest.raises(CheckViolationError, match="do not bear out"):
        await direct.sql(
            "UPDATE room_clearances SET valid_during = tstzrange(lower(valid_during), upper(valid_during)"
            " + interval '1 minute') WHERE room_id = $1",
            room,
        )
    assert (await spa.clearance(room))["periods"][0]["inspection_ids"] == [recorded["id"]]


@pytest.mark.parametrize(
    "statement",
    [
        """INSERT INTO lockouts (id, bar_id, branch_id, room_id, cause, reason, opened_at, opened_by)
           SELECT uuidv7(), id, branch_id, room_id, 'report', 'x', now(), 'x' FROM bars WHERE id = $1""",
        "UPDATE bars SET in_service = false WHERE id = $1",
        "UPDATE bars SET rated_load_kg = 299 WHERE id = $1",
        "UPDATE bars SET unproven_since = now() WHERE id = $1",
        """INSERT INTO bars (id, branch_id, room_id, serial, rated_load_kg, installed_on, installed_by, mounting,
                             unproven_since)
           SELECT uuidv7(), branch_id, room_id, 'second', 300, now(), '', 'ceiling', now() FROM bars WHERE id = $1""",
        "UPDATE rooms SET bars_required = 2 WHERE id = (SELECT room_id FROM bars WHERE id = $1)",
        "UPDATE rooms SET in_service = false WHERE id = (SELECT room_id FROM bars WHERE id = $1)",
        "UPDATE bars SET removed_on = now() WHERE id = $1",
    ],
)
async def test_bars_cannot_worsen_while_the_clearance_stays(direct: Direct, statement: str) -> None:
    """Whoever records it must end the clearance in the same transaction, or nothing is recorded."""
    with pytest.raises(CheckViolationError, match="do not bear out"):
        await direct.sql(statement, direct.bar)
