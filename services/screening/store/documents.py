"""The scans of letters, each under a seal of its own."""

from typing import Any
from uuid import UUID

from shared.kit.database import Transaction


async def insert(tx: Transaction, clearance_id: UUID, client_id: UUID, sealed: bytes) -> None:
    await tx.run(
        "INSERT INTO clearance_documents (clearance_id, client_id, sealed) VALUES (:id, :client_id, :sealed)",
        {"id": clearance_id, "client_id": client_id, "sealed": sealed},
    )


async def read(tx: Transaction, screening_id: UUID, clearance_id: UUID) -> Any:
    """A letter of this screening with its scan: (vault, sealed); None if there is no such letter or no scan."""
    return await tx.first(
        "SELECT c.vault, d.sealed FROM clearances c JOIN clearance_documents d ON d.clearance_id = c.id"
        " WHERE c.id = :id AND c.screening_id = :screening_id",
        {"id": clearance_id, "screening_id": screening_id},
    )
