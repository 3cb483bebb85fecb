"""What screening does by the clock."""

from datetime import datetime, timedelta, timezone

from services.screening.master_keys import load_or_create
from services.screening.settings import Settings
from services.screening.store import appointments, clients, screenings
from services.screening.vault import Vault, WrappedKey
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
    Job("screening.rewrap-keys", timedelta(minutes=1), rewrap_keys),
    Job("screening.forget-past-appointments", timedelta(hours=6), appointments.forget_past),
]
