"""What screening does by the clock."""

from datetime import datetime, timedelta, timezone

from services.screening.domain.calendar import Session, zone
from services.screening.domain.standing import RENEWED_BY_ANSWERS, block_for
from services.screening.master_keys import load_or_create
from services.screening.settings import Settings
from services.screening.store import appointments, clients, renewals, screenings
from services.screening.store.screenings import standing_of
from services.screening.vault import Vault, WrappedKey
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


async def rewrap_keys(tx: Transaction) -> int:
    """After a rotation: move clients' keys under the new master key, so that the old one can go."""
    keys = load_or_create(Settings().master_key_file)
    vault = Vault(keys)
    rows = await clients.keys_to_rewrap(tx, keys.active.id, [key.id for key in keys.keys], _BATCH)
    if not rows:
        return 0
    return await clients.replace_keys(
        tx,
        {row.client_id: vault.rewrap(row.client_id, WrappedKey(row.master_key_id, bytes(row.wrapped))) for row in rows},
    )


JOBS = [
    Job("screening.announce-expired", timedelta(minutes=5), announce_expired),
    Job("screening.ask-for-renewal", timedelta(minutes=5), ask_for_renewal),
    Job("screening.rewrap-keys", timedelta(minutes=1), rewrap_keys),
    Job("screening.forget-past-appointments", timedelta(hours=6), appointments.forget_past),
]
