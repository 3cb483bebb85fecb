"""Availability: which starts of the grid can be booked, by whom and in how many rooms, as masks over the grid."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import compress
from typing import NamedTuple
from uuid import UUID

from services.scheduling.domain.grid import FOREVER, Grid, Spans, packed, touching, unpacked, within

NOBODY: frozenset[UUID] = frozenset()


@dataclass(frozen=True, slots=True)
class Therapist:
    """`shifts` in this branch; `busy` (sessions and holds) and `away` (time off) in the whole chain.

    `certified`: by skill, the instant its certificate ends.
    """

    id: UUID
    shifts: Spans
    busy: Spans = b""
    away: Spans = b""
    certified: Mapping[str, int] = field(default_factory=dict)
    load_ready: bool = True

    def certified_until(self, skill: str | None) -> int:
        return FOREVER if skill is None else self.certified.get(skill, 0)


@dataclass(frozen=True, slots=True)
class Room:
    """`busy` includes turnover. `periods`: when it is cleared; `excluded`, in the same order: for whose load not."""

    id: UUID
    turnover: int
    busy: Spans = b""
    periods: Spans = b""
    excluded: Sequence[frozenset[UUID]] = ()


@dataclass(frozen=True, slots=True)
class Session:
    """What is asked for."""

    duration: int
    turnover: int
    requires_bar: bool
    skill: str | None = None


class Slot(NamedTuple):
    starts_at: int
    therapist_ids: list[UUID]
    rooms_free: int


@dataclass(slots=True)
class Free:
    """Every bookable start: when each therapist could begin, and when each room could take one of them."""

    grid: Grid
    people: dict[UUID, int]
    rooms: list[int]

    @property
    def any(self) -> int:
        return _union(self.rooms)

    def rows(self) -> Iterator[tuple[int, tuple[int, ...], int]]:
        """Each start, with a 1 for each of `people` who is free, and the number of rooms.

        Looked at start by start as columns of bytes, which C code walks.
        """
        grid = self.grid
        if not self.rooms:
            return iter(())
        starts = range(grid.origin, grid.origin + grid.size * grid.tick, grid.tick)
        counts = self._counts()
        people = zip(*map(grid.column, self.people.values()), strict=True)
        return compress(zip(starts, people, counts, strict=True), counts)

    def _counts(self) -> Sequence[int]:
        """Rooms a start. Columns of bytes added as whole numbers: no byte can overflow below 256 rooms."""
        columns = map(self.grid.column, self.rooms)
        if len(self.rooms) > 255:
            return list(map(sum, zip(*columns, strict=True)))
        return sum(int.from_bytes(column, "little") for column in columns).to_bytes(self.grid.size, "little")

    def slots(self) -> list[Slot]:
        ids = list(self.people)
        return [Slot(start, list(compress(ids, who)), rooms) for start, who, rooms in self.rows()]


def find(grid: Grid, wanted: int, people: Iterable[Therapist], rooms: Sequence[Room], session: Session) -> Free:
    """Who can begin when, of the starts `wanted` (the branch is open, the client is free, the caller likes it)."""
    free = {t.id: mask for t in people if (mask := at_work(grid, t, session) & ~_taken(grid, t, session) & wanted)}
    return place(grid, free, rooms, session)


def at_work(grid: Grid, therapist: Therapist, session: Session) -> int:
    """When she is on shift and not away for the whole session, and her papers reach past it."""
    if session.requires_bar and not therapist.load_ready:
        return 0
    mask = within(grid, therapist.shifts, session.duration)
    if therapist.away:
        mask &= ~touching(grid, therapist.away, session.duration)
    until = therapist.certified_until(session.skill)
    if grid.starts and until < grid.starts[-1] + session.duration:
        mask &= grid.cut(grid.origin, until - session.duration + 1)
    return mask


def _taken(grid: Grid, therapist: Therapist, session: Session) -> int:
    return touching(grid, therapist.busy, session.duration)


def place(
    grid: Grid, free: Mapping[UUID, int], rooms: Sequence[Room], session: Session, *, empty: bool = False
) -> Free:
    """Those of `free` for whom there is a room, and the rooms in which one of them could be placed, turnover included.

    `empty`: as if nothing were booked in the rooms.
    """
    heavy = (
        {id for room in rooms for who in room.excluded for id in who if id in free} if session.requires_bar else set()
    )
    everywhere, hers, used = 0, dict.fromkeys(heavy, 0), []
    anyone = {NOBODY: _union(free.values())}
    for room in rooms:
        length = session.duration + max(session.turnover, room.turnover)
        unused = grid.all if empty else grid.all & ~touching(grid, room.busy, length)
        excluded = frozenset(id for who in room.excluded for id in who if id in heavy)
        cleared = unused & within(grid, room.periods, length) if session.requires_bar else unused
        if excluded not in anyone:
            anyone[excluded] = _union(mask for id, mask in free.items() if id not in excluded)
        taken = cleared & anyone[excluded]
        everywhere |= cleared
        for id in heavy:
            mask = free[id] & (unused & within(grid, _for(room, id), length) if id in excluded else cleared)
            hers[id] |= mask
            taken |= mask
        if taken:
            used.append(taken)
    placed = {id: hers[id] if id in heavy else mask & everywhere for id, mask in free.items()}
    return Free(grid, {id: mask for id, mask in placed.items() if mask}, used)


def _union(masks: Iterable[int]) -> int:
    union = 0
    for mask in masks:
        union |= mask
    return union


def _for(room: Room, therapist_id: UUID) -> Spans:
    """The room's periods that carry her load."""
    return packed(
        span for span, who in zip(unpacked(room.periods), room.excluded, strict=True) if therapist_id not in who
    )


def at_least(masks: Iterable[int]) -> list[int]:
    """Of each n from 1 on, the starts that at least n of `masks` have."""
    layers: list[int] = []
    for mask in masks:
        layers.append(0)
        for n in range(len(layers) - 1, 0, -1):
            layers[n] |= layers[n - 1] & mask
        layers[0] |= mask
    return layers
