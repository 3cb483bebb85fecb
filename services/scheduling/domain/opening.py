"""Opening hours in a branch's wall time, and closures (rules: Time)."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from typing import NamedTuple
from zoneinfo import ZoneInfo

from services.scheduling.domain.localtime import at_wall, local_date
from shared.errors import Invalid

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
Hours = Mapping[str, Sequence[Sequence[str]]]
_CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)|24:00")


class Interval(NamedTuple):
    """Half-open stretch of time between two aware instants."""

    start: datetime
    end: datetime


def check(hours: Hours) -> None:
    """Refuse hours nobody could keep.

    Raises:
        Invalid: an unknown day, a time that is none, or two stretches of one day that overlap.
    """
    for day, stretches in hours.items():
        if day not in DAYS:
            raise Invalid("invalid_opening_hours", f"Days are {', '.join(DAYS)}.", pointer=f"/opening_hours/{day}")
        spans = []
        for index, stretch in enumerate(stretches):
            pointer = f"/opening_hours/{day}/{index}"
            if len(stretch) != 2 or not all(_CLOCK.fullmatch(clock) for clock in stretch) or stretch[0] == "24:00":
                raise Invalid("invalid_opening_hours", 'A stretch is ["HH:MM", "HH:MM"].', pointer=pointer)
            spans.append((*minutes(stretch), pointer))
        spans.sort()
        for (_, end, _), (start, _, pointer) in pairwise(spans):
            if start < end:
                raise Invalid("invalid_opening_hours", "Two stretches of one day overlap.", pointer=pointer)


def open_intervals(hours: Hours, zone: ZoneInfo, first: date, last: date) -> list[Interval]:
    """When the branch is open from local day `first` to `last`, both included; stretches that touch are one.

    The stretch that began the evening before `first` is included.
    """
    found = []
    day = first - timedelta(days=1)
    while day <= last:
        midnight = datetime.combine(day, time())
        for stretch in hours.get(DAYS[day.weekday()], ()):
            start, end = minutes(stretch)
            found.append(
                Interval(
                    at_wall(midnight + timedelta(minutes=start), zone), at_wall(midnight + timedelta(minutes=end), zone)
                )
            )
        day += timedelta(days=1)
    return merge(found)


def merge(intervals: Iterable[Interval]) -> list[Interval]:
    """The union, in order; empty intervals vanish, touching ones become one."""
    merged: list[Interval] = []
    for start, end in sorted(intervals):
        if end <= start:
            continue
        if merged and start <= merged[-1].end:
            merged[-1] = Interval(merged[-1].start, max(merged[-1].end, end))
        else:
            merged.append(Interval(start, end))
    return merged


def is_open(hours: Hours, zone: ZoneInfo, closures: Iterable[Interval], starts_at: datetime, ends_at: datetime) -> bool:
    """Whether the branch is open, and not closed for a while, during the whole session (turnover may lie after)."""
    if any(closure.start < ends_at and starts_at < closure.end for closure in closures):
        return False
    opened = open_intervals(hours, zone, local_date(starts_at, zone), local_date(ends_at, zone))
    return any(interval.start <= starts_at and ends_at <= interval.end for interval in opened)


def minutes(stretch: Sequence[str]) -> tuple[int, int]:
    """Minutes after the day's midnight; an end at or before its start is on the next day."""
    start, end = (int(clock[:2]) * 60 + int(clock[3:]) for clock in stretch)
    return start, end if end > start else end + 24 * 60
