"""Closures of branches, the sessions in them, and what became of those."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, literal, select
from sqlalchemy.dialects.postgresql import Range, insert

from services.scheduling.domain.appointment import Appointment
from services.scheduling.store.appointments import from_row
from services.scheduling.tables import closures
from shared.kit.database import Transaction

# A session lasts a day at most: looked up by its start. What is past is not touched; whoever is late is. One that is
# yet to follow a changed clock, as the closure has, stands elsewhere for a moment.
_IN = """
a.branch_id = x.branch_id AND a.starts_at < upper(x.during) AND a.starts_at > lower(x.during) - interval '1 day'
AND a.starts_at > clock_timestamp() - interval '1 day' AND a.ends_at > greatest(lower(x.during), clock_timestamp())
AND NOT EXISTS (SELECT FROM zone_moves z WHERE z.appointment_id = a.id AND z.state IN ('waiting', 'asked'))
"""
LOCK_WITHIN = f"""
SELECT a.* FROM closures x JOIN appointments a ON {_IN}
WHERE x.id = :id AND a.status IN ('pending', 'confirmed', 'checked_in', 'needs_attention', 'in_progress')
ORDER BY a.id FOR UPDATE OF a
"""
# Whoever booked at the very moment of the closing, and what was moving when it was closed and has settled since.
UNNOTICED = f"""
SELECT DISTINCT x.id FROM closures x JOIN appointments a ON {_IN}
WHERE upper(x.during) > clock_timestamp()
  AND (a.status IN ('confirmed', 'checked_in') OR a.status = 'pending' AND a.resume IS NULL)
ORDER BY x.id LIMIT 20
"""
END = """
WITH gone AS (DELETE FROM closures WHERE id = :id AND branch_id = :branch_id RETURNING *), kept AS (
    INSERT INTO ended_closures
        (id, branch_id, during, reason, starts_local, ends_local, closed_by, created_at, ended_by)
    SELECT id, branch_id, during, reason, coalesce(starts_local, lower(during) AT TIME ZONE 'UTC'),
        coalesce(ends_local, upper(during) AT TIME ZONE 'UTC'), closed_by, created_at, :by FROM gone
), work AS (
    UPDATE closure_sessions s SET state = 'to_restore' FROM gone WHERE s.closure_id = gone.id AND s.state = 'displaced'
)
SELECT * FROM gone
"""
NOTE = """
INSERT INTO closure_sessions (closure_id, appointment_id)
SELECT :closure_id, unnest(CAST(:ids AS uuid[])) ON CONFLICT DO NOTHING
"""
FORGET_PROPOSALS = """
UPDATE attention_items SET alternatives = NULL, alternatives_at = NULL
WHERE branch_id = :branch_id AND kind = 'displaced' AND resolved_at IS NULL AND alternatives_at IS NOT NULL
"""
# By when they were to begin: who is to come first is asked for first.
TO_RESTORE = """
SELECT s.closure_id, s.appointment_id, e.during FROM closure_sessions s JOIN ended_closures e ON e.id = s.closure_id
JOIN appointments a ON a.id = s.appointment_id
WHERE s.state = 'to_restore' AND (CAST(:closure_id AS uuid) IS NULL OR s.closure_id = CAST(:closure_id AS uuid))
ORDER BY a.starts_at, a.id LIMIT :limit FOR UPDATE OF s SKIP LOCKED
"""
MARK = """
UPDATE closure_sessions s SET state = m.state, code = m.code, at = clock_timestamp()
FROM jsonb_to_recordset(CAST(:marks AS jsonb)) AS m (closure_id uuid, appointment_id uuid, state text, code text)
WHERE s.closure_id = m.closure_id AND s.appointment_id = m.appointment_id
"""
_BACK = "a.status IN ('confirmed', 'checked_in', 'in_progress', 'completed')"
_KEPT_FOR = "coalesce(CASE WHEN a.status = 'needs_attention' THEN a.code END, a.status)"
SETTLED = f"""
UPDATE closure_sessions s SET at = clock_timestamp(), state = CASE WHEN {_BACK} THEN 'restored' ELSE 'kept' END,
    code = CASE WHEN {_BACK} THEN NULL ELSE {_KEPT_FOR} END
FROM appointments a WHERE s.state = 'asked' AND a.id = s.appointment_id AND a.status <> 'pending'
"""
SESSIONS = f"""
SELECT s.appointment_id, CASE
        WHEN s.state IN ('to_restore', 'asked') AND a.status = 'pending' OR s.state = 'to_restore' THEN 'restoring'
        WHEN s.state = 'restored' OR s.state = 'asked' AND {_BACK} THEN 'restored'
        WHEN s.state = 'displaced' THEN 'displaced' ELSE 'not_restored' END AS outcome,
    CASE WHEN s.state = 'asked' AND a.status <> 'pending' AND NOT ({_BACK}) THEN {_KEPT_FOR} ELSE s.code END AS code
FROM closure_sessions s JOIN appointments a ON a.id = s.appointment_id
WHERE s.closure_id = :id ORDER BY a.starts_at, a.id
"""
GET = """
SELECT id, branch_id, during, reason, starts_local, ends_local, CAST(NULL AS timestamptz) AS ended_at
FROM closures WHERE id = :id AND branch_id = :branch_id
UNION ALL
SELECT id, branch_id, during, reason, starts_local, ends_local, ended_at
FROM ended_closures WHERE id = :id AND branch_id = :branch_id
"""


async def add(tx: Transaction, values: dict[str, Any], starts_at: datetime, ends_at: datetime) -> Row[Any]:
    values = values | {"during": Range(starts_at, ends_at)}
    return await tx.one(insert(closures).values(values).returning(closures))


async def listed(tx: Transaction, branch_id: UUID, from_: datetime | None, to: datetime | None) -> Sequence[Row[Any]]:
    """Those that touch the stretch, in order."""
    statement = select(closures).where(closures.c.branch_id == branch_id).order_by(closures.c.during, closures.c.id)
    return await tx.all(statement.where(closures.c.during.op("&&")(literal(Range(from_, to), closures.c.during.type))))


async def get(tx: Transaction, branch_id: UUID, id: UUID) -> Row[Any] | None:
    """Also one that was taken back."""
    return await tx.first(GET, {"id": id, "branch_id": branch_id})


async def one(tx: Transaction, id: UUID) -> Row[Any] | None:
    return await tx.first(select(closures).where(closures.c.id == id))


async def end(tx: Transaction, branch_id: UUID, id: UUID, by: str) -> Row[Any] | None:
    """Take it back, and note whom it displaced as work to do. None when there is none."""
    return await tx.first(END, {"id": id, "branch_id": branch_id, "by": by})


async def lock_within(tx: Transaction, id: UUID) -> list[Appointment]:
    """The live sessions that lie in a closure, from now on; in id order."""
    return [from_row(row) for row in await tx.all(LOCK_WITHIN, {"id": id})]


async def unnoticed(tx: Transaction) -> list[UUID]:
    """Closures in which something stands that should not."""
    return [row.id for row in await tx.all(UNNOTICED)]


async def note_displaced(tx: Transaction, closure_id: UUID, ids: list[UUID]) -> None:
    if ids:
        await tx.run(NOTE, {"closure_id": closure_id, "ids": ids})


async def forget_proposals(tx: Transaction, branch_id: UUID) -> None:
    """When a branch can be used has changed: what was proposed in it is computed again."""
    await tx.run(FORGET_PROPOSALS, {"branch_id": branch_id})


async def to_restore(tx: Transaction, limit: int | None, closure_id: UUID | None = None) -> Sequence[Row[Any]]:
    return await tx.all(TO_RESTORE, {"limit": limit, "closure_id": closure_id})


async def mark(tx: Transaction, marks: Sequence[dict[str, Any]]) -> None:
    """{closure_id, appointment_id, state, code}."""
    if marks:
        await tx.run(MARK, {"marks": list(marks)})


async def note_settled(tx: Transaction) -> int:
    """What the saga has answered is kept, whatever becomes of the session later."""
    return await tx.run(SETTLED)


async def sessions(tx: Transaction, id: UUID) -> Sequence[Row[Any]]:
    """{appointment_id, outcome, code} of everybody it displaced, as of now."""
    return await tx.all(SESSIONS, {"id": id})


OPEN_REASONS = """
SELECT appointment_id, reason FROM attention_items
WHERE appointment_id = ANY(CAST(:ids AS uuid[])) AND kind = 'displaced' AND resolved_at IS NULL
"""


async def reasons(tx: Transaction, ids: list[UUID]) -> dict[UUID, str]:
    """Why these wait for a person."""
    return {row.appointment_id: row.reason for row in await tx.all(OPEN_REASONS, {"ids": ids})}
