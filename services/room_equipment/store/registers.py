"""The register of a branch, or of all: rooms with their bars, equipment, inspections, lock-outs, work orders."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

from sqlalchemy import Row

from services.room_equipment.store.placards import COLUMNS as BAR
from services.room_equipment.store.placards import JOINED
from shared.kit.database import Transaction

_WHICH = "(CAST(:branches AS uuid[]) IS NULL OR {of}.branch_id = ANY (CAST(:branches AS uuid[])))"
_NAMED = "coalesce(br.code, '') AS branch_code, coalesce(br.timezone, 'UTC') AS timezone, r.code AS room_code"

BARS = f"""
SELECT {BAR}, r.id AS of_room, r.in_service AS room_in_service, r.bars_required FROM rooms r
LEFT JOIN bars b ON b.room_id = r.id {JOINED}
WHERE {_WHICH.format(of="r")} ORDER BY branch_code, r.code, r.id, b.serial, b.id
"""

EQUIPMENT = f"""
SELECT {_NAMED}, e.* FROM equipment e JOIN rooms r ON r.id = e.room_id LEFT JOIN branches br ON br.id = e.branch_id
WHERE {_WHICH.format(of="e")} ORDER BY branch_code, r.code, e.kind, e.name, e.id
"""

INSPECTIONS = f"""
SELECT {_NAMED}, i.* FROM inspections i JOIN rooms r ON r.id = i.room_id LEFT JOIN branches br ON br.id = i.branch_id
WHERE {_WHICH.format(of="i")} ORDER BY branch_code, i.recorded_at, i.id
"""

LOCKOUTS = f"""
SELECT {_NAMED}, l.*, b.serial FROM lockouts l JOIN bars b ON b.id = l.bar_id JOIN rooms r ON r.id = l.room_id
LEFT JOIN branches br ON br.id = l.branch_id
WHERE {_WHICH.format(of="l")} ORDER BY branch_code, l.opened_at, l.id
"""

WORK_ORDERS = f"""
SELECT {_NAMED}, w.*, coalesce(e.kind, 'bar') AS kind, e.name, coalesce(b.serial, e.serial) AS serial
FROM work_orders w LEFT JOIN bars b ON b.id = w.bar_id LEFT JOIN equipment e ON e.id = w.equipment_id
JOIN rooms r ON r.id = coalesce(b.room_id, e.room_id) LEFT JOIN branches br ON br.id = w.branch_id
WHERE {_WHICH.format(of="w")} ORDER BY branch_code, w.opened_at, w.id
"""


async def one_moment(tx: Transaction) -> None:
    """All that this transaction reads is of one moment. Say it first."""
    await tx.run("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")


def rows(tx: Transaction, statement: str, branches: list[Any] | None) -> AsyncIterator[Sequence[Row[Any]]]:
    return tx.pages(statement, {"branches": branches})
