"""The clock in: certificates that end, load profiles that grow old, sessions that overrun; each is said once."""

from datetime import timedelta

from services.room_equipment.handlers import rulebook
from services.room_equipment.handlers.overruns import tell_of_overruns
from services.room_equipment.handlers.warnings import warn
from services.room_equipment.store import load_profiles
from shared.events.room_equipment import LoadProfileChanged
from shared.kit.database import Transaction
from shared.kit.jobs import Job


async def warn_of_ends(tx: Transaction) -> int:
    """Warnings before a certificate ends, and its end, by the database's clock."""
    return await warn(tx, await tx.scalar("SELECT clock_timestamp()"), await rulebook.book(tx))


async def turn_stale(tx: Transaction) -> int:
    """Announce load profiles that became too old."""
    ended = await load_profiles.turn_stale(tx)
    tx.announce(
        *(LoadProfileChanged(therapist_id=row.therapist_id, version=row.version, state="stale") for row in ended)
    )
    return len(ended)


JOBS = [
    Job("room-equipment.certificates", timedelta(minutes=1), warn_of_ends),
    Job("room-equipment.overruns", timedelta(seconds=15), tell_of_overruns),
    Job("room-equipment.load-profiles", timedelta(minutes=10), turn_stale),
]
