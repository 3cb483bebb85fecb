"""A calendar in short: for each local day how many starts are free, and if none, what it is that lacks."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from uuid import UUID

from services.scheduling.domain.grid import Grid, touching, within
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
    grid: Grid, asked: Asked, people: Sequence[Therapist], rooms: Sequence[Room], session: Session
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
                stages = _stages(grid, asked, people, rooms, session)
            why = next((why for why, left in stages if not left & mask), Why.FULLY_BOOKED)
            days.append(Day(day.date, 0, None, why))
    return days


def _stages(
    grid: Grid, asked: Asked, people: Sequence[Therapist], rooms: Sequence[Room], session: Session
) -> list[tuple[Why, int]]:
    """What is left of the wanted starts as one condition after the other is asked for, bookings last."""
    length = session.duration
    to_come = asked.wanted & asked.not_past
    ahead = to_come & asked.within_horizon
    opened = ahead & asked.opened
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
        (Why.PAST, to_come),
        (Why.BEYOND_HORIZON, ahead),
        (Why.CLOSED, opened),
        (Why.NO_SHIFT, shift),
        (Why.NO_QUALIFIED_THERAPIST, present),
        (Why.NO_CLEARED_ROOM if session.requires_bar else Why.NO_ROOM, placed.any),
        (Why.CLIENT_BUSY, placed.any & asked.client_free),
    ]
