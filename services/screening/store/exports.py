"""Everything screening keeps of one client, as rows."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from shared.kit.database import Transaction

_READINGS = """
SELECT at, action, subject_kind, subject_id, reason FROM audit_log
WHERE (subject_kind = 'client' AND subject_id = CAST(CAST(:id AS uuid) AS text))
   OR (subject_kind = 'screening' AND subject_id IN (
        SELECT CAST(s.id AS text) FROM screenings s WHERE s.client_id = CAST(:id AS uuid)))
ORDER BY id
"""


async def arrivals(tx: Transaction, client_id: UUID) -> Sequence[Any]:
    """What was answered at the door, oldest first."""
    return await tx.all("SELECT * FROM arrivals WHERE client_id = :id ORDER BY answered_at, id", {"id": client_id})


async def standings(tx: Transaction, client_id: UUID) -> Sequence[Any]:
    return await tx.all(
        """
        SELECT protocol, protocol_version, screening_id, valid_until, declined, asks_again, until_well, deferred_until,
               needs_clearance, has_limits, letter_until
        FROM standings WHERE client_id = :id ORDER BY protocol
        """,
        {"id": client_id},
    )


async def acknowledgements(tx: Transaction, client_id: UUID) -> Sequence[Any]:
    """When therapists acknowledged the client's limits."""
    return await tx.all(
        """
        SELECT a.id, a.appointment_id, a.screening_id, a.therapist_id, a.acknowledged_at
        FROM limit_acknowledgements a JOIN screenings s ON s.id = a.screening_id
        WHERE s.client_id = :id ORDER BY a.acknowledged_at
        """,
        {"id": client_id},
    )


async def readings(tx: Transaction, client_id: UUID) -> Sequence[Any]:
    """When answers were opened and why. Not by whom: that is the reader's personal data (CJEU C-579/21)."""
    return await tx.all(_READINGS, {"id": client_id})


async def invitations(tx: Transaction, client_id: UUID) -> Sequence[Any]:
    """When the client was invited to their own page, and what became of it."""
    return await tx.all(
        "SELECT id, protocol, appointment_id, created_at, expires_at, opened_at, completed_at, revoked_at, screening_id"
        " FROM invitations WHERE client_id = :id ORDER BY id",
        {"id": client_id},
    )
