"""A branch's working day, and what of a room's bars is to be said of it.

A day begins at midnight by the branch's clock, or when what was opened the evening before closes; it ends where the
next begins. So every session lies on exactly one sheet, and the night of Saturday is on Saturday's.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from services.scheduling.domain.localtime import day_end, local_date
from services.scheduling.domain.opening import DAYS, Hours, Interval, open_intervals

_DAY = timedelta(days=1)


def working_day(hours: Hours, zone: ZoneInfo, day: date) -> Interval:
    """From its first to its last instant; half-open."""
    return Interval(_begins(hours, zone, day), _begins(hours, zone, day + _DAY))


def _begins(hours: Hours, zone: ZoneInfo, day: date) -> datetime:
    midnight, evening = day_end(day - _DAY, zone), DAYS[(day - _DAY).weekday()]
    nights = open_intervals({evening: hours.get(evening, ())}, zone, day - _DAY, day - _DAY)
    return max([midnight, *(night.end for night in nights)])


def working_day_of(hours: Hours, zone: ZoneInfo, now: datetime) -> date:
    """The day whose sheet is in use at that moment."""
    today = local_date(now, zone)
    return today if now >= _begins(hours, zone, today) else today - _DAY


@dataclass(frozen=True, slots=True)
class Stretch:
    """What is known of a room's bars: cleared, or not and why. `reason` is None when nobody has said."""

    start: datetime
    end: datetime
    cleared: bool
    reason: str | None = None


def bars(
    day: Interval, cleared: Iterable[tuple[datetime, datetime | None]],
    gaps: Iterable[tuple[datetime, datetime | None, str]],
) -> list[Stretch]:  # fmt: skip
    """The whole day without a hole, in order: what is not said to be cleared is not."""
    said = [Stretch(a, b or day.end, True) for a, b in cleared]
    said += [Stretch(a, b or day.end, False, reason) for a, b, reason in gaps]
    found: list[Stretch] = []
    at = day.start
    for each in sorted(said, key=lambda stretch: (stretch.start, not stretch.cleared)):
        start, end = max(each.start, at), min(each.end, day.end)
        if start >= end:
            continue
        if start > at:
            _append(found, Stretch(at, start, False))
        _append(found, Stretch(start, end, each.cleared, each.reason))
        at = end
    if at < day.end:
        _append(found, Stretch(at, day.end, False))
    return found


def _append(found: list[Stretch], stretch: Stretch) -> None:
    last = found[-1] if found else None
    if last is not None and (last.cleared, last.reason, last.end) == (stretch.cleared, stretch.reason, stretch.start):
        found[-1] = Stretch(last.start, stretch.end, last.cleared, last.reason)
    else:
        found.append(stretch)


def cleared_until(
    at: datetime, cleared: Sequence[tuple[datetime, datetime | None]]
) -> tuple[bool, datetime | None]:  # fmt: skip
    """(whether it is cleared at that moment, until when it is without a break; None: without an end)."""
    is_cleared = False
    for start, end in sorted(cleared, key=lambda period: period[0]):
        if start <= at and (end is None or end > at):
            is_cleared = True
            if end is None:
                return True, None
            at = end
    return is_cleared, at if is_cleared else None
