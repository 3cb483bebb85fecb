"""What is to be inspected: mounted bars and the accessories that carry a therapist, as of an instant."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from services.room_equipment.store.equipment import LATEST
from shared.kit.database import Transaction

# Days are the branch's. `since`: from when on it should have been inspected, where it never was as it is now.
_DUE = f"""
WITH inspected AS (
    SELECT 'bar' AS asset, b.id AS asset_id, b.id AS bar_id, CAST(NULL AS uuid) AS equipment_id, 'bar' AS kind,
           b.serial AS name, b.serial, b.room_id, b.branch_id, i.id AS inspection_id, i.result, i.conditions,
           i.valid_until, i.certified_until, b.unproven_since AS since,
           NOT EXISTS (SELECT 1 FROM inspections p WHERE p.bar_id = b.id AND p.kind = 'installation'
                       AND p.result <> 'fail' AND p.recorded_at >= b.unproven_since) AS unproven,
           EXISTS (SELECT 1 FROM lockouts l WHERE l.bar_id = b.id AND l.released_at IS NULL) AS locked_out
    FROM bars b
    LEFT JOIN LATERAL (
        SELECT id, result, conditions, valid_until, certified_until FROM inspections
        WHERE bar_id = b.id ORDER BY sequence DESC LIMIT 1
    ) i ON true
    WHERE b.removed_on IS NULL
    UNION ALL
    SELECT 'equipment', e.id, e.bar_id, e.id, e.kind, e.name, e.serial, e.room_id, e.branch_id, i.id, i.result,
           NULL, i.valid_until, i.certified_until, e.created_at, i.id IS NULL, false
    FROM equipment e {LATEST}
    WHERE e.inspected AND e.removed_on IS NULL AND (e.in_service OR i.result = 'fail')
), placed AS (
    SELECT a.*, r.code AS room_code, CAST(:now AT TIME ZONE coalesce(b.timezone, 'UTC') AS date) AS today,
           CAST(a.since AT TIME ZONE coalesce(b.timezone, 'UTC') AS date) AS since_day,
           coalesce(CAST(CAST(:branches_overdue_days AS jsonb) ->> CAST(a.branch_id AS text) AS int), :overdue_days)
               AS overdue_days
    FROM inspected a JOIN rooms r ON r.id = a.room_id LEFT JOIN branches b ON b.id = a.branch_id
    WHERE (CAST(:branches AS uuid[]) IS NULL OR a.branch_id = ANY (CAST(:branches AS uuid[])))
      AND (CAST(:branch_id AS uuid) IS NULL OR a.branch_id = :branch_id)
), judged AS (
    SELECT p.*, CASE WHEN result = 'fail' OR unproven THEN NULL ELSE valid_until - today END AS days_left, CASE
        WHEN result = 'fail' THEN 'failed'
        WHEN unproven THEN CASE WHEN today - since_day > overdue_days THEN 'overdue' ELSE 'never_inspected' END
        WHEN certified_until <= :now THEN CASE
            WHEN result = 'pass_with_conditions' OR today - valid_until > overdue_days THEN 'overdue' ELSE 'lapsed' END
        WHEN valid_until - today <= :within_days THEN 'due' END AS status,
        CASE WHEN unproven AND asset = 'bar' THEN 'installation'
             WHEN result = 'fail' OR locked_out THEN 'after_event' ELSE 'periodic' END AS needs,
        coalesce(certified_until, since) AS ended_at
    FROM placed p
), ranked AS (
    SELECT *, array_position(ARRAY['failed', 'overdue', 'lapsed', 'never_inspected', 'due'], status) AS urgency
    FROM judged WHERE status IS NOT NULL
)
"""

_PAGE = f"""
{_DUE}
SELECT * FROM ranked
WHERE CAST(:after_urgency AS int) IS NULL
   OR (urgency, ended_at, asset_id) > (:after_urgency, CAST(:after_end AS timestamptz), CAST(:after_id AS uuid))
ORDER BY urgency, ended_at, asset_id LIMIT :limit
"""

_SUMMARY = f"""
{_DUE}
SELECT branch_id, count(*) AS total, count(*) FILTER (WHERE status = 'failed') AS failed,
       count(*) FILTER (WHERE status = 'overdue') AS overdue, count(*) FILTER (WHERE status = 'lapsed') AS lapsed,
       count(*) FILTER (WHERE status = 'never_inspected') AS never_inspected,
       count(*) FILTER (WHERE status = 'due') AS due, min(valid_until) FILTER (WHERE status = 'due') AS next_end
FROM ranked GROUP BY branch_id ORDER BY branch_id
"""

Position = tuple[int, datetime, UUID]


async def page(tx: Transaction, after: Position | None, limit: int, **filters: Any) -> Sequence[Row[Any]]:
    """Most urgent first. `filters`: now, within_days, overdue_days (and by branch), branches, branch_id."""
    urgency, end, id = after or (None, None, None)
    return await tx.all(_PAGE, {**filters, "after_urgency": urgency, "after_end": end, "after_id": id, "limit": limit})


async def summary(tx: Transaction, **filters: Any) -> Sequence[Row[Any]]:
    """How many of each, by branch; branches with nothing due are absent."""
    return await tx.all(_SUMMARY, filters)
