"""What the client's page of a displaced session shows, and what a client asks for there."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from shared.kit.database import Transaction

GET = """
SELECT i.*, a.status, a.code, a.client_id, a.therapist_id, a.therapist_named, a.treatment_id, a.starts_at, a.ends_at,
    a.attempt, a.branch_id AS branch_now, a.timezone, b.name AS branch_name, b.phone AS branch_phone,
    b.contact_email AS branch_email, t.name AS treatment_name, p.name AS therapist_name, c.locale,
    clock_timestamp() AS now
FROM attention_items i JOIN appointments a ON a.id = i.appointment_id JOIN branches b ON b.id = a.branch_id
JOIN treatments t ON t.id = a.treatment_id JOIN clients c ON c.id = a.client_id AND c.erased_at IS NULL
LEFT JOIN therapists p ON p.id = a.therapist_id
WHERE i.id = :id AND i.kind = 'displaced'
"""
NAMES = """
SELECT id, name, NULL AS timezone FROM treatments WHERE id = ANY(CAST(:ids AS uuid[]))
UNION ALL SELECT id, name, NULL FROM therapists WHERE id = ANY(CAST(:ids AS uuid[]))
UNION ALL SELECT id, name, timezone FROM branches WHERE id = ANY(CAST(:ids AS uuid[]))
"""
LINKED = """
SELECT i.id AS item_id, i.appointment_id, a.starts_at
FROM attention_items i JOIN appointments a ON a.id = i.appointment_id
WHERE i.appointment_id = ANY(CAST(:ids AS uuid[])) AND i.kind = 'displaced' AND i.resolved_at IS NULL
  AND a.status = 'needs_attention' AND a.starts_at > clock_timestamp()
  AND (CAST(:branches AS uuid[]) IS NULL OR a.branch_id = ANY(CAST(:branches AS uuid[])))
"""
CALL = """
UPDATE attention_items SET call_requested_at = clock_timestamp()
WHERE id = :id AND call_requested_at IS NULL AND resolved_at IS NULL
"""
CANCELLED = """
SELECT a.id, a.client_id, a.branch_id, a.treatment_id, CAST(clock_timestamp() AT TIME ZONE a.timezone AS date) AS today
FROM appointments a WHERE a.id = ANY(CAST(:ids AS uuid[]))
  AND (CAST(:branches AS uuid[]) IS NULL OR a.branch_id = ANY(CAST(:branches AS uuid[])))
"""


async def get(tx: Transaction, item_id: UUID) -> Row[Any] | None:
    """A displaced session's item, whether it is answered or not; None when its client was erased."""
    return await tx.first(GET, {"id": item_id})


async def names(tx: Transaction, ids: set[UUID]) -> dict[UUID, Row[Any]]:
    """{name, timezone} of treatments, therapists and branches; the zone is a branch's."""
    return {row.id: row for row in await tx.all(NAMES, {"ids": list(ids)})}


async def linked(tx: Transaction, ids: Sequence[UUID], branches: Sequence[UUID] | None) -> Sequence[Row[Any]]:
    """Of these appointments those that wait for a choice: {item_id, appointment_id, starts_at}."""
    return await tx.all(LINKED, {"ids": list(ids), "branches": branches})


async def ask_for_call(tx: Transaction, item_id: UUID) -> bool:
    """False when it was asked for already."""
    return bool(await tx.run(CALL, {"id": item_id}))


async def sessions(tx: Transaction, ids: Sequence[UUID], branches: Sequence[UUID] | None) -> Sequence[Row[Any]]:
    """{id, client_id, branch_id, treatment_id, today} of appointments; today by their branch's clock."""
    return await tx.all(CANCELLED, {"ids": list(ids), "branches": branches})
