"""Inspections: appended, read, never changed."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from services.room_equipment.domain.inspections import History, OpenLockout
from shared.kit.database import Transaction

COLUMNS = """id, bar_id, sequence, branch_id, room_id, bar_serial, rated_load_kg, kind, performed_at, recorded_at,
    event, inspector_id, inspector_name, inspector_organisation, inspector_credential, credential_valid_until,
    checklist_template, checklist, load_test_kg, result, conditions, note, valid_until, certified_until,
    record_sequence, record_hash"""

# With its place in the bar's hash chain: printed on a certificate, the hash holds the record to what it was then.
CHAINED = """
SELECT i.*, e.sequence AS record_sequence, encode(e.hash, 'hex') AS record_hash FROM inspections i
LEFT JOIN LATERAL (
    SELECT sequence, hash FROM record_entries x WHERE x.record = 'inspections' AND x.subject_id = i.id
    ORDER BY sequence DESC LIMIT 1
) e ON true
"""

_HISTORY = """
SELECT b.rated_load_kg, CASE WHEN b.unproven_since > b.created_at THEN b.unproven_since END AS changed_at,
    (SELECT max(sequence) FROM inspections WHERE bar_id = b.id) AS sequence,
    (SELECT performed_at FROM inspections WHERE bar_id = b.id ORDER BY sequence DESC LIMIT 1) AS latest,
    EXISTS (SELECT 1 FROM inspections p WHERE p.bar_id = b.id AND p.kind = 'installation' AND p.result <> 'fail'
            AND p.recorded_at >= b.unproven_since) AS proven,
    (SELECT jsonb_build_array(repairer_credential_key, repairer_subject) FROM work_orders
     WHERE bar_id = b.id AND status = 'completed' ORDER BY completed_at DESC LIMIT 1) AS repairer
FROM bars b WHERE b.id = :id
"""

_LOCKOUTS = """
SELECT l.id, l.opened_at, l.event, w.id AS work_order_id, w.completed_at, w.repairer_credential_key,
    w.repairer_subject
FROM lockouts l
LEFT JOIN work_orders w ON w.lockout_id = l.id
WHERE l.bar_id = :id AND l.released_at IS NULL ORDER BY l.opened_at, l.id
"""

_ADD = """
INSERT INTO inspections (id, bar_id, sequence, branch_id, room_id, bar_serial, rated_load_kg, kind, performed_at,
    recorded_at, recorded_by, inspector_name, inspector_organisation, inspector_credential, inspector_credential_key,
    credential_valid_until, checklist, load_test_kg, result, conditions, note, valid_until, certified_until, event,
    checklist_template, inspector_id)
VALUES (:id, :bar_id, :sequence, :branch_id, :room_id, :bar_serial, :rated_load_kg, :kind, :performed_at,
    :recorded_at, :recorded_by, :inspector_name, :inspector_organisation, :inspector_credential,
    :inspector_credential_key, :credential_valid_until, CAST(:checklist AS jsonb), :load_test_kg, :result, :conditions,
    :note, :valid_until, :certified_until, :event, CAST(:checklist_template AS jsonb), :inspector_id)
"""


async def history(tx: Transaction, bar_id: UUID) -> tuple[History, int]:
    """What is on record of a bar, and the sequence number of its next inspection."""
    row = await tx.one(_HISTORY, {"id": bar_id})
    lockouts = [
        OpenLockout(
            lockout.id,
            lockout.opened_at,
            lockout.work_order_id,
            lockout.completed_at,
            lockout.event,
            (lockout.repairer_credential_key or "", lockout.repairer_subject) if lockout.completed_at else None,
        )
        for lockout in await tx.all(_LOCKOUTS, {"id": bar_id})
    ]
    repairer = (row.repairer[0] or "", row.repairer[1]) if row.repairer else None
    found = History(row.rated_load_kg, row.proven, row.latest, lockouts, repairer, row.changed_at)
    return found, (row.sequence or 0) + 1


async def add(tx: Transaction, values: dict[str, Any]) -> None:
    await tx.run(_ADD, values)


async def of_bar(tx: Transaction, bar_id: UUID, before: int | None, limit: int) -> Sequence[Row[Any]]:
    """Newest first; `before` is the sequence number of the last one shown."""
    return await tx.all(
        f"""SELECT {COLUMNS} FROM ({CHAINED}) i
            WHERE bar_id = :bar_id AND (CAST(:before AS int) IS NULL OR sequence < :before)
            ORDER BY sequence DESC LIMIT :limit""",
        {"bar_id": bar_id, "before": before, "limit": limit},
    )


async def by_ids(tx: Transaction, ids: Sequence[UUID]) -> Sequence[Row[Any]]:
    return await tx.all(
        f"SELECT {COLUMNS} FROM ({CHAINED}) i WHERE id = ANY (CAST(:ids AS uuid[])) ORDER BY bar_id, sequence",
        {"ids": list(ids)},
    )
