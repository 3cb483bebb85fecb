"""Asking for new answers in time: once, days before a booked session that the present ones will not reach."""

from typing import Any
from uuid import UUID

from services.screening.domain.calendar import Session, zone
from services.screening.domain.standing import RENEWED_BY_ANSWERS, block_for
from services.screening.settings import Settings
from services.screening.store import invitations, renewals
from services.screening.store.screenings import standing_of
from shared.events.screening import StandingEnding
from shared.kit.database import Transaction
from shared.kit.ids import new_id

BATCH = 500


async def ask_for_renewal(tx: Transaction) -> int:
    """Say once, days before a booked session, that the standing will not hold until then; with a link to answer by."""
    rows = await renewals.due(tx, Settings().renewal_notice_days, BATCH)
    sessions = [(row, Session(row.starts_at, row.ends_at, zone(row.timezone))) for row in rows]
    needed = [row for row, session in sessions if block_for(standing_of(row), session) in RENEWED_BY_ANSWERS]
    await renewals.mark(tx, [(row.id, row.version) for row in rows])
    for row in needed:
        tx.announce(
            StandingEnding(
                client_id=row.client_id,
                version=row.version,
                protocol=row.protocol,
                appointment_id=row.id,
                branch_id=row.branch_id,
                starts_at=row.starts_at,
                invitation_id=await _invitation(tx, row),
            )
        )
    return len(needed)


async def _invitation(tx: Transaction, row: Any) -> UUID:
    """The one the client has, so that what was begun is not lost; else one that ends with the session's start."""
    live: UUID | None = await invitations.live(tx, row.client_id, row.protocol)
    if live is not None:
        return live
    id = new_id()
    await invitations.insert(
        tx,
        id=id,
        client_id=row.client_id,
        branch_id=row.branch_id,
        protocol=row.protocol,
        appointment_id=row.id,
        locale=None,
        created_by="screening",
        days=Settings().renewal_notice_days + 1,
        latest=row.starts_at,
    )
    return id
