"""Checklists that the chain and branches published: appended, never edited."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from services.room_equipment.domain.checklists import Checklist, Item
from shared.kit.database import Transaction

# `branch_id` of the row: null for the chain's.
_VERSIONS = """
SELECT branch_id, kind, version, title, items, published_at,
       lead(published_at) OVER (PARTITION BY branch_id, kind ORDER BY version) AS superseded_at
FROM checklists
WHERE (CAST(:kind AS text) IS NULL OR kind = :kind)
  AND (branch_id IS NULL OR branch_id = CAST(:branch_id AS uuid))
ORDER BY kind, version
"""


async def versions(tx: Transaction, branch_id: UUID | None, kind: str | None = None) -> list[Checklist]:
    """The chain's, and with `branch_id` that branch's own, oldest first."""
    return [
        Checklist(
            row.kind, row.version, "branch" if row.branch_id else "chain", row.title,
            tuple(Item(**item) for item in row.items), row.branch_id, row.published_at, row.superseded_at,
        )
        for row in await tx.all(_VERSIONS, {"kind": kind, "branch_id": branch_id})
    ]  # fmt: skip


async def add(
    tx: Transaction, id: UUID, branch_id: UUID | None, kind: str, title: str, items: Sequence[dict[str, Any]],
    subject: str,
) -> int:  # fmt: skip
    """The new version's number. Two who publish at once wait for each other."""
    await tx.run("SELECT pg_advisory_xact_lock(7239003)")
    version: int = await tx.scalar(
        """INSERT INTO checklists (id, branch_id, kind, version, title, items, published_by)
           SELECT :id, CAST(:branch_id AS uuid), :kind, 1 + coalesce(max(version), 0), :title,
                  CAST(:items AS jsonb), :subject
           FROM checklists WHERE branch_id IS NOT DISTINCT FROM CAST(:branch_id AS uuid) AND kind = CAST(:kind AS text)
           RETURNING version""",
        {"id": id, "branch_id": branch_id, "kind": kind, "title": title, "items": list(items), "subject": subject},
    )
    return version
