"""Lock-outs and the work orders that come with them, and the checks before use that may open them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from shared.kit.database import Transaction

COLUMNS = "id, bar_id, branch_id, room_id, cause, event, reason, note, opened_at, released_at, released_by"

_OPEN = """
WITH opened AS (
    INSERT INTO lockouts (id, bar_id, branch_id, room_id, cause, event, reason, note, opened_at, opened_by)
    VALUES (:id, :bar_id, :branch_id, :room_id, :cause, :event, :reason, :note, :opened_at, :opened_by) RETURNING id
)
INSERT INTO work_orders (id, bar_id, branch_id, lockout_id, title, opened_at)
SELECT :work_order_id, :bar_id, :branch_id, id, :reason, :opened_at FROM opened
"""

# For a repair that is done already: its own work order becomes the lock-out's.
_OPEN_AFTER = """
WITH opened AS (
    INSERT INTO lockouts (id, bar_id, branch_id, room_id, cause, event, reason, note, opened_at, opened_by)
    VALUES (:id, :bar_id, :branch_id, :room_id, :cause, :event, :reason, :note, :opened_at, :opened_by) RETURNING id
)
UPDATE work_orders SET version = version + 1, lockout_id = opened.id FROM opened WHERE work_orders.id = :work_order_id
"""

_CHECKS = """
INSERT INTO pre_use_checks (id, bar_id, branch_id, room_id, therapist_id, appointment_id, result, note, checked_at,
                            recorded_by)
SELECT id, bar_id, :branch_id, room_id, :therapist_id, :appointment_id, result, note, :checked_at, :recorded_by
FROM unnest(CAST(:ids AS uuid[]), CAST(:bar_ids AS uuid[]), CAST(:room_ids AS uuid[]), CAST(:results AS text[]),
            CAST(:notes AS text[])) AS n (id, bar_id, room_id, result, note)
"""


async def open(tx: Transaction, values: dict[str, Any]) -> None:
    """A lock-out and its work order, together."""
    await tx.run(_OPEN, values)


async def open_after(tx: Transaction, values: dict[str, Any]) -> None:
    """A lock-out that asks for an inspection of what this completed work order did."""
    await tx.run(_OPEN_AFTER, values)


async def get(tx: Transaction, id: UUID) -> Row[Any]:
    return await tx.one(
        f"""SELECT {COLUMNS}, (SELECT w.id FROM work_orders w WHERE w.lockout_id = lockouts.id) AS work_order_id
            FROM lockouts WHERE id = :id""",
        {"id": id},
    )


async def of_bar(tx: Transaction, bar_id: UUID) -> Sequence[Row[Any]]:
    return await tx.all(
        f"""SELECT {COLUMNS}, (SELECT w.id FROM work_orders w WHERE w.lockout_id = lockouts.id) AS work_order_id
            FROM lockouts WHERE bar_id = :bar_id ORDER BY opened_at DESC, id DESC LIMIT 200""",
        {"bar_id": bar_id},
    )


async def release(tx: Transaction, bar_id: UUID, inspection_id: UUID, at: datetime) -> list[UUID]:
    """End every open lock-out of a bar, by this inspection."""
    rows = await tx.all(
        """UPDATE lockouts SET released_at = :at, released_by = :inspection
           WHERE bar_id = :bar_id AND released_at IS NULL RETURNING id""",
        {"bar_id": bar_id, "inspection": inspection_id, "at": at},
    )
    return [row.id for row in rows]


async def add_checks(tx: Transaction, columns: dict[str, Any]) -> None:
    """Checks by one therapist, for one session or none."""
    await tx.run(_CHECKS, columns)


async def checks_of(tx: Transaction, appointment_id: UUID, branch_id: UUID) -> Sequence[Row[Any]]:
    """Checks for this session in its branch: a check elsewhere may name any session, and is none of this one."""
    return await tx.all(
        """SELECT id, bar_id, room_id, therapist_id, result, note, checked_at FROM pre_use_checks
           WHERE appointment_id = :id AND branch_id = :branch_id ORDER BY checked_at, id""",
        {"id": appointment_id, "branch_id": branch_id},
    )


async def passed(tx: Transaction, appointment_id: UUID, room_id: UUID, since: datetime) -> set[UUID]:
    """The room's bars that were looked at for this session since then and found good, and not locked out afterwards."""
    rows = await tx.all(
        """SELECT DISTINCT bar_id FROM pre_use_checks c
           WHERE appointment_id = :id AND room_id = :room_id AND result = 'pass' AND checked_at >= :since
             AND NOT EXISTS (SELECT FROM lockouts l WHERE l.bar_id = c.bar_id AND l.opened_at >= c.checked_at)""",
        {"id": appointment_id, "room_id": room_id, "since": since},
    )
    return {row.bar_id for row in rows}
