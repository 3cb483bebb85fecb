"""When a closure begins and ends, and why a session it displaced is not put back."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from services.scheduling.domain.appointment import ENDED, Appointment, Status
from services.scheduling.domain.localtime import at_wall
from services.scheduling.domain.opening import DAYS, Hours, Interval, minutes

BRANCH_CLOSED = "branch_closed"
"""The reason of a displacement, as the attention list and events say it."""

_MIDNIGHT = 24 * 60


def day_start(hours: Hours, zone: ZoneInfo, day: date) -> datetime:
    """When a day of the branch begins: at midnight, or when the night that began the day before is over.

    A night that lasts into the day's own first hours ends where these begin.
    """
    before = [minutes(stretch)[1] - _MIDNIGHT for stretch in _stretches(hours, day - timedelta(days=1))]
    night = max((over for over in before if over > 0), default=0)
    first = min((minutes(stretch)[0] for stretch in _stretches(hours, day)), default=night)
    midnight = datetime.combine(day, time())
    return at_wall(midnight + timedelta(minutes=min(night, first)), zone)


def _stretches(hours: Mapping[str, Sequence[Sequence[str]]], day: date) -> Sequence[Sequence[str]]:
    return hours.get(DAYS[day.weekday()], ())


def why_not_back(a: Appointment, closed: Interval, now: datetime) -> str | None:
    """Why a session that a closure displaced is left as it is when that closure is taken back; None: it may go back."""
    if a.status in ENDED:
        return str(a.status)
    if not (a.starts_at < closed.end and closed.start < a.ends_at):
        return "moved_elsewhere"
    if a.status is not Status.NEEDS_ATTENTION:
        return "moved_elsewhere" if a.status is Status.PENDING else str(a.status)
    return "starts_in_past" if a.starts_at <= now else None
