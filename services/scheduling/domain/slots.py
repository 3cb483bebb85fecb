"""Availability: which starts of the grid can be booked, by bit masks over the grid.

A mask is an int whose bit i stands for the i-th start of the grid. Every span of time becomes a run of bits, so the
work grows with the number of spans, not with spans x starts. Times here are whole seconds since 1970 (UTC).
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import compress
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from services.scheduling.domain.localtime import instants

Span = tuple[int, int]
FOREVER = 1 << 40
_ZERO_ONE = bytes.maketrans(b"01", b"\0\1")


class Period(NamedTuple):
    """A stretch in which a room is cleared, but not for the load of `excluded`."""

    start: int
    end: int
    excluded: frozenset[UUID] = frozenset()


@dataclass(frozen=True, slots=True)
class Therapist:
    """`shifts` in this branch; `busy` chain-wide: sessions and time off. `certified_until`: an instant."""

    id: UUID
    shifts: Sequence[Span]
    busy: Sequence[Span] = ()
    certified_until: int = FOREVER
    load_ready: bool = True


@dataclass(frozen=True, slots=True)
class Room:
    """`busy` includes turnover."""

    id: UUID
    turnover: int
    busy: Sequence[Span] = ()
    periods: Sequence[Period] = ()


@dataclass(frozen=True, slots=True)
class Session:
    """What is asked for. Seconds."""

    duration: int
    turnover: int
    requires_bar: bool


class Slot(NamedTuple):
    starts_at: int
    therapist_ids: list[UUID]
    rooms_free: int


@dataclass(slots=True)
class Grid:
    """The starts to look at, ascending."""

    starts: list[int] = field(default_factory=list)

    @property
    def all(self) -> int:
        return (1 << len(self.starts)) - 1

    def column(self, mask: int) -> bytes:
        """One byte a start, 1 where the bit is set."""
        return f"{mask:0{len(self.starts)}b}"[::-1].encode().translate(_ZERO_ONE) if self.starts else b""

    def within(self, spans: Iterable[Span], length: int) -> int:
        """Starts from which `length` seconds fit into one of `spans`."""
        mask = 0
        for start, end in spans:
            mask |= _run(bisect_left(self.starts, start), bisect_right(self.starts, end - length))
        return mask

    def touching(self, spans: Iterable[Span], length: int) -> int:
        """Starts from which `length` seconds would overlap one of `spans`."""
        mask = 0
        for start, end in spans:
            mask |= _run(bisect_right(self.starts, start - length), bisect_left(self.starts, end))
        return mask


def grid(zone: ZoneInfo, from_: datetime, to: datetime, step_minutes: int) -> Grid:
    """Every start on the local grid (…:00, …:15 with a step of 15) in [from_, to), both in UTC.

    A day whose clock changes has its real hours: none in the gap, the repeated hour twice.
    """
    starts: list[int] = []
    first, last = int(from_.timestamp()), int(to.timestamp())
    day = from_.astimezone(zone).date()
    while day <= to.astimezone(zone).date():
        starts += [s for s in _day(day, zone, step_minutes) if first <= s < last]
        day += timedelta(days=1)
    return Grid(sorted(set(starts)))


def find(grid: Grid, opened: Iterable[Span], closed: Iterable[Span], therapists: Iterable[Therapist],
         rooms: Sequence[Room], session: Session, client_busy: Iterable[Span] = ()) -> list[Slot]:  # fmt: skip
    """Every bookable start, with who is free and in how many rooms at least one of them could be placed."""
    length = session.duration
    open_mask = grid.within(opened, length) & ~grid.touching(closed, length) & ~grid.touching(client_busy, length)
    free = {t.id: mask for t in therapists if (mask := _free(grid, t, session) & open_mask)}
    placeable = dict.fromkeys(free, 0)
    room_masks = []
    for room in rooms:
        used = 0
        for therapist_id, mask in _by_therapist(grid, room, session, free).items():
            placed = mask & free[therapist_id]
            placeable[therapist_id] |= placed
            used |= placed
        if used:
            room_masks.append(used)
    return _listed(grid, placeable, room_masks)


def _listed(grid: Grid, placeable: Mapping[UUID, int], rooms: Sequence[int]) -> list[Slot]:
    """Masks turned into slots. Looked at start by start as columns of bytes, which C code walks."""
    ids, found = list(placeable), []
    people = zip(*(grid.column(mask) for mask in placeable.values()), strict=True)
    places = zip(*(grid.column(mask) for mask in rooms), strict=True)
    for start, who, where in zip(grid.starts, people, places, strict=False):
        rooms_free = sum(where)
        if rooms_free:
            found.append(Slot(start, list(compress(ids, who)), rooms_free))
    return found


def _free(grid: Grid, therapist: Therapist, session: Session) -> int:
    if session.requires_bar and not therapist.load_ready:
        return 0
    length = session.duration
    mask = grid.within(merge(therapist.shifts), length) & ~grid.touching(therapist.busy, length)
    return mask & _run(0, bisect_right(grid.starts, therapist.certified_until - length))


def _by_therapist(grid: Grid, room: Room, session: Session, free: Mapping[UUID, int]) -> dict[UUID, int]:
    """When this room could take a session of each therapist, turnover included."""
    length = session.duration + max(session.turnover, room.turnover)
    unused = grid.all & ~grid.touching(room.busy, length)
    if not session.requires_bar:
        return dict.fromkeys(free, unused)
    excluded = {therapist for period in room.periods for therapist in period.excluded}
    everyone = unused & grid.within(merge((p.start, p.end) for p in room.periods), length)
    masks = dict.fromkeys(free, everyone)
    for therapist in excluded & free.keys():
        periods = merge((p.start, p.end) for p in room.periods if therapist not in p.excluded)
        masks[therapist] = unused & grid.within(periods, length)
    return masks


def merge(spans: Iterable[Span]) -> list[Span]:
    """The union in order; spans that touch are one (two adjoining shifts or certificates carry one session)."""
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        elif start < end:
            merged.append((start, end))
    return merged


def _run(low: int, high: int) -> int:
    """Bits low to high - 1."""
    return (1 << high) - (1 << low) if high > low else 0


def _day(day: date, zone: ZoneInfo, step: int) -> list[int]:
    midnight = datetime.combine(day, time())
    minutes = range(0, 24 * 60, step)
    offset = midnight.replace(tzinfo=zone).utcoffset()
    if offset is not None and offset == (midnight + timedelta(days=1)).replace(tzinfo=zone).utcoffset():
        base = int((midnight - offset).replace(tzinfo=UTC).timestamp())
        return [base + minute * 60 for minute in minutes]
    walls = (midnight + timedelta(minutes=minute) for minute in minutes)
    return [int(instant.timestamp()) for local in walls for instant in instants(local, zone)]
