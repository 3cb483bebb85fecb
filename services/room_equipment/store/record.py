"""The hash chain of the safety record, and where rows and chain part. Only reads: the database itself writes it."""

from collections.abc import AsyncIterator, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from services.room_equipment.domain.record import Entry, Fault, Head
from shared.kit.database import Transaction

PAGE = 5_000
TABLES = (
    "bars", "inspections", "lockouts", "work_orders", "work_order_log", "pre_use_checks", "fitness_statements",
    "equipment_inspections", "asset_moves", "room_closures",
)  # fmt: skip

_ENTRIES = """
SELECT chain_id, sequence, branch_id, record, subject_id, change, recorded_at, by_role, content, previous, hash
FROM record_entries
WHERE (CAST(:chain AS uuid) IS NULL OR (chain_id, sequence) > (:chain, :sequence))
  AND (CAST(:chains AS uuid[]) IS NULL OR chain_id = ANY (CAST(:chains AS uuid[])))
ORDER BY chain_id, sequence LIMIT :limit
"""

# The newest entry of each subject against the row. Columns that came with a later release are in no older entry.
_CHANGED_OR_GONE = """
SELECT e.chain_id, e.sequence, e.subject_id, e.change, t.id
FROM (
    SELECT DISTINCT ON (x.subject_id) x.chain_id, x.sequence, x.subject_id, x.change, CAST(x.content AS jsonb) AS said
    FROM record_entries x WHERE x.record = '{table}'
      AND (CAST(:chains AS uuid[]) IS NULL OR x.chain_id = ANY (CAST(:chains AS uuid[])))
    ORDER BY x.subject_id, x.sequence DESC
) e
LEFT JOIN {table} t ON t.id = e.subject_id
WHERE t.id IS NULL OR to_jsonb(t) <> e.said AND e.said IS DISTINCT FROM (
    SELECT jsonb_object_agg(name, to_jsonb(t) -> name) FROM jsonb_object_keys(e.said) AS name
)
ORDER BY e.chain_id, e.sequence
"""

_IN_NO_ENTRY = """
SELECT t.id FROM {table} t
WHERE NOT EXISTS (SELECT FROM record_entries e WHERE e.record = '{table}' AND e.subject_id = t.id)
  AND (CAST(:branch_id AS uuid) IS NULL OR {branch} = :branch_id)
ORDER BY t.id
"""


async def settle_zone(tx: Transaction) -> None:
    """Rows are compared as the triggers saw them: times in UTC, ranges of them in one style."""
    await tx.run("SELECT set_config('timezone', 'UTC', true), set_config('datestyle', 'ISO', true)")


async def chains_of(tx: Transaction, branch_id: UUID) -> list[UUID]:
    """The branch's own chain, and those of bars that were ever in it."""
    rows = await tx.all(
        """SELECT DISTINCT chain_id FROM record_entries WHERE branch_id = :id
           UNION SELECT id FROM bars WHERE branch_id = :id""",
        {"id": branch_id},
    )
    return [row.chain_id for row in rows]


async def entries(tx: Transaction, chains: Sequence[UUID] | None = None) -> AsyncIterator[list[Entry]]:
    """Every entry by chain and sequence, in pages."""
    at: dict[str, Any] = {"chain": None, "sequence": None}
    while True:
        rows = await tx.all(_ENTRIES, {**at, "chains": chains, "limit": PAGE})
        if rows:
            yield [Entry(**row._asdict()) for row in rows]
        if len(rows) < PAGE:
            return
        at = {"chain": rows[-1].chain_id, "sequence": rows[-1].sequence}


async def of_chain(tx: Transaction, chain_id: UUID, after: int, limit: int) -> Sequence[Row[Any]]:
    """A chain's entries in order, without their content; hashes in hex."""
    return await tx.all(
        """SELECT sequence, record, subject_id, change, recorded_at, encode(previous, 'hex') AS previous_hash,
                  encode(hash, 'hex') AS hash
           FROM record_entries WHERE chain_id = :id AND sequence > :after ORDER BY sequence LIMIT :limit""",
        {"id": chain_id, "after": after, "limit": limit},
    )


async def count(tx: Transaction, chains: Sequence[UUID] | None = None) -> int:
    found: int = await tx.scalar(
        """SELECT count(*) FROM record_entries
           WHERE CAST(:chains AS uuid[]) IS NULL OR chain_id = ANY (CAST(:chains AS uuid[]))""",
        {"chains": chains},
    )
    return found


async def heads(tx: Transaction, chains: Sequence[UUID] | None = None) -> dict[UUID, Head]:
    rows = await tx.all(
        """SELECT chain_id, sequence, hash FROM record_heads
           WHERE CAST(:chains AS uuid[]) IS NULL OR chain_id = ANY (CAST(:chains AS uuid[]))""",
        {"chains": chains},
    )
    return {row.chain_id: Head(row.sequence, row.hash) for row in rows}


async def parted(tx: Transaction, table: str, chains: Sequence[UUID] | None, branch_id: UUID | None) -> list[Fault]:
    """Rows of one table that are not as their newest entry says, are gone, or have no entry at all."""
    found = [
        Fault(
            "record_removed" if row.id is None else "record_changed",
            row.chain_id, row.sequence, table, row.subject_id, row.change,
        )
        for row in await tx.all(_CHANGED_OR_GONE.format(table=table), {"chains": chains})
    ]  # fmt: skip
    branch = "(SELECT branch_id FROM work_orders o WHERE o.id = t.work_order_id)"
    outside = _IN_NO_ENTRY.format(table=table, branch=branch if table == "work_order_log" else "t.branch_id")
    rows = await tx.all(outside, {"branch_id": branch_id})
    return found + [Fault("record_inserted", None, None, table, row.id) for row in rows]
