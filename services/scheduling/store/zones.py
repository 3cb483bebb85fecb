"""Which zone data instants were derived from, and the sessions that follow a change of it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from services.scheduling.domain.opening import Interval
from shared.kit.database import Transaction

# One at a time: the job, and whoever asks for it by hand.
QUEUE_UP = "SELECT pg_advisory_xact_lock(7239003, hashtext('zone rules'))"
ZONES = """
SELECT b.timezone, r.rules, r.version, r.applied_at, array_agg(b.id ORDER BY b.id) AS branch_ids
FROM branches b LEFT JOIN zone_rules r ON r.timezone = b.timezone GROUP BY 1, 2, 3, 4 ORDER BY 1
"""
APPLY = """
INSERT INTO zone_rules (timezone, rules, version) VALUES (:timezone, :rules, :version)
ON CONFLICT (timezone) DO UPDATE SET rules = excluded.rules, version = excluded.version,
    applied_at = clock_timestamp()
"""
# What was promised to a session that could not follow is what counts for it, as long as it stands where it stood.
TO_COME = """
SELECT a.id, a.branch_id, a.starts_at, coalesce(z.promised, a.starts_local) AS promised FROM appointments a
LEFT JOIN zone_moves z ON z.appointment_id = a.id AND z.state = 'conflict' AND z.starts_at = a.starts_at
WHERE a.branch_id = ANY(CAST(:branch_ids AS uuid[])) AND a.timezone = :timezone AND a.starts_at > clock_timestamp()
  AND a.status IN ('pending', 'confirmed', 'checked_in', 'needs_attention')
ORDER BY a.id
"""
BASELINE = """
UPDATE appointments a SET starts_local = n.starts_local
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS n (id uuid, starts_local timestamp) WHERE a.id = n.id
"""
TO_MOVE = """
INSERT INTO zone_moves AS z (appointment_id, branch_id, timezone, rules, promised, starts_at)
SELECT n.id, n.branch_id, :timezone, :rules, n.promised, n.starts_at
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS n (
    id uuid, branch_id uuid, promised timestamp, starts_at timestamptz)
ON CONFLICT (appointment_id) DO UPDATE SET branch_id = excluded.branch_id, timezone = excluded.timezone,
    rules = excluded.rules, promised = excluded.promised, starts_at = excluded.starts_at, state = 'waiting',
    code = NULL, at = clock_timestamp()
"""
SHIFTS = """
WITH gone AS (
    DELETE FROM shift_windows w WHERE w.branch_id = ANY(CAST(:branch_ids AS uuid[])) AND lower(w.during) > :now
)
SELECT * FROM shifts s WHERE s.branch_id = ANY(CAST(:branch_ids AS uuid[]))
"""
CLOSURES = """
SELECT id, branch_id, lower(during) AS starts_at, upper(during) AS ends_at, starts_local, ends_local FROM closures
WHERE branch_id = ANY(CAST(:branch_ids AS uuid[])) AND upper(during) > :now AND starts_local IS NOT NULL
"""
MOVE_CLOSURE = """
UPDATE closures SET during = tstzrange(:starts_at, :ends_at) WHERE id = :id
"""
HOLDS = """
SELECT id, branch_id, starts_at, starts_local FROM holds
WHERE branch_id = ANY(CAST(:branch_ids AS uuid[])) AND state = 'held' AND expires_at > clock_timestamp()
  AND starts_at > :now AND starts_local IS NOT NULL
"""
LEFT = """
SELECT z.*, NOT EXISTS (SELECT FROM zone_moves m WHERE m.branch_id = z.branch_id AND m.state = 'moved' AND m.at > z.at
        AND m.promised BETWEEN z.promised - interval '1 day' AND z.promised + interval '1 day')
        AND z.code IS NOT NULL AS tried
FROM zone_moves z
WHERE z.state IN ('waiting', 'asked') ORDER BY z.branch_id, z.promised LIMIT :limit FOR UPDATE OF z SKIP LOCKED
"""
MARK = """
UPDATE zone_moves z SET state = m.state, code = m.code, at = clock_timestamp()
FROM jsonb_to_recordset(CAST(:marks AS jsonb)) AS m (id uuid, state text, code text) WHERE z.appointment_id = m.id
"""
COUNTS = """
SELECT count(*) FILTER (WHERE state = 'moved') AS moved, count(*) FILTER (WHERE state = 'conflict') AS conflicts,
    count(*) FILTER (WHERE state IN ('waiting', 'asked')) AS waiting
FROM zone_moves WHERE branch_id = :branch_id AND rules = :rules
"""
CONFLICTS = """
SELECT z.appointment_id, z.branch_id, z.timezone, z.promised, z.starts_at, z.code FROM zone_moves z
JOIN appointments a ON a.id = z.appointment_id AND a.starts_at = z.starts_at
WHERE z.state = 'conflict' AND a.starts_at > clock_timestamp()
  AND a.status IN ('confirmed', 'checked_in', 'needs_attention') ORDER BY z.starts_at, z.appointment_id LIMIT 1000
"""


async def queue_up(tx: Transaction) -> None:
    await tx.run(QUEUE_UP)


async def zones(tx: Transaction) -> Sequence[Row[Any]]:
    """Those of the branches: {timezone, rules, version, applied_at, branch_ids}; never applied: nulls."""
    return await tx.all(ZONES)


async def apply(tx: Transaction, timezone: str, rules: str, version: str | None) -> None:
    await tx.run(APPLY, {"timezone": timezone, "rules": rules, "version": version})


async def to_come(tx: Transaction, timezone: str, branch_ids: Sequence[UUID]) -> Sequence[Row[Any]]:
    """Sessions that have not begun: {id, branch_id, starts_at, promised}."""
    return await tx.all(TO_COME, {"timezone": timezone, "branch_ids": branch_ids})


async def set_baseline(tx: Transaction, rows: Sequence[dict[str, Any]]) -> None:
    """{id, starts_local}."""
    if rows:
        await tx.run(BASELINE, {"rows": list(rows)})


async def add_moves(tx: Transaction, timezone: str, rules: str, rows: Sequence[dict[str, Any]]) -> None:
    """{id, branch_id, promised, starts_at}: sessions that are to follow."""
    if rows:
        await tx.run(TO_MOVE, {"timezone": timezone, "rules": rules, "rows": list(rows)})


async def clear_shifts(tx: Transaction, branch_ids: Sequence[UUID], now: datetime) -> Sequence[Row[Any]]:
    """Take back the windows that begin after now. Returns these branches' shifts, to lay out again."""
    return await tx.all(SHIFTS, {"branch_ids": branch_ids, "now": now})


async def closures(tx: Transaction, branch_ids: Sequence[UUID], now: datetime) -> Sequence[Row[Any]]:
    """Those that are not over, with the wall times they keep."""
    return await tx.all(CLOSURES, {"branch_ids": branch_ids, "now": now})


async def move_closure(tx: Transaction, id: UUID, during: Interval) -> None:
    await tx.run(MOVE_CLOSURE, {"id": id, "starts_at": during.start, "ends_at": during.end})


async def holds(tx: Transaction, branch_ids: Sequence[UUID], now: datetime) -> Sequence[Row[Any]]:
    """Live ones."""
    return await tx.all(HOLDS, {"branch_ids": branch_ids, "now": now})


async def left(tx: Transaction, limit: int) -> Sequence[Row[Any]]:
    """Sessions that are yet to follow. `tried`: in vain, and nothing of its branch has moved since."""
    return await tx.all(LEFT, {"limit": limit})


async def mark(tx: Transaction, marks: Sequence[dict[str, Any]]) -> None:
    """{id, state, code}."""
    if marks:
        await tx.run(MARK, {"marks": list(marks)})


async def counts(tx: Transaction, branch_id: UUID, rules: str) -> Row[Any]:
    """{moved, conflicts, waiting}."""
    return await tx.one(COUNTS, {"branch_id": branch_id, "rules": rules})


async def conflicts(tx: Transaction) -> Sequence[Row[Any]]:
    """Sessions that could not follow and still stand where they stood."""
    return await tx.all(CONFLICTS)
