"""Shifts, their concrete windows, and time off."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select
from sqlalchemy.dialects.postgresql import Range, insert

from services.scheduling.domain.opening import Interval
from services.scheduling.tables import shifts, time_off
from shared.kit.database import Transaction

WINDOWS = """
INSERT INTO shift_windows (shift_id, therapist_id, branch_id, during)
SELECT s.id, s.therapist_id, s.branch_id, tstzrange(w.starts_at, w.ends_at)
FROM jsonb_to_recordset(CAST(:windows AS jsonb)) AS w (shift_id uuid, starts_at timestamptz, ends_at timestamptz)
JOIN shifts s ON s.id = w.shift_id
ON CONFLICT DO NOTHING
"""
EXPANDED = """
UPDATE shifts s SET expanded_until = CAST(:until AS timestamptz) WHERE s.id = ANY(CAST(:ids AS uuid[]))
"""
TO_EXPAND = """
SELECT s.*, b.timezone FROM shifts s JOIN branches b ON b.id = s.branch_id
WHERE s.repeat IS NOT NULL AND s.expanded_until < CAST(:before AS timestamptz)
ORDER BY s.expanded_until LIMIT 200 FOR UPDATE OF s SKIP LOCKED
"""
LAID_OUT_ANEW = "DELETE FROM shift_windows w USING shifts s WHERE s.id = w.shift_id AND s.branch_id = :branch_id"
OF_BRANCH = "SELECT s.*, b.timezone FROM shifts s JOIN branches b ON b.id = s.branch_id WHERE s.branch_id = :branch_id"


async def add(tx: Transaction, values: dict[str, Any], windows: Sequence[Interval]) -> Row[Any]:
    row = await tx.one(insert(shifts).values(values).returning(shifts))
    await add_windows(tx, [(row.id, window) for window in windows])
    return row


async def add_windows(tx: Transaction, windows: Sequence[tuple[UUID, Interval]]) -> None:
    """Windows of any number of shifts, in one statement."""
    rows = [{"shift_id": id, "starts_at": window.start, "ends_at": window.end} for id, window in windows]
    if rows:
        await tx.run(WINDOWS, {"windows": rows})


async def mark_expanded(tx: Transaction, ids: list[UUID], until: datetime) -> None:
    await tx.run(EXPANDED, {"ids": ids, "until": until})


async def to_expand(tx: Transaction, before: datetime) -> Sequence[Row[Any]]:
    """Recurring shifts laid out only to before then, with their branch's timezone; locked."""
    return await tx.all(TO_EXPAND, {"before": before})


async def clear_windows(tx: Transaction, branch_id: UUID) -> Sequence[Row[Any]]:
    """Take back a branch's windows (its clock changed). Returns its shifts, to lay out again."""
    await tx.run(LAID_OUT_ANEW, {"branch_id": branch_id})
    return await tx.all(OF_BRANCH, {"branch_id": branch_id})


async def of_therapist(tx: Transaction, therapist_id: UUID, limit: int, after: UUID | None) -> Sequence[Row[Any]]:
    statement = select(shifts).where(shifts.c.therapist_id == therapist_id).order_by(shifts.c.id).limit(limit)
    return await tx.all(statement if after is None else statement.where(shifts.c.id > after))


async def remove(tx: Transaction, therapist_id: UUID, id: UUID, branches: list[UUID] | None) -> bool:
    """The shift and its windows, if it is in one of `branches` (None: any)."""
    statement = shifts.delete().where(shifts.c.id == id, shifts.c.therapist_id == therapist_id)
    return bool(await tx.run(statement if branches is None else statement.where(shifts.c.branch_id.in_(branches))))


async def add_time_off(
    tx: Transaction, id: UUID, therapist_id: UUID, starts_at: datetime, ends_at: datetime, reason: str
) -> Row[Any]:
    values = {"id": id, "therapist_id": therapist_id, "during": Range(starts_at, ends_at), "reason": reason}
    return await tx.one(insert(time_off).values(values).returning(time_off))


async def time_off_of(tx: Transaction, therapist_id: UUID, limit: int, after: UUID | None) -> Sequence[Row[Any]]:
    statement = select(time_off).where(time_off.c.therapist_id == therapist_id).order_by(time_off.c.id).limit(limit)
    return await tx.all(statement if after is None else statement.where(time_off.c.id > after))


async def remove_time_off(tx: Transaction, therapist_id: UUID, id: UUID) -> bool:
    return bool(await tx.run(time_off.delete().where(time_off.c.id == id, time_off.c.therapist_id == therapist_id)))
