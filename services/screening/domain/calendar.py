"""Days and months as the rules count them."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from datetime import timezone as fixed_zone
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

# The ends of the world's local time. Where a branch's zone is not known (yet), the day that refuses is used.
_EARLIEST_DAY: tzinfo = fixed_zone(timedelta(hours=-12))
_LATEST_DAY: tzinfo = fixed_zone(timedelta(hours=14))


def add_months(day: date, months: int) -> date:
    """The same day some months on; the month's last day where there is no such day."""
    years, month = divmod(day.month - 1 + months, 12)
    year = day.year + years
    return day.replace(year=year, month=month + 1, day=min(day.day, monthrange(year, month + 1)[1]))


def zone(name: str | None) -> ZoneInfo | None:
    """An IANA zone, or None when it is not named or not known here."""
    if name is None:
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return None


def local_day(moment: datetime, zone: ZoneInfo | None) -> date:
    """The wall-calendar day at a branch; UTC's where the zone is not known."""
    return moment.astimezone(zone or UTC).date()


@dataclass(frozen=True)
class Session:
    """When a session is, on the calendar of its branch. Aware times, half-open.

    Without a zone every date is read at the end of the world that is stricter: a deferral at the earliest local
    day, an expiry at the latest.
    """

    starts_at: datetime
    ends_at: datetime
    zone: ZoneInfo | None

    @property
    def first_day(self) -> date:
        return self.starts_at.astimezone(self.zone or _EARLIEST_DAY).date()

    @property
    def start_day(self) -> date:
        return self.starts_at.astimezone(self.zone or _LATEST_DAY).date()

    @property
    def last_day(self) -> date:
        return self.ends_at.astimezone(self.zone or _LATEST_DAY).date()
