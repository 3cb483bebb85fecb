"""Local dates of a branch: certificates, credentials, load profiles end with a day there, inclusive (rules: Time)."""

from calendar import monthrange
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo


@lru_cache(maxsize=256)
def zone(name: str) -> ZoneInfo:
    """The IANA zone of a branch."""
    return ZoneInfo(name)


def local_date(instant: datetime, timezone: str) -> date:
    """The date on the wall in the branch at that instant."""
    return instant.astimezone(zone(timezone)).date()


def end_of(day: date, timezone: str) -> datetime:
    """The first instant after that local day, in UTC.

    Where the clocks change at midnight, a day still ends where the next one begins on the wall.
    """
    midnight = datetime(day.year, day.month, day.day, tzinfo=zone(timezone)) + timedelta(days=1)
    return midnight.astimezone(UTC)


def add_months(day: date, months: int) -> date:
    """The same day of a later month, or that month's last day: 31 August + 6 months is 28 or 29 February."""
    years, month = divmod(day.month - 1 + months, 12)
    year = day.year + years
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
