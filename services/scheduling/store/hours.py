"""What is booked in a branch from now on."""

from uuid import UUID

from services.scheduling.domain.appointment import Appointment
from services.scheduling.store.appointments import from_row
from shared.kit.database import Transaction

TO_COME = """
SELECT a.* FROM appointments a
WHERE a.branch_id = :branch_id AND a.starts_at > clock_timestamp()
  AND a.status IN ('pending', 'confirmed', 'checked_in', 'needs_attention')
ORDER BY a.starts_at, a.id
"""


async def to_come(tx: Transaction, branch_id: UUID) -> list[Appointment]:
    """Sessions that have not begun, by start."""
    return [from_row(row) for row in await tx.all(TO_COME, {"branch_id": branch_id})]
