"""Items nobody has acted on."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row

from shared.kit.database import Transaction

# Once an item: the mark and what is announced of it are one commit. While a new slot is asked for, somebody acts.
ESCALATE = """
WITH due AS (
    SELECT i.id FROM attention_items i JOIN appointments a ON a.id = i.appointment_id
    WHERE i.resolved_at IS NULL AND i.escalated_at IS NULL
      AND (i.kind = 'displaced' AND a.status = 'needs_attention'
           OR i.kind = 'therapist_needed' AND a.status IN ('confirmed', 'checked_in'))
      AND a.starts_at <= clock_timestamp() + make_interval(mins => CAST(:minutes AS int))
    ORDER BY a.starts_at, i.id LIMIT 500 FOR UPDATE OF i SKIP LOCKED
), escalated AS (
    UPDATE attention_items i SET escalated_at = clock_timestamp(), owner = 'manager' FROM due WHERE i.id = due.id
    RETURNING i.id, i.kind, i.appointment_id
)
SELECT e.id AS attention_id, e.kind AS attention_kind, a.*
FROM escalated e JOIN appointments a ON a.id = e.appointment_id ORDER BY e.id
"""


async def escalate(tx: Transaction, minutes: int) -> Sequence[Row[Any]]:
    """Give them to the manager: those that begin within so many minutes. Rows are the appointments', with
    `attention_id` and `attention_kind`."""
    return await tx.all(ESCALATE, {"minutes": minutes})
