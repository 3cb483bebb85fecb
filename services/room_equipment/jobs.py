"""The clock in: certificates that end, load profiles that grow old. Each warning once, also across restarts."""

from datetime import UTC, datetime, timedelta
from typing import Any

from services.room_equipment.domain.houserules import HouseRules
from services.room_equipment.domain.localdays import local_date
from services.room_equipment.store import load_profiles, warnings
from shared.events.room_equipment import BarInspectionDue, BarInspectionExpired, LoadProfileChanged
from shared.kit.database import Transaction
from shared.kit.jobs import Job

EXPIRED = -1  # stored as the "days left" of the one expiry notice


async def warn_of_ends(tx: Transaction) -> int:
    """Announce the nearest warning that is due of each certificate in force, and each end once."""
    days = HouseRules().warning_days
    now: datetime = await tx.scalar("SELECT clock_timestamp()")
    due: list[tuple[Any, int]] = []
    for row in await warnings.ending(tx, now + timedelta(days=max(days) + 2)):
        left = (row.valid_until - local_date(now, row.timezone)).days
        if row.certified_until <= now:
            step = EXPIRED
        else:
            # A service that was down for a week says the newest warning, not all that were missed.
            reached = [day for day in days if left <= day]
            if not reached:
                continue
            step = min(reached)
        if step not in row.announced:
            due.append((row, step))
    fresh = await warnings.announce(tx, [(row.inspection_id, step) for row, step in due])
    for row, step in due:
        if (row.inspection_id, step) not in fresh:
            continue
        place = {"room_id": row.room_id, "bar_id": row.bar_id, "branch_id": row.branch_id}
        if step == EXPIRED:
            tx.announce(BarInspectionExpired(**place, valid_until=row.certified_until))
        else:
            tx.announce(BarInspectionDue(**place, days_left=step, valid_until=row.certified_until))
    return len(fresh)


async def turn_stale(tx: Transaction) -> int:
    """Announce load profiles that became too old."""
    ended = await load_profiles.turn_stale(tx, datetime.now(UTC).date())
    tx.announce(
        *(LoadProfileChanged(therapist_id=row.therapist_id, version=row.version, state="stale") for row in ended)
    )
    return len(ended)


JOBS = [
    Job("room-equipment.certificates", timedelta(minutes=1), warn_of_ends),
    Job("room-equipment.load-profiles", timedelta(minutes=10), turn_stale),
]
