"""Days and times in a chain's files: fixed ones, and ones that count from the day of import.

    2026-05-01          that day                     mon         the first Monday after the day of import
    today  +3d  -2w     from the day of import       mon+1w      the Monday after that
    +9m  -1y  -6m+4d    months and years first       mon-2w      a Monday that has passed

A time is a day and a wall-clock time of the branch (`tue+1w 10:30`), or an instant with its offset
(`2026-05-01T10:30+08:00`), which is needed in the hour that a clock change repeats. `now` is the moment of recording.
"""

import calendar
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY = re.compile(r"(today|mon|tue|wed|thu|fri|sat|sun)?((?:[+-]\d{1,4}[dwmy])*)")
_OFFSET = re.compile(r"([+-]\d+)([dwmy])")
_TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")


@dataclass(frozen=True, slots=True)
class Day:
    """A day that becomes a date once the day of import is known."""

    fixed: date | None = None
    weekday: int | None = None
    months: int = 0
    days: int = 0

    @classmethod
    def parse(cls, text: object) -> "Day":
        """Raises ValueError, which says what a day looks like."""
        if isinstance(text, Day):
            return text
        asked = str(text).strip().lower()
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", asked):
            return cls(fixed=date.fromisoformat(asked))
        match = _DAY.fullmatch(asked)
        if not asked or match is None:
            raise ValueError(f"{str(text)!r} is no day: write 2026-05-01, today, +3d, -6m+4d, mon or mon+1w")
        weekday = WEEKDAYS.index(match[1]) if match[1] not in (None, "today") else None
        months = days = 0
        for number, unit in _OFFSET.findall(match[2]):
            match unit:
                case "d" | "w":
                    days += int(number) * (7 if unit == "w" else 1)
                case _:
                    months += int(number) * (12 if unit == "y" else 1)
        return cls(weekday=weekday, months=months, days=days)

    def on(self, anchor: date) -> date:
        """The date, counted from `anchor`, the day of import. A month too short ends on its last day."""
        if self.fixed is not None:
            return self.fixed
        day = anchor
        if self.weekday is not None:
            day += timedelta(days=(self.weekday - anchor.weekday() - 1) % 7 + 1)
        count = day.year * 12 + day.month - 1 + self.months
        year, month = divmod(count, 12)
        last = calendar.monthrange(year, month + 1)[1]
        return date(year, month + 1, min(day.day, last)) + timedelta(days=self.days)


@dataclass(frozen=True, slots=True)
class Moment:
    """A day and a wall-clock time, an instant, or now (all empty)."""

    day: Day | None = None
    clock: time | None = None
    instant: datetime | None = None

    @classmethod
    def parse(cls, text: object) -> "Moment":
        """Raises ValueError, which says what a time looks like."""
        if isinstance(text, Moment):
            return text
        asked = str(text).strip()
        if asked.lower() == "now":
            return cls()
        head, _, tail = asked.replace("T", " ", 1).rpartition(" ") if "now" not in asked else ("", "", "")
        if head and _TIME.fullmatch(tail):
            return cls(day=Day.parse(head), clock=time.fromisoformat(tail))
        try:
            instant = datetime.fromisoformat(asked)
        except ValueError:
            instant = None
        if instant is None or instant.tzinfo is None:
            raise ValueError(
                f"{str(text)!r} is no time: write '+3d 10:30' or '2026-05-01 10:30' by the branch's clock, "
                "or an instant with its offset"
            )
        return cls(instant=instant.astimezone(UTC))

    @property
    def is_now(self) -> bool:
        return self.day is None and self.instant is None

    def local(self, anchor: date) -> datetime | None:
        """The wall-clock time, naive; None for an instant or now."""
        if self.day is None or self.clock is None:
            return None
        return datetime.combine(self.day.on(anchor), self.clock)

    def at(self, anchor: date, zone: ZoneInfo, now: datetime) -> datetime:
        """The instant, in UTC. Raises ValueError for a wall-clock time that a clock change skips or repeats."""
        wall = self.local(anchor)
        if wall is None:
            return self.instant or now
        first, second = (wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
        if first != second:
            skipped = first.astimezone(zone).replace(tzinfo=None) != wall
            problem = "is skipped" if skipped else "comes twice"
            raise ValueError(f"{wall:%Y-%m-%d %H:%M} {problem} in {zone.key} on that day: the clocks change")
        return first


def parse_clock(text: object) -> time:
    """HH:MM. Raises ValueError."""
    if isinstance(text, time):
        return text
    if not _TIME.fullmatch(str(text).strip()):
        raise ValueError(f"{str(text)!r} is no time of day: write HH:MM")
    return time.fromisoformat(str(text).strip())
