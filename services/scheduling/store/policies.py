"""Cancellation policies. Which one counts for a booking is read with all else it is judged by (booking.GROUND)."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from shared.kit.database import Transaction

PUT = """
INSERT INTO cancellation_policies AS p
    (id, branch_id, treatment_id, free_until_minutes, fee_percent, fee_amount, fee_currency)
VALUES (:id, :branch_id, :treatment_id, :free_until_minutes, :fee_percent, :fee_amount, :fee_currency)
ON CONFLICT ON CONSTRAINT cancellation_policies_one_each DO UPDATE SET
    free_until_minutes = excluded.free_until_minutes, fee_percent = excluded.fee_percent,
    fee_amount = excluded.fee_amount, fee_currency = excluded.fee_currency, version = p.version + 1,
    updated_at = clock_timestamp()
RETURNING *
"""
LIST = """
SELECT * FROM cancellation_policies
WHERE CAST(:branches AS uuid[]) IS NULL OR branch_id IS NULL OR branch_id = ANY(CAST(:branches AS uuid[]))
ORDER BY branch_id NULLS FIRST, treatment_id NULLS FIRST
"""


async def put(tx: Transaction, values: dict[str, Any]) -> Row[Any]:
    return await tx.one(PUT, values)


async def listed(tx: Transaction, branches: Sequence[UUID] | None) -> Sequence[Row[Any]]:
    """From the general to the exact."""
    return await tx.all(LIST, {"branches": branches})


async def get(tx: Transaction, id: UUID) -> Row[Any] | None:
    return await tx.first("SELECT * FROM cancellation_policies WHERE id = :id", {"id": id})


async def remove(tx: Transaction, id: UUID) -> None:
    await tx.run("DELETE FROM cancellation_policies WHERE id = :id", {"id": id})
