"""Verifies the whole safety record, or a branch's: every hash worked out again, every row against its entry."""

from collections.abc import Callable
from uuid import UUID

from services.room_equipment.domain.record import Fault, Verification
from services.room_equipment.store import record
from shared.kit.database import Transaction


async def verify(
    tx: Transaction, seen: Verification, branch_id: UUID | None = None,
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> list[Fault]:  # fmt: skip
    """What does not hold; empty when all does. `tx` must see one state throughout (REPEATABLE READ)."""
    await record.settle_zone(tx)
    chains = None if branch_id is None else await record.chains_of(tx, branch_id)
    if chains is not None:
        seen.kept = {chain: head for chain, head in seen.kept.items() if chain in chains}
    total = await record.count(tx, chains)
    async for page in record.entries(tx, chains):
        for entry in page:
            seen.take(entry)
        progress(seen.entries, total)
    seen.close(await record.heads(tx, chains))
    return seen.compare(
        [fault for table in record.TABLES for fault in await record.parted(tx, table, chains, branch_id)]
    )
