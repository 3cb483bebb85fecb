"""A branch's wall clock and the instants it stands for (rules: Time)."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from services.scheduling.domain.errors import AmbiguousLocalTime, NonexistentLocalTime

_DAY = timedelta(days=1)


def instants(local: datetime, zone: ZoneInfo) -> list[datetime]:
    """Every instant (UTC, ascending) at which the clock shows naive `local`: none in a gap, two in a repeated hour."""
    found = []
    for fold in (0, 1):
        instant = local.replace(tzinfo=zone, fold=fold).astimezone(UTC)
        if instant.astimezone(zone).replace(tzinfo=None) == local.replace(fold=0) and instant not in found:
            found.append(instant)
    return sorted(found)


def resolve(local: datetime, zone: ZoneInfo) -> datetime:
    """The one instant a person meant by naive `local`.

    Raises:
        NonexistentLocalTime: the clock jumps over it.
        AmbiguousLocalTime: it happens twice; the error carries both instants.
    """
    found = instants(local, zone)
    if not found:
        raise NonexistentLocalTime(local, zone.key)
    if len(found) > 1:
        raise AmbiguousLocalTime(local, zone.key, found)
    return found[0]


def at_wall(local: datetime, zone: ZoneInfo) -> datetime:
    """The instant of a recurring wall time: never refused, because nobody is there to choose.

    As RFC 5545, 3.3.5: the first of a repeated hour, and in a gap the offset from before it.
    """
    return local.replace(tzinfo=zone, fold=0).astimezone(UTC)


def wall(instant: datetime, zone: ZoneInfo) -> datetime:
    """What the branch's clock shows at `instant` (naive)."""
    return instant.astimezone(zone).replace(tzinfo=None, fold=0)


def local_date(instant: datetime, zone: ZoneInfo) -> date:
    """The branch's calendar day at `instant`."""
    return instant.astimezone(zone).date()


def day_end(day: date, zone: ZoneInfo) -> datetime:
    """The instant at which the branch's `day` is over; dates such as `certified_until` hold until then."""
    return at_wall(datetime.combine(day + _DAY, time()), zone)
