"""A calendar in short: for each local day how many starts are free, and if none, what it is that lacks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from services.scheduling.domain.grid import Grid, packed, touching, within
from services.scheduling.domain.slots import Free, Room, Session, Therapist, at_work, find, place


class Why(StrEnum):
    """Why a day has no free start, the first that holds."""

    PAST = "past"
    BEYOND_HORIZON = "beyond_horizon"
    CLOSED = "closed"
    NO_SHIFT = "no_shift"
    NO_QUALIFIED_THERAPIST = "no_qualified_therapist"
    NO_CLEARED_ROOM = "no_cleared_room"
    NO_ROOM = "no_room"
    CLIENT_BUSY = "client_busy"
    FULLY_BOOKED = "fully_booked"


@dataclass(frozen=True, slots=True)
class Day:
    date: date
    free: int
    first: int | None
    reason: Why | None
    closed: "Closed | None" = None


class Shutter(StrEnum):
    """What keeps a branch closed: its hours, a closure of it, or closures of all its rooms."""

    HOURS = "hours"
    BRANCH = "branch"
    ROOMS = "rooms"


@dataclass(frozen=True, slots=True)
class Closed:
    """Why a day says `closed`; hours have no reason."""

    by: Shutter
    reason: str | None


class Closure(NamedTuple):
    start: int
    end: int
    reason: str


@dataclass(frozen=True, slots=True)
class Shut:
    """Closures of the branch, and of each of its rooms; `hours`: starts within the opening hours."""

    hours: int
    branch: Sequence[Closure] = ()
    rooms: Mapping[UUID, Sequence[Closure]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Asked:
    """Masks: the starts a caller wants at all, those not too soon, not too far ahead, while the branch is open, and
    while the client has no other session.
    """

    wanted: int
    not_past: int
    within_horizon: int
    opened: int
    client_free: int

    @property
    def all(self) -> int:
        return self.wanted & self.not_past & self.within_horizon & self.opened & self.client_free


def summary(
    grid: Grid, asked: Asked, people: Sequence[Therapist], rooms: Sequence[Room], session: Session, shut: Shut
) -> list[Day]:
    """Every local day of the grid that has a wanted start."""
    free = find(grid, asked.all, people, rooms, session)
    stages = None
    days = []
    for day in grid.days:
        mask = (1 << day.high) - (1 << day.low)
        if not mask & asked.wanted:
            continue
        found = free.any & mask
        if found:
            first = grid.origin + ((found & -found).bit_length() - 1) * grid.tick
            days.append(Day(day.date, found.bit_count(), first, None))
        else:
            if stages is None:
                stages = _stages(grid, asked, people, rooms, session, shut)
            why, by = next(((why, by) for why, by, left in stages if not left & mask), (Why.FULLY_BOOKED, None))
            first, end = (grid.origin + n * grid.tick for n in (day.low, day.high))
            closed = None if by is None else _closed(by, shut, first, end + session.duration)
            days.append(Day(day.date, 0, None, why, closed))
    return days


def _closed(by: Shutter, shut: Shut, start: int, end: int) -> Closed:
    """The reason of the first closure that touches the day, of its first room where they are all closed."""
    closures = {Shutter.HOURS: [], Shutter.BRANCH: list(shut.branch),
                Shutter.ROOMS: [one for found in shut.rooms.values() for one in found]}  # fmt: skip
    touched = (one.reason for one in closures[by] if one.start < end and start < one.end)
    return Closed(by, next(touched, "") or None)


def _stages(
    grid: Grid, asked: Asked, people: Sequence[Therapist], rooms: Sequence[Room], session: Session, shut: Shut
) -> list[tuple[Why, Shutter | None, int]]:
    """What is left of the wanted starts as one condition after the other is asked for, bookings last."""
    length = session.duration
    to_come = asked.wanted & asked.not_past
    ahead = to_come & asked.within_horizon
    opened = ahead & asked.opened
    usable = opened & _some_room_open(grid, rooms, session, shut)
    shift = present = 0
    working: dict[UUID, int] = {}
    for person in people:
        here = within(grid, person.shifts, length) & ~touching(grid, person.away, length) & opened
        shift |= here
        qualified = here & at_work(grid, person, session)
        present |= qualified
        if qualified:
            working[person.id] = qualified
    placed: Free = place(grid, working, rooms, session, empty=True)
    return [
        (Why.PAST, None, to_come),
        (Why.BEYOND_HORIZON, None, ahead),
        (Why.CLOSED, Shutter.HOURS, ahead & shut.hours),
        (Why.CLOSED, Shutter.BRANCH, opened),
        (Why.CLOSED, Shutter.ROOMS, usable),
        (Why.NO_SHIFT, None, shift),
        (Why.NO_QUALIFIED_THERAPIST, None, present),
        (Why.NO_CLEARED_ROOM if session.requires_bar else Why.NO_ROOM, None, placed.any),
        (Why.CLIENT_BUSY, None, placed.any & asked.client_free),
    ]


def _some_room_open(grid: Grid, rooms: Sequence[Room], session: Session, shut: Shut) -> int:
    """Starts for which not every room is closed; all of them where there is no room at all."""
    mask = 0 if rooms else grid.all
    for room in rooms:
        length = session.duration + max(session.turnover, room.turnover)
        closed = packed((one.start, one.end) for one in shut.rooms.get(room.id, ()))
        mask |= grid.all & ~touching(grid, closed, length)
    return mask
