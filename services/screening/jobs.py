"""What screening does by the clock."""

from datetime import datetime, timedelta, timezone

from services.screening.handlers.erase import reapply
from services.screening.handlers.renew import ask_for_renewal
from services.screening.handlers.retain import run as destroy_past_retention
from services.screening.handlers.rotate import rewrap_keys
from services.screening.store import appointments, invitations, screenings
from shared.events.screening import StandingExpired
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


JOBS = [
    Job("screening.announce-expired", timedelta(minutes=5), announce_expired),
    Job("screening.ask-for-renewal", timedelta(minutes=5), ask_for_renewal),
    Job("screening.reapply-erasures", timedelta(minutes=1), reapply),
    Job("screening.retention", timedelta(hours=1), destroy_past_retention),
    Job("screening.rewrap-keys", timedelta(seconds=5), rewrap_keys),
    Job("screening.forget-drafts", timedelta(minutes=5), invitations.forget_drafts),
    Job("screening.forget-past-appointments", timedelta(hours=6), appointments.forget_past),
]
