"""House rules of the chain and of branches: versions, appended; the newest of each is in force."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from shared.kit.database import Transaction


async def in_force(tx: Transaction) -> Sequence[Row[Any]]:
    """(branch_id or None for the chain, rules), few enough to read them all."""
    return await tx.all("SELECT branch_id, rules FROM house_rules_in_force")


async def newest(tx: Transaction, branch_id: UUID | None) -> int:
    """The number of the newest version; 0 when none was ever set."""
    found: int = await tx.scalar(
        "SELECT coalesce(max(version), 0) FROM house_rules WHERE branch_id IS NOT DISTINCT FROM CAST(:id AS uuid)",
        {"id": branch_id},
    )
    return found


async def one_at_a_time(tx: Transaction) -> None:
    """Whoever changes house rules waits for others who do; taken before any room is locked."""
    await tx.run("SELECT pg_advisory_xact_lock(7239002)")


async def add(tx: Transaction, branch_id: UUID | None, version: int, rules: dict[str, Any], subject: str) -> None:
    await tx.run(
        """INSERT INTO house_rules (branch_id, version, rules, set_by)
           VALUES (:branch_id, :version, CAST(:rules AS jsonb), :subject)""",
        {"branch_id": branch_id, "version": version, "rules": rules, "subject": subject},
    )


async def page(tx: Transaction, branch_id: UUID | None, before: int | None, limit: int) -> Sequence[Row[Any]]:
    """Versions of one scope, newest first."""
    return await tx.all(
        """SELECT branch_id, version, rules, set_at, set_by FROM house_rules
           WHERE branch_id IS NOT DISTINCT FROM CAST(:branch_id AS uuid)
             AND (CAST(:before AS int) IS NULL OR version < :before)
           ORDER BY version DESC LIMIT :limit""",
        {"branch_id": branch_id, "before": before, "limit": limit},
    )


async def branches_with_rooms(tx: Transaction) -> list[UUID]:
    return [row.branch_id for row in await tx.all("SELECT DISTINCT branch_id FROM rooms")]
