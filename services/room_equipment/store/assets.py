"""Rooms, bars and equipment as one list, each with its state now: what an inspector walks along."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from services.room_equipment.store.equipment import LATEST, STATUS
from shared.kit.database import Transaction

# A room's `cleared_until` is the end of the cleared time that runs now, over adjoining certificates.
_ASSETS = f"""
WITH here AS (
    SELECT id, branch_id, code, name, in_service FROM rooms r
    WHERE (CAST(:branches AS uuid[]) IS NULL OR r.branch_id = ANY (CAST(:branches AS uuid[])))
      AND (CAST(:branch_id AS uuid) IS NULL OR r.branch_id = :branch_id)
      AND (CAST(:room_id AS uuid) IS NULL OR r.id = :room_id)
), assets AS (
    SELECT r.id AS room_id, r.code AS room_code, r.branch_id, 0 AS turn, 'room' AS asset, r.id, 'room' AS kind, r.name,
           CAST(NULL AS text) AS serial, CAST(NULL AS uuid) AS bar_id, r.in_service,
           CASE WHEN c.until IS NOT NULL THEN 'cleared' ELSE coalesce(g.reason, 'no_bar') END AS status,
           c.until AS cleared_until, g.reason AS gap_reason, CAST(NULL AS date) AS valid_until,
           CAST(NULL AS timestamptz) AS certified_until, false AS locked_out, CAST(NULL AS date) AS removed_on
    FROM here r
    LEFT JOIN LATERAL (
        SELECT upper(stretch) AS until FROM (
            SELECT unnest(range_agg(valid_during)) AS stretch FROM room_clearances k WHERE k.room_id = r.id
        ) AS whole WHERE stretch @> clock_timestamp()
    ) c ON true
    LEFT JOIN room_gaps g ON g.room_id = r.id AND g.during @> clock_timestamp()
    UNION ALL
    SELECT r.id, r.code, r.branch_id, 1, 'bar', b.id, 'bar', b.mounting, b.serial, CAST(NULL AS uuid), b.in_service,
           CASE WHEN b.removed_on IS NOT NULL THEN 'removed' WHEN NOT b.in_service THEN 'out_of_service'
                WHEN i.result = 'fail' THEN 'failed'
                WHEN l.locked_out THEN 'locked_out'
                WHEN i.id IS NULL OR NOT p.proven THEN 'never_inspected'
                WHEN i.certified_until <= clock_timestamp() THEN 'lapsed' ELSE 'certified' END,
           NULL, NULL, CASE WHEN p.proven THEN i.valid_until END, CASE WHEN p.proven THEN i.certified_until END,
           l.locked_out, b.removed_on
    FROM here r JOIN bars b ON b.room_id = r.id
    LEFT JOIN LATERAL (
        SELECT id, result, valid_until, certified_until FROM inspections
        WHERE bar_id = b.id ORDER BY sequence DESC LIMIT 1
    ) i ON true,
    LATERAL (
        SELECT EXISTS (SELECT 1 FROM inspections x WHERE x.bar_id = b.id AND x.kind = 'installation'
                       AND x.result <> 'fail' AND x.recorded_at >= b.unproven_since) AS proven
    ) p,
    LATERAL (
        SELECT EXISTS (SELECT 1 FROM lockouts k WHERE k.bar_id = b.id AND k.released_at IS NULL) AS locked_out
    ) l
    UNION ALL
    SELECT r.id, r.code, r.branch_id, 2, 'equipment', e.id, e.kind, e.name, e.serial, e.bar_id,
           ({STATUS}) = 'in_service', {STATUS}, NULL, NULL, i.valid_until, i.certified_until, false, e.removed_on
    FROM here r JOIN equipment e ON e.room_id = r.id {LATEST}
)
SELECT * FROM assets
WHERE (CAST(:ids AS uuid[]) IS NULL OR id = ANY (CAST(:ids AS uuid[])))
  AND (CAST(:kind AS text) IS NULL OR kind = :kind)
  AND (CASE WHEN CAST(:status AS text) IS NULL THEN status <> 'removed' ELSE status = :status END)
  AND (CAST(:after_id AS uuid) IS NULL OR (branch_id, room_code, turn, id)
       > (CAST(:after_branch AS uuid), CAST(:after_room AS text), CAST(:after_turn AS int), CAST(:after_id AS uuid)))
ORDER BY branch_id, room_code, turn, id LIMIT :limit
"""

Position = tuple[UUID, str, int, UUID]


async def page(tx: Transaction, after: Position | None, **filters: Any) -> Sequence[Row[Any]]:
    """Room by room: the room itself, its bars, then what else is in it. Removed things only when asked for."""
    branch, room, turn, id = after or (None, None, None, None)
    place = {"after_branch": branch, "after_room": room, "after_turn": turn, "after_id": id}
    return await tx.all(_ASSETS, filters | place)
