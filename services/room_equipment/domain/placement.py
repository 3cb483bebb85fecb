"""Which room a session gets, or exactly why none (rules: Saga; contract: codes).

Pure: the caller has locked the rooms and read what lies in them. The database refuses what is wrong here anyway.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Literal
from uuid import UUID

from services.room_equipment.domain.clearance import NEXT_STEP as GAP_STEP
from services.room_equipment.domain.clearance import Cleared, Gap, Reason, limit_over
from services.room_equipment.domain.closures import Closed, first_touch

Code = Literal[
    "no_room_available",
    "no_certified_room",
    "room_not_certified",
    "room_closed",
    "load_rating_exceeded",
    "load_profile_required",
    "slot_taken",
]


@dataclass(frozen=True, slots=True)
class Wish:
    """A session to place. `ends_at` is without turnover; `load_kg` is None when no valid load profile is there.

    With `room_id` it is that room or a refusal: never silently another.
    """

    appointment_id: UUID
    starts_at: datetime
    ends_at: datetime
    turnover_minutes: int
    requires_bar: bool
    load_kg: Decimal | None = None
    room_id: UUID | None = None


@dataclass(slots=True)
class Room:
    """A room around the time in question: `cleared` in order, `busy` by appointment, all half-open."""

    id: UUID
    code: str
    turnover_minutes: int
    in_service: bool = True
    cleared: list[Cleared] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    busy: dict[UUID, tuple[datetime, datetime]] = field(default_factory=dict)
    closures: list[Closed] = field(default_factory=list)

    def blocked_until(self, ends_at: datetime, turnover_minutes: int) -> datetime:
        """The room is blocked to `ends_at` plus the longer of the treatment's and the room's turnover."""
        return ends_at + timedelta(minutes=max(turnover_minutes, self.turnover_minutes))

    def is_free(self, appointment_id: UUID, starts_at: datetime, until: datetime) -> bool:
        """Whether nobody else is in it; an appointment does not stand in its own way."""
        return not any(
            start < until and starts_at < end and other != appointment_id for other, (start, end) in self.busy.items()
        )

    def closed_at(self, starts_at: datetime, until: datetime) -> datetime | None:
        """The first instant of a session in which the room takes none, whatever its bars are."""
        return first_touch(self.closures, starts_at, until) if self.in_service else starts_at

    def gap_at(self, instant: datetime) -> Reason:
        """Why the room is not cleared at an instant that no period covers."""
        for gap in self.gaps:
            if gap.starts_at <= instant and (gap.ends_at is None or instant < gap.ends_at):
                return gap.reason
        return "never_inspected"


NEXT_STEP: dict[Code, str] = {
    "no_room_available": "Every suitable room is taken, closed or out of service then. Choose another time or branch.",
    "no_certified_room": "No room of the branch is cleared for back-stepping to the end of the session and its "
    "turnover. Have a room's bars inspected, or choose another time or branch.",
    "room_not_certified": "The named room is not cleared to the end of the session and its turnover.",
    "room_closed": "The named room is closed then. Choose another room or time.",
    "load_rating_exceeded": "The free rooms' bars are not rated for this therapist. Choose another therapist or time.",
    "load_profile_required": "The therapist has no valid load profile for that day. Record one (rooms:load-profile).",
    "slot_taken": "The named room is taken then. Choose another room or time.",
}


@dataclass(frozen=True, slots=True)
class Placed:
    room_id: UUID
    blocked_until: datetime


@dataclass(frozen=True, slots=True)
class NoRoom:
    """With `room_not_certified` and `room_closed`: why not the named room, and from which instant of the session on."""

    code: Code
    room_id: UUID | None = None
    gap_reason: Reason | None = None
    gap_at: datetime | None = None

    @property
    def next_step(self) -> str:
        """For a person: why, and what to do."""
        return NEXT_STEP[self.code] + (f" {GAP_STEP[self.gap_reason]}" if self.gap_reason else "")


def could_take(wish: Wish, rooms: Iterable[Room]) -> list[UUID]:
    """All rooms that would do, by their codes, whichever room was named."""
    anywhere = replace(wish, room_id=None)
    fits = [room for room in rooms if room.in_service and isinstance(_place_in(anywhere, room), Placed)]
    return [room.id for room in sorted(fits, key=lambda room: (room.code, room.id))]


def place(wish: Wish, rooms: Iterable[Room]) -> Placed | NoRoom:
    """The room, or the code. `rooms` are those of the branch; the caller adds what it places to `busy`."""
    if wish.room_id is not None:
        named = next((room for room in rooms if room.id == wish.room_id), None)
        return NoRoom("no_room_available", wish.room_id) if named is None else _place_in(wish, named)
    open_rooms = [room for room in rooms if room.in_service]
    return _place_on_bars(wish, open_rooms) if wish.requires_bar else _place_anywhere(wish, open_rooms)


def _place_in(wish: Wish, room: Room) -> Placed | NoRoom:
    until = room.blocked_until(wish.ends_at, wish.turnover_minutes)
    if wish.requires_bar:
        limit = limit_over(room.cleared, wish.starts_at, until)
        if isinstance(limit, datetime):
            return NoRoom("room_not_certified", room.id, room.gap_at(limit), limit)
        if wish.load_kg is None:
            return NoRoom("load_profile_required", room.id)
        if wish.load_kg > limit:
            return NoRoom("load_rating_exceeded", room.id)
    elif not room.in_service:
        return NoRoom("no_room_available", room.id)
    elif closed := room.closed_at(wish.starts_at, until):
        return NoRoom("room_closed", room.id, "closed", closed)
    if not room.is_free(wish.appointment_id, wish.starts_at, until):
        return NoRoom("slot_taken", room.id)
    return Placed(room.id, until)


def _place_on_bars(wish: Wish, rooms: Sequence[Room]) -> Placed | NoRoom:
    """The least rated room that carries the session: strong bars are kept for those who need them."""
    cleared: list[tuple[Decimal, str, UUID, Room, datetime]] = []
    for room in rooms:
        until = room.blocked_until(wish.ends_at, wish.turnover_minutes)
        limit = limit_over(room.cleared, wish.starts_at, until)
        if isinstance(limit, Decimal):
            cleared.append((limit, room.code, room.id, room, until))
    if not cleared:
        return NoRoom("no_certified_room")
    if wish.load_kg is None:
        return NoRoom("load_profile_required")
    free = [item for item in cleared if item[3].is_free(wish.appointment_id, wish.starts_at, item[4])]
    if not free:
        return NoRoom("no_room_available")
    strong = [item for item in free if item[0] >= wish.load_kg]
    if not strong:
        # A lighter therapist would find room: the saga asks the next one on this code.
        return NoRoom("load_rating_exceeded")
    _, _, room_id, _, until = min(strong, key=lambda item: item[:3])
    return Placed(room_id, until)


def _place_anywhere(wish: Wish, rooms: Sequence[Room]) -> Placed | NoRoom:
    """A room without bars first: one with bars is kept for back-stepping."""
    free = []
    for room in rooms:
        until = room.blocked_until(wish.ends_at, wish.turnover_minutes)
        if room.closed_at(wish.starts_at, until) is None and room.is_free(wish.appointment_id, wish.starts_at, until):
            has_bars = any(p.starts_at < until and wish.starts_at < p.ends_at for p in room.cleared)
            free.append((has_bars, room.code, room.id, until))
    if not free:
        return NoRoom("no_room_available")
    _, _, room_id, until = min(free)
    return Placed(room_id, until)
