"""The starts that availability looks at, as the bits of one whole number.

Times here are whole microseconds since 2000 (UTC), as PostgreSQL keeps them. A list of spans is packed into bytes,
start and end as 64 bits each, big-endian: so it comes from the database, and equal bytes mean equal time. What is
computed from them is kept under those very bytes, so that it can never be older than what was just read.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import chain, pairwise
from math import gcd
from struct import iter_unpack, pack, unpack
from zoneinfo import ZoneInfo

from services.scheduling.domain.localtime import instants, wall

Span = tuple[int, int]
Spans = bytes
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
FOREVER = (1 << 63) - 1  # PostgreSQL's own infinity
MINUTE = 60_000_000
_DAY = timedelta(days=1)
_MICROSECOND = timedelta(microseconds=1)
_ZERO_ONE = bytes.maketrans(b"01", b"\0\1")


def stamp(instant: datetime) -> int:
    return (instant - EPOCH) // _MICROSECOND


def moment(stamp: int) -> datetime:
    return EPOCH + timedelta(microseconds=stamp)


def packed(spans: Iterable[Span]) -> Spans:
    return b"".join(pack(">2q", *span) for span in spans)


def unpacked(spans: Spans) -> Iterator[Span]:
    return iter_unpack(">2q", spans)


def merge(spans: Iterable[Span]) -> list[Span]:
    """The union in order; spans that touch are one (two adjoining shifts or certificates carry one session)."""
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        elif start < end:
            merged.append((start, end))
    return merged


@dataclass(frozen=True, slots=True)
class LocalDay:
    """A calendar day of the branch on a grid: its starts are the bits `low` to `high` - 1."""

    date: date
    low: int
    high: int


@dataclass(eq=False, slots=True)
class Grid:
    """Starts, ascending. Bit i stands for `origin + i * tick`: some bits may be no start (a grid of an hour whose
    clock moved by half of one), and are set in no mask.
    """

    starts: list[int] = field(default_factory=list)
    days: tuple[LocalDay, ...] = ()
    walls: tuple[int, ...] = ()  # what the clock shows at each start: minutes after its day's midnight
    tick: int = field(init=False, default=1)
    size: int = field(init=False, default=0)
    all: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        if self.starts:
            gaps = {b - a for a, b in pairwise(self.starts)}
            self.tick = gcd(*gaps) or 1
            self.size = self.index(self.starts[-1]) + 1
            self.all = _run(0, self.size)
            if len(gaps) > 1:
                self.all = sum(1 << self.index(start) for start in self.starts)

    @property
    def origin(self) -> int:
        return self.starts[0]

    def index(self, start: int) -> int:
        return (start - self.starts[0]) // self.tick

    def cut(self, first: int, last: int) -> int:
        """Starts in [first, last)."""
        if not self.starts:
            return 0
        low, high = -((self.origin - first) // self.tick), -((self.origin - last) // self.tick)
        return _run(max(low, 0), min(max(high, 0), self.size)) & self.all

    def column(self, mask: int) -> bytes:
        """One byte a bit, 1 where it is set."""
        return f"{mask:0{self.size}b}"[::-1].encode().translate(_ZERO_ONE) if self.starts else b""

    def set(self, mask: int) -> list[int]:
        """The starts whose bits are set."""
        return [self.origin + i * self.tick for i, bit in enumerate(self.column(mask)) if bit]


@lru_cache(maxsize=4096)
def within(grid: Grid, spans: Spans, length: int) -> int:
    """Starts from which `length` fits into the union of `spans`."""
    if not grid.starts:
        return 0
    mask, origin, tick, size = 0, grid.origin, grid.tick, grid.size
    for start, end in merge(unpacked(spans)):
        low, high = -((origin - start) // tick), (end - length - origin) // tick + 1
        mask |= _run(max(low, 0), min(high, size))
    return mask & grid.all


@lru_cache(maxsize=4096)
def touching(grid: Grid, spans: Spans, length: int) -> int:
    """Starts from which `length` would overlap one of `spans`. May hold bits that are no start."""
    if not grid.starts:
        return 0
    # A session from `start` overlaps [a, b) if start > a - length and start < b. In lists first: half the time.
    origin, tick, size, mask = grid.origin, grid.tick, grid.size, 0
    times = unpack(f">{len(spans) // 8}q", spans)
    after, before = origin + length - tick, origin
    lows, highs = [(a - after) // tick for a in times[::2]], [-((before - b) // tick) for b in times[1::2]]
    for low, high in zip(lows, highs, strict=True):
        if low < 0:
            low = 0
        if high > size:
            high = size
        if low < high:
            mask |= ((1 << high - low) - 1) << low
    return mask


@lru_cache(maxsize=256)
def grid(zone: ZoneInfo, first: date, last: date, step_minutes: int) -> Grid:
    """Every start of the local days `first` to `last`, both included (…:00, …:15 with a step of 15).

    A day whose clock changes has its real hours: none in the gap, the repeated hour twice.
    """
    parts = [_day(first + _DAY * n, zone, step_minutes) for n in range((last - first).days + 1)]
    found = Grid(
        sorted({start for starts, _ in parts for start in starts}),
        walls=tuple(chain.from_iterable(walls for _, walls in parts)),
    )
    found.days = tuple(
        LocalDay(first + _DAY * n, found.index(starts[0]), found.index(starts[-1]) + 1)
        for n, (starts, _) in enumerate(parts)
        if starts
    )
    return found


@lru_cache(maxsize=1024)
def clock(grid: Grid, weekdays: frozenset[int], low: int, high: int) -> int:
    """Starts at which the clock shows `low` ≤ minutes < `high`, on these days of the week (Monday is 0).

    With `high` ≤ `low` the stretch goes over midnight, and what is after it belongs to the day the stretch began.
    """
    mask = 0
    night = high <= low
    for day in grid.days:
        today = day.date.weekday() in weekdays
        before = (day.date.weekday() - 1) % 7 in weekdays
        first = bisect_left(grid.starts, grid.origin + day.low * grid.tick)
        last = bisect_left(grid.starts, grid.origin + day.high * grid.tick)
        for start, minute in zip(grid.starts[first:last], grid.walls[first:last], strict=True):
            if (today and low <= minute and (night or minute < high)) or (night and before and minute < high):
                mask |= 1 << grid.index(start)
    return mask


def _run(low: int, high: int) -> int:
    """Bits low to high - 1."""
    return (1 << high) - (1 << low) if high > low else 0


@lru_cache(maxsize=4096)
def _day(day: date, zone: ZoneInfo, step: int) -> tuple[list[int], list[int]]:
    """The day's starts, ascending, and what the clock shows at each."""
    midnight = datetime.combine(day, time())
    minutes = range(0, 24 * 60, step)
    offset = midnight.replace(tzinfo=zone).utcoffset()
    if offset is not None and offset == (midnight + _DAY).replace(tzinfo=zone).utcoffset():
        base = stamp((midnight - offset).replace(tzinfo=UTC))
        return [base + minute * MINUTE for minute in minutes], list(minutes)
    walls = (midnight + timedelta(minutes=minute) for minute in minutes)
    found = sorted({instant for local in walls for instant in instants(local, zone)})
    return [stamp(i) for i in found], [(w := wall(i, zone)).hour * 60 + w.minute for i in found]
