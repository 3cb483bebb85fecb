"""The appointments a client's standing concerns."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from services.scheduling.domain.appointment import Appointment
from services.scheduling.store.appointments import from_row
from shared.kit.database import Transaction

TO_COME = """
SELECT a.* FROM appointments a
WHERE a.status IN ('pending', 'confirmed', 'needs_attention', 'checked_in') AND a.starts_at > clock_timestamp()
  AND EXISTS (
    SELECT FROM unnest(CAST(:clients AS uuid[]), CAST(:protocols AS text[]), CAST(:times AS timestamptz[]))
        AS d (client_id, protocol, at)
    WHERE d.client_id = a.client_id AND d.protocol = a.screening_protocol AND d.at >= a.asked_at)
  AND a.client_id = ANY(CAST(:clients AS uuid[]))
ORDER BY a.id FOR UPDATE
"""


async def lock_to_come(tx: Transaction, declined: Sequence[tuple[UUID, str, datetime]]) -> list[Appointment]:
    """Of these (client, protocol, since when) the live appointments to come that were asked for before, locked."""
    rows = await tx.all(
        TO_COME,
        {
            "clients": [client for client, _, _ in declined],
            "protocols": [protocol for _, protocol, _ in declined],
            "times": [at for _, _, at in declined],
        },
    )
    return [from_row(row) for row in rows]
