"""Everything scheduling keeps of one client."""

from typing import Any
from uuid import UUID

from shared.kit.database import Transaction

_APPOINTMENTS = """
SELECT a.id, a.status, a.branch_id, a.treatment_id, a.therapist_id, a.room_id, a.starts_at, a.ends_at, a.timezone,
    a.notes, a.code, a.cancel_reason, a.cancellation, a.cancelled, a.prices, a.walk_in,
    a.created_at, a.started_at, a.finished_at,
    (SELECT coalesce(jsonb_agg(jsonb_build_object('at', h.at, 'status', h.status, 'starts_at', h.starts_at,
                                                  'code', h.code) ORDER BY h.version), '[]')
     FROM appointment_history h WHERE h.appointment_id = a.id) AS history
FROM appointments a
WHERE a.client_id = :id AND (CAST(:branches AS uuid[]) IS NULL OR a.branch_id = ANY(CAST(:branches AS uuid[])))
ORDER BY a.starts_at, a.id
"""
_ATTENTION = """
SELECT i.id, i.appointment_id, i.kind, i.reason, i.created_at, i.resolved_at, i.resolution
FROM attention_items i JOIN appointments a ON a.id = i.appointment_id
WHERE a.client_id = :id AND (CAST(:branches AS uuid[]) IS NULL OR a.branch_id = ANY(CAST(:branches AS uuid[])))
ORDER BY i.created_at
"""
_STANDINGS = """
SELECT protocol, outcome, valid_until FROM client_standings
WHERE client_id = :id ORDER BY protocol
"""
_HOLDS = """
SELECT id, state, branch_id, treatment_id, therapist_id, starts_at, ends_at, created_at, expires_at FROM holds
WHERE client_id = :id AND (CAST(:branches AS uuid[]) IS NULL OR branch_id = ANY(CAST(:branches AS uuid[])))
ORDER BY created_at
"""
_WAITLIST = """
SELECT e.id, e.state, e.branch_ids, e.treatment_id, e.therapist_id, e.windows, e.notes, e.created_at, e.updated_at,
    (SELECT coalesce(jsonb_agg(jsonb_build_object('id', o.id, 'state', o.state, 'branch_id', o.branch_id,
        'starts_at', o.starts_at, 'created_at', o.created_at, 'expires_at', o.expires_at) ORDER BY o.id), '[]')
     FROM waitlist_offers o WHERE o.entry_id = e.id) AS offers
FROM waitlist_entries e
WHERE e.client_id = :id AND (CAST(:branches AS uuid[]) IS NULL OR e.branch_ids && CAST(:branches AS uuid[]))
ORDER BY e.created_at
"""


_SERIES = """
SELECT id, state, branch_id, treatment_id, therapist_id, starts_local, rrule, timezone, created_at,
    (SELECT jsonb_agg(jsonb_build_object('starts_local', d.starts_local, 'state', d.state, 'code', d.code,
                                         'appointment_id', d.appointment_id) ORDER BY d.starts_local)
     FROM series_dates d WHERE d.series_id = s.id) AS dates
FROM series s
WHERE client_id = :id AND (CAST(:branches AS uuid[]) IS NULL OR branch_id = ANY(CAST(:branches AS uuid[])))
ORDER BY id
"""


async def of_client(tx: Transaction, id: UUID, branches: list[UUID] | None) -> dict[str, list[dict[str, Any]]]:
    """{appointments, attention, holds, series, standings, waitlist}, of the branches the caller sees, oldest first."""
    params = {"id": id, "branches": branches}
    found = {
        "appointments": _APPOINTMENTS, "attention": _ATTENTION, "holds": _HOLDS, "series": _SERIES,
        "standings": _STANDINGS, "waitlist": _WAITLIST,
    }  # fmt: skip
    return {name: [dict(row._mapping) for row in await tx.all(sql, params)] for name, sql in found.items()}
