"""What was erased: ids and times."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from shared.kit.database import Transaction

_LIST = """
SELECT client_id, erased_at FROM erasures
WHERE (CAST(:id AS uuid) IS NULL OR client_id = :id) AND (CAST(:after AS uuid) IS NULL OR client_id > :after)
  AND (CAST(:branches AS uuid[]) IS NULL OR branch_ids && CAST(:branches AS uuid[]))
ORDER BY client_id LIMIT :limit
"""


async def page(
    tx: Transaction, branches: list[UUID] | None, limit: int, *, id: UUID | None = None, after: UUID | None = None
) -> Sequence[Any]:
    """Rows of (client_id, erased_at) that a caller of these branches sees."""
    return await tx.all(_LIST, {"id": id, "after": after, "branches": branches, "limit": limit})


async def record(tx: Transaction, branches: dict[UUID, list[UUID]]) -> None:
    """Write down that they were erased, {client: branches}. Who was before stays erased since then."""
    await tx.run(
        "INSERT INTO erasures (client_id, branch_ids)"
        " SELECT r.client_id, r.branch_ids FROM jsonb_to_recordset(CAST(:rows AS jsonb))"
        " AS r (client_id uuid, branch_ids uuid[]) ON CONFLICT DO NOTHING",
        {"rows": [{"client_id": id, "branch_ids": ids} for id, ids in branches.items()]},
    )


async def branches_of(tx: Transaction, ids: Sequence[UUID]) -> dict[UUID, list[UUID]]:
    """The branches of these clients, as long as they have some; others are left out."""
    rows = await tx.all("SELECT id, branch_ids FROM clients WHERE id = ANY(CAST(:ids AS uuid[]))", {"ids": list(ids)})
    return {row.id: row.branch_ids for row in rows}


async def holders_of(tx: Transaction, key_ids: Sequence[UUID], limit: int) -> list[UUID]:
    """The clients who still have one of these keys, locked."""
    rows = await tx.all(
        "SELECT c.id FROM client_keys k JOIN clients c ON c.id = k.client_id"
        " WHERE k.key_id = ANY(CAST(:keys AS uuid[])) ORDER BY c.id LIMIT :limit FOR UPDATE OF c",
        {"keys": list(key_ids), "limit": limit},
    )
    return [row.id for row in rows]
