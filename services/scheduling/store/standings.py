"""Where clients stand with screening, and the appointments that concerns."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from services.scheduling.domain.appointment import Appointment
from services.scheduling.store.appointments import from_row
from shared.kit.database import Transaction

# While a new slot is asked for, the old one is held too: it counts with when it was asked for itself.
TO_COME = """
SELECT a.* FROM appointments a
WHERE a.status IN ('pending', 'confirmed', 'needs_attention', 'checked_in') AND a.starts_at > clock_timestamp()
  AND EXISTS (
    SELECT FROM unnest(CAST(:clients AS uuid[]), CAST(:protocols AS text[]), CAST(:times AS timestamptz[]))
        AS d (client_id, protocol, at)
    WHERE d.client_id = a.client_id AND (d.protocol = a.screening_protocol AND d.at >= a.asked_at
       OR d.protocol = a.resume ->> 'screening_protocol' AND d.at >= CAST(a.resume ->> 'asked_at' AS timestamptz)))
  AND a.client_id = ANY(CAST(:clients AS uuid[]))
ORDER BY a.id FOR UPDATE
"""

_MOMENT = timedelta(seconds=5)
"""Screening reads a standing that is being changed as it was before. What was asked for this soon after a decline may
have been judged by such a reading."""

SAVE = """
INSERT INTO client_standings AS s (client_id, protocol, outcome, valid_until, version)
SELECT DISTINCT ON (n.client_id, n.protocol) n.client_id, n.protocol, n.outcome, n.valid_until, n.version
FROM jsonb_to_recordset(CAST(:standings AS jsonb)) AS n (
    client_id uuid, protocol text, outcome text, valid_until date, version int)
JOIN clients c ON c.id = n.client_id AND c.erased_at IS NULL
ORDER BY n.client_id, n.protocol, n.version DESC
ON CONFLICT (client_id, protocol) DO UPDATE SET outcome = excluded.outcome, valid_until = excluded.valid_until,
    version = excluded.version
WHERE s.version <= excluded.version
"""


async def lock_to_come(tx: Transaction, declined: Sequence[tuple[UUID, str, datetime]]) -> list[Appointment]:
    """Of these (client, protocol, since when) the live appointments to come that were asked for before, locked."""
    rows = await tx.all(
        TO_COME,
        {
            "clients": [client for client, _, _ in declined],
            "protocols": [protocol for _, protocol, _ in declined],
            "times": [at + _MOMENT for _, _, at in declined],
        },
    )
    return [from_row(row) for row in rows]


async def save(tx: Transaction, standings: Sequence[dict[str, Any]]) -> None:
    """{client_id, protocol, outcome, valid_until, version} each; an older one changes nothing."""
    await tx.run(SAVE, {"standings": list(standings)})


async def forget(tx: Transaction, client_id: UUID) -> None:
    await tx.run("DELETE FROM client_standings WHERE client_id = :id", {"id": client_id})
