"""Which warning of a certificate's end is to be said now (rules: Bars and inspections)."""

from collections.abc import Collection, Sequence
from datetime import date, datetime

from services.room_equipment.domain.localdays import local_date

EXPIRED = -1
"""Stored as the "days left" of the one notice that it has ended."""


def step(
    valid_until: date,
    ends_at: datetime,
    announced: Collection[int],
    *,
    now: datetime,
    timezone: str,
    days: Sequence[int],
) -> int | None:
    """The days left to warn of, EXPIRED, or None.

    By the branch's calendar, so that an hour more or less in a night changes nothing. Only the nearest is said: a
    service that was down for a week does not say all that it missed, and one whose clock was set back says none again.
    """
    if ends_at <= now:
        found = EXPIRED
    else:
        left = (valid_until - local_date(now, timezone)).days
        reached = [day for day in days if left <= day]
        if not reached:
            return None
        found = min(reached)
    return None if any(said <= found for said in announced) else found
