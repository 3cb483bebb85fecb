"""A chain in plain data, and who could be booked when, found by looking at every minute.

Shares nothing with the engine: no masks and no intervals, sets of minutes; the clock is read minute by minute. Times
are whole minutes since 1970 (UTC).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

Span = tuple[int, int]


def minute_of(instant: datetime) -> int:
    return int(instant.timestamp()) // 60


def instant_of(minute: int) -> datetime:
    return datetime.fromtimestamp(minute * 60, UTC)


@cache
def shown(zone: str, minute: int) -> tuple[date, int]:
    """What the clock shows: the day, and minutes after midnight."""
    local = instant_of(minute).astimezone(ZoneInfo(zone))
    return local.date(), local.hour * 60 + local.minute


@cache
def when(zone: str, day: date, wall: int) -> int:
    """The minute at which the clock shows it first. One it jumps over counts on from the last before the jump."""
    day, wall = day + timedelta(days=wall // 1440), wall % 1440
    around = minute_of(datetime(day.year, day.month, day.day, tzinfo=UTC)) + wall
    before = 0
    for minute in range(around - 16 * 60, around + 16 * 60):
        if shown(zone, minute) == (day, wall):
            return minute
        if shown(zone, minute) < (day, wall):
            before = minute
    return before + wall - shown(zone, before)[1]


@dataclass
class BranchOf:
    """`hours`: the same on every day of the week."""

    zone: str
    hours: list[list[str]]
    closures: list[Span] = field(default_factory=list)


@dataclass
class ShiftOf:
    """Daily, minutes after midnight by the clock of its branch; `ends` may lie after the next midnight."""

    branch: int
    starts: int
    ends: int


@dataclass
class TherapistOf:
    """`holds`: with whether it is still good. `load`: the state of the profile, None without one."""

    branches: list[int]
    shifts: list[ShiftOf]
    certified_until: date | None
    load: str | None
    busy: list[Span] = field(default_factory=list)
    holds: list[tuple[Span, bool]] = field(default_factory=list)
    away: list[Span] = field(default_factory=list)
    active: bool = True


@dataclass
class RoomOf:
    """`periods`: cleared from, until (or for ever), and for whose load not (therapists by number)."""

    branch: int
    turnover: int
    in_service: bool
    busy: list[Span] = field(default_factory=list)
    periods: list[tuple[int, int | None, list[int]]] = field(default_factory=list)


@dataclass
class World:
    """`first` to `last`: what is searched."""

    branches: list[BranchOf]
    therapists: list[TherapistOf]
    rooms: list[RoomOf]
    minutes: int
    turnover: int
    bar: bool
    skilled: bool
    client_busy: list[Span]
    first: int
    last: int

    def __post_init__(self) -> None:
        from_ = instant_of(self.first).date()
        days = [from_ + timedelta(days=n) for n in range(-2, (self.last - self.first) // 1440 + 4)]
        self._open = [self._opened(branch, days) for branch in self.branches]
        self._shifts = {
            (number, branch): self._on_shift(who, branch, days)
            for number, who in enumerate(self.therapists) for branch in range(len(self.branches))
        }  # fmt: skip

    def _opened(self, branch: BranchOf, days: list[date]) -> set[int]:
        found: set[int] = set()
        for day in days:
            for clocks in branch.hours:
                opens, shuts = (int(clock[:2]) * 60 + int(clock[3:]) for clock in clocks)
                shuts += 0 if shuts > opens else 1440
                found.update(range(when(branch.zone, day, opens), when(branch.zone, day, shuts)))
        for span in branch.closures:
            found.difference_update(range(*span))
        return found

    def _on_shift(self, who: TherapistOf, branch: int, days: list[date]) -> set[int]:
        zone = self.branches[branch].zone
        found: set[int] = set()
        for shift in who.shifts:
            if shift.branch == branch:
                for day in days:
                    found.update(range(when(zone, day, shift.starts), when(zone, day, shift.ends)))
        return found

    def accepts(self, branch: int, therapist: int, start: int) -> bool:
        """Whether scheduling's own rules let this therapist be booked."""
        who, session = self.therapists[therapist], set(range(start, start + self.minutes))
        if branch not in who.branches or not who.active:
            return False
        if not session <= self._open[branch] or not session <= self._shifts[therapist, branch]:
            return False
        taken = [*who.busy, *who.away, *(span for span, good in who.holds if good)]
        if any(not session.isdisjoint(range(*span)) for span in taken):
            return False
        if not self.skilled:
            return True
        zone, until = self.branches[branch].zone, who.certified_until
        return until is not None and all(shown(zone, minute)[0] <= until for minute in session)

    def rooms_for(self, branch: int, therapist: int, start: int) -> set[int]:
        """The rooms that could take her."""
        found: set[int] = set()
        if self.bar and self.therapists[therapist].load != "valid":
            return found
        for number, room in enumerate(self.rooms):
            blocked = set(range(start, start + self.minutes + max(self.turnover, room.turnover)))
            if room.branch != branch or not room.in_service:
                continue
            if any(not blocked.isdisjoint(range(*span)) for span in room.busy):
                continue
            cleared: set[int] = set()
            for from_, until, excluded in room.periods:
                if therapist not in excluded:
                    cleared.update(range(from_, until or max(blocked) + 1))
            if not self.bar or blocked <= cleared:
                found.add(number)
        return found

    def grid(self, branch: int) -> Iterator[int]:
        """Every start on the local quarter of an hour."""
        zone = self.branches[branch].zone
        return (minute for minute in range(self.first, self.last) if shown(zone, minute)[1] % 15 == 0)

    def slots(self) -> set[tuple[int, int, frozenset[int], int]]:
        """(start, branch, therapists, rooms free)."""
        found = set()
        for branch in range(len(self.branches)):
            for start in self.grid(branch):
                session = range(start, start + self.minutes)
                if any(not set(session).isdisjoint(range(*span)) for span in self.client_busy):
                    continue
                who = [n for n in range(len(self.therapists)) if self.accepts(branch, n, start)]
                rooms = {n: self.rooms_for(branch, n, start) for n in who}
                listed = frozenset(n for n in who if rooms[n])
                if listed:
                    found.add((start, branch, listed, len(set().union(*rooms.values()))))
        return found
