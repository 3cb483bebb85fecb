"""Availability against a brute-force oracle that looks at every start, therapist and room in turn."""

# ruff: noqa: DTZ001  (naive times are wall clock readings, which is what is tested)

from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.scheduling.domain.localtime import wall
from services.scheduling.domain.slots import FOREVER, Grid, Period, Room, Session, Slot, Span, Therapist, find, grid

PEOPLE = [UUID(int=n) for n in range(1, 4)]

spans = st.lists(
    st.tuples(st.integers(0, 90), st.integers(1, 40)).map(lambda pair: (pair[0], pair[0] + pair[1])), max_size=4
)
periods = st.builds(
    lambda span, who: Period(span[0], span[1], frozenset(who)),
    st.tuples(st.integers(0, 60), st.integers(1, 80)).map(lambda pair: (pair[0], pair[0] + pair[1])),
    st.sets(st.sampled_from(PEOPLE), max_size=2),
)
therapists = st.tuples(
    *(
        st.builds(
            Therapist,
            id=st.just(person), shifts=spans, busy=spans,
            certified_until=st.sampled_from([FOREVER, 50]), load_ready=st.booleans(),
        )
        for person in PEOPLE
    )
)  # fmt: skip


def disjoint(found: list[Period]) -> list[Period]:
    """As the database keeps them: a room's periods never overlap."""
    kept: list[Period] = []
    for period in sorted(found):
        if not kept or period.start >= kept[-1].end:
            kept.append(period)
    return kept


rooms = st.lists(
    st.builds(
        Room, id=st.uuids(), turnover=st.integers(0, 5), busy=spans, periods=st.lists(periods, max_size=4).map(disjoint)
    ),
    max_size=3,
)
sessions = st.builds(Session, duration=st.integers(1, 20), turnover=st.integers(0, 5), requires_bar=st.booleans())


def inside(start: int, end: int, of: list[Span]) -> bool:
    return all(any(a <= moment < b for a, b in of) for moment in range(start, end))


def apart(start: int, end: int, of: list[Span]) -> bool:
    return all(b <= start or end <= a for a, b in of)


def oracle(
    starts: list[int], opened: list[Span], closed: list[Span], people: tuple[Therapist, ...], places: list[Room],
    session: Session,
) -> list[Slot]:  # fmt: skip
    found = []
    for start in starts:
        end = start + session.duration
        if not any(a <= start and end <= b for a, b in opened) or not apart(start, end, closed):
            continue
        listed, used = [], set()
        for person in people:
            free = inside(start, end, list(person.shifts)) and apart(start, end, list(person.busy))
            if not free or end > person.certified_until or (session.requires_bar and not person.load_ready):
                continue
            for room in places:
                left = end + max(session.turnover, room.turnover)
                cleared = [(p.start, p.end) for p in room.periods if person.id not in p.excluded]
                if apart(start, left, list(room.busy)) and (not session.requires_bar or inside(start, left, cleared)):
                    used.add(room.id)
                    if person.id not in listed:
                        listed.append(person.id)
        if listed:
            found.append(Slot(start, listed, len(used)))
    return found


@settings(max_examples=300, deadline=None)
@given(spans, spans, therapists, rooms, sessions)
def test_slots_are_those_an_exhaustive_look_finds(
    opened: list[Span], closed: list[Span], people: tuple[Therapist, ...], places: list[Room], session: Session
) -> None:
    starts = list(range(0, 100, 3))
    assert find(Grid(starts), opened, closed, people, places, session) == oracle(
        starts, opened, closed, people, places, session
    )


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Berlin", datetime(2026, 3, 29), 23), ("Europe/Berlin", datetime(2026, 10, 25), 25),
        ("America/New_York", datetime(2026, 3, 8), 23), ("Australia/Lord_Howe", datetime(2026, 4, 5), 24.5),
        ("Asia/Kathmandu", datetime(2026, 4, 5), 24), ("Europe/Berlin", datetime(2028, 2, 29), 24),
    ],
)  # fmt: skip
@pytest.mark.parametrize("step", [15, 30])
def test_the_grid_is_local_and_has_the_hours_of_the_day(zone: str, day: datetime, hours: float, step: int) -> None:
    where = ZoneInfo(zone)
    from_ = day.replace(tzinfo=where).astimezone(UTC)
    to = (day + timedelta(days=1)).replace(tzinfo=where).astimezone(UTC)
    starts = grid(where, from_, to, step).starts
    assert len(starts) == hours * 60 / step
    assert starts == sorted(set(starts))
    assert all(wall(datetime.fromtimestamp(s, UTC), where).minute % step == 0 for s in starts)


def test_the_grid_begins_and_ends_where_it_was_asked_to() -> None:
    from_, to = datetime(2026, 6, 1, 9, 7, tzinfo=UTC), datetime(2026, 6, 1, 10, tzinfo=UTC)
    starts = [datetime.fromtimestamp(s, UTC).minute for s in grid(ZoneInfo("Etc/UTC"), from_, to, 15).starts]
    assert starts == [15, 30, 45]


def test_two_adjoining_certificates_carry_one_session_and_turnover_counts() -> None:
    room = Room(UUID(int=9), turnover=0, periods=[Period(0, 50), Period(50, 80)])
    anna = Therapist(PEOPLE[0], shifts=[(0, 30), (30, 100)])
    starts = [
        slot.starts_at for slot in find(Grid([40, 50, 61]), [(0, 100)], [], [anna], [room], Session(20, 10, True))
    ]
    assert starts == [40, 50]
