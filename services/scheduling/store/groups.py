"""Groups: an id for appointments that were asked for together."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from services.scheduling.domain.appointment import Appointment
from services.scheduling.store import appointments
from shared.kit.database import Transaction

INSERT = """
INSERT INTO group_bookings (id, branch_id, starts_at, created_by) VALUES (:id, :branch_id, :starts_at, :created_by)
"""
GET = "SELECT * FROM group_bookings WHERE id = :id"
LIST = """
SELECT g.* FROM group_bookings g
WHERE (CAST(:branches AS uuid[]) IS NULL OR g.branch_id = ANY(CAST(:branches AS uuid[])))
  AND (CAST(:branch_id AS uuid) IS NULL OR g.branch_id = CAST(:branch_id AS uuid))
  AND (CAST(:from AS timestamptz) IS NULL OR g.starts_at >= CAST(:from AS timestamptz))
  AND (CAST(:to AS timestamptz) IS NULL OR g.starts_at < CAST(:to AS timestamptz))
  AND (CAST(:after_id AS uuid) IS NULL
       OR (g.starts_at, g.id) > (CAST(:after_at AS timestamptz), CAST(:after_id AS uuid)))
ORDER BY g.starts_at, g.id LIMIT :limit
"""
MEMBER_IDS = "SELECT id FROM appointments WHERE party_id = :id"


async def insert(tx: Transaction, values: dict[str, Any]) -> None:
    await tx.run(INSERT, values)


async def get(tx: Transaction, id: UUID) -> Row[Any] | None:
    return await tx.first(GET, {"id": id})


async def select(tx: Transaction, filters: dict[str, Any]) -> Sequence[Row[Any]]:
    return await tx.all(LIST, filters)


async def lock_members(tx: Transaction, party_id: UUID) -> list[Appointment]:
    """All of a party, decided or not, in the order of their ids."""
    ids = [row.id for row in await tx.all(MEMBER_IDS, {"id": party_id})]
    return list((await appointments.lock(tx, ids)).values())
