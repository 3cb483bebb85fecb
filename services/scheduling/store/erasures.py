"""Erased clients, and who has confirmed it."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from shared.kit.database import Transaction

_LIST = """
SELECT c.id AS client_id, c.version, c.erased_at,
    (SELECT coalesce(jsonb_object_agg(f.service, f.confirmed_at), '{}') FROM erasure_confirmations f
     WHERE f.client_id = c.id) AS confirmed
FROM clients c
WHERE c.erased_at IS NOT NULL
  AND (CAST(:id AS uuid) IS NULL OR c.id = CAST(:id AS uuid))
  AND (CAST(:after AS uuid) IS NULL OR c.id > CAST(:after AS uuid))
  AND (CAST(:branches AS uuid[]) IS NULL OR c.branch_ids && CAST(:branches AS uuid[]))
ORDER BY c.id LIMIT :limit
"""


async def listed(
    tx: Transaction, branches: list[UUID] | None, limit: int, *, id: UUID | None = None, after: UUID | None = None
) -> Sequence[Row[Any]]:
    """Rows of (client_id, version, erased_at, confirmed: {service: time}) that a caller of these branches sees."""
    return await tx.all(_LIST, {"id": id, "after": after, "branches": branches, "limit": limit})


async def confirm(tx: Transaction, service: str, client_ids: Sequence[UUID]) -> None:
    """`service` has forgotten these clients. Of somebody who was not erased it is not noted."""
    await tx.run(
        "INSERT INTO erasure_confirmations (client_id, service)"
        " SELECT id, :service FROM clients WHERE id = ANY(CAST(:ids AS uuid[])) AND erased_at IS NOT NULL"
        " ON CONFLICT DO NOTHING",
        {"service": service, "ids": list(client_ids)},
    )


async def ask_again(tx: Transaction, client_id: UUID) -> None:
    """What was confirmed no longer counts."""
    await tx.run("DELETE FROM erasure_confirmations WHERE client_id = :id", {"id": client_id})
