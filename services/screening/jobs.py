"""What screening does by the clock."""

from datetime import datetime, timedelta, timezone

from services.screening.domain.calendar import Session, zone
from services.screening.domain.standing import RENEWED_BY_ANSWERS, block_for
from services.screening.handlers.erase import reapply
from services.screening.handlers.retain import run as destroy_past_retention
from services.screening.handlers.rotate import rewrap_keys
from services.screening.settings import Settings
from services.screening.store import appointments, invitations, renewals, screenings
from services.screening.store.screenings import standing_of
from shared.events.screening import StandingEnding, StandingExpired
from shared.kit.database import Transaction
from shared.kit.jobs import Job

_BATCH = 500
_EVERYWHERE = timezone(timedelta(hours=-12))  # where a day ends last


async def announce_expired(tx: Transaction) -> int:
    """Say once that a standing's answers have ended, when their last day is over everywhere.

    Bookings do not wait for this: each is evaluated against its own local day.
    """
    now: datetime = await tx.scalar("SELECT clock_timestamp()")
    rows = await screenings.expire(tx, now.astimezone(_EVERYWHERE).date(), _BATCH)
    tx.announce(*(StandingExpired(client_id=row.client_id, version=row.facts, protocol=row.protocol) for row in rows))
    return len(rows)


async def ask_for_renewal(tx: Transaction) -> int:
    """Say once, days before a booked session, that the standing will not hold until then."""
    rows = await renewals.due(tx, Settings().renewal_notice_days, _BATCH)
    sessions = [(row, Session(row.starts_at, row.ends_at, zone(row.timezone))) for row in rows]
    needed = [row for row, session in sessions if block_for(standing_of(row), session) in RENEWED_BY_ANSWERS]
    await renewals.mark(tx, [(row.id, row.version) for row in rows])
    tx.announce(
        *(
            StandingEnding(
                client_id=row.client_id,
                version=row.version,
                protocol=row.protocol,
                appointment_id=row.id,
                branch_id=row.branch_id,
                starts_at=row.starts_at,
            )
            for row in needed
        )
    )
    return len(needed)


JOBS = [
    Job("screening.announce-expired", timedelta(minutes=5), announce_expired),
    Job("screening.ask-for-renewal", timedelta(minutes=5), ask_for_renewal),
    Job("screening.reapply-erasures", timedelta(minutes=1), reapply),
    Job("screening.retention", timedelta(hours=1), destroy_past_retention),
    Job("screening.rewrap-keys", timedelta(seconds=5), rewrap_keys),
    Job("screening.forget-drafts", timedelta(minutes=5), invitations.forget_drafts),
    Job("screening.forget-past-appointments", timedelta(hours=6), appointments.forget_past),
]
