"""Which room, or exactly why none."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from services.room_equipment.domain.clearance import Cleared, Gap
from services.room_equipment.domain.placement import NoRoom, Placed, Room, Wish, place

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
BAR = Wish(UUID(int=1), NOW, NOW + HOUR, 15, True, Decimal(120))
MASSAGE = replace(BAR, requires_bar=False, load_kg=None)


def room(n: int, limit: int | None = 300, *, turnover: int = 15, busy: bool = False, hours: float = 24) -> Room:
    """A room cleared for `hours` from NOW, or never (`limit=None`)."""
    made = Room(UUID(int=n), f"R{n}", turnover)
    if limit is not None:
        made.cleared.append(Cleared(NOW, NOW + HOUR * hours, Decimal(limit), ()))
    made.gaps.append(Gap(NOW + HOUR * (hours if limit else 0), None, "lapsed"))
    if busy:
        made.busy[UUID(int=99)] = (NOW, NOW + HOUR)
    return made


def code(wish: Wish, *rooms: Room) -> str:
    found = place(wish, rooms)
    assert isinstance(found, NoRoom)
    return found.code


def test_bars_go_to_the_weakest_room_that_carries_the_session() -> None:
    assert place(BAR, [room(1, 500), room(2, 150), room(3, 100)]) == Placed(UUID(int=2), NOW + timedelta(minutes=75))


def test_massage_keeps_rooms_with_bars_free() -> None:
    assert place(MASSAGE, [room(1), room(2, None)]) == Placed(UUID(int=2), NOW + timedelta(minutes=75))
    assert place(MASSAGE, [room(1), room(2, None, busy=True)]) == Placed(UUID(int=1), NOW + timedelta(minutes=75))


def test_the_longer_turnover_blocks_and_must_be_cleared() -> None:
    assert place(BAR, [room(1, turnover=30)]) == Placed(UUID(int=1), NOW + timedelta(minutes=90))
    assert isinstance(place(BAR, [room(1, hours=1.25)]), Placed)
    assert code(BAR, room(1, hours=1.24)) == "no_certified_room"
    assert code(BAR, room(1, turnover=30, hours=1.25)) == "no_certified_room"


def test_without_a_named_room_each_refusal_has_its_code() -> None:
    assert code(BAR) == "no_certified_room"
    assert code(BAR, room(1, None)) == "no_certified_room"
    assert code(replace(BAR, load_kg=None), room(1)) == "load_profile_required"
    assert code(replace(BAR, load_kg=None), room(1, None)) == "no_certified_room"
    assert code(BAR, room(1, 100)) == "load_rating_exceeded"
    assert code(BAR, room(1, busy=True)) == "no_room_available"
    assert code(BAR, room(1, busy=True), room(2, 100)) == "load_rating_exceeded"
    assert code(MASSAGE, room(1, busy=True)) == "no_room_available"


def test_a_named_room_is_that_room_or_its_own_reason() -> None:
    named = replace(BAR, room_id=UUID(int=1))
    other = room(2)
    assert place(named, [room(1), other]) == Placed(UUID(int=1), NOW + timedelta(minutes=75))
    refusal = place(named, [room(1, hours=0.5), other])
    assert refusal == NoRoom("room_not_certified", UUID(int=1), "lapsed", NOW + HOUR / 2)
    assert code(named, room(1, 100), other) == "load_rating_exceeded"
    assert code(replace(named, load_kg=None), room(1), other) == "load_profile_required"
    assert code(named, room(1, busy=True), other) == "slot_taken"
    assert code(replace(MASSAGE, room_id=UUID(int=1)), room(1, busy=True), other) == "slot_taken"
    assert code(named, other) == "no_room_available"


def test_an_appointment_does_not_stand_in_its_own_way() -> None:
    mine = room(1)
    mine.busy[BAR.appointment_id] = (NOW, NOW + HOUR)
    assert isinstance(place(BAR, [mine]), Placed)


def test_a_closed_room_takes_nothing() -> None:
    closed = room(1, None)
    closed.in_service = False
    assert code(MASSAGE, closed) == "no_room_available"
    assert code(replace(MASSAGE, room_id=UUID(int=1)), closed) == "no_room_available"


def test_every_refusal_says_what_to_do_next() -> None:
    for refusal in (
        place(BAR, [room(1, None)]),
        place(replace(BAR, room_id=UUID(int=1)), [room(1, hours=0.5)]),
        place(BAR, [room(1, 100)]),
        place(replace(BAR, load_kg=None), [room(1)]),
        place(BAR, [room(1, busy=True)]),
    ):
        assert isinstance(refusal, NoRoom)
        assert len(refusal.next_step.split()) > 8
    lapsed = place(replace(BAR, room_id=UUID(int=1)), [room(1, hours=0.5)])
    assert isinstance(lapsed, NoRoom)
    assert "record a passing periodic inspection" in lapsed.next_step
