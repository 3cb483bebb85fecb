"""Availability against a brute-force oracle that looks at every start, therapist and room in turn."""

from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from services.scheduling.domain.grid import FOREVER, Grid, Span, packed, touching, unpacked, within
from services.scheduling.domain.slots import Room, Session, Slot, Therapist, find

PEOPLE = [UUID(int=n) for n in range(1, 4)]

# Wide enough that most examples have a free start: what is always empty shows nothing.
wide = st.lists(
    st.tuples(st.integers(0, 40), st.integers(20, 100)).map(lambda pair: (pair[0], pair[0] + pair[1])),
    min_size=1, max_size=2,
)  # fmt: skip
narrow = st.lists(
    st.tuples(st.integers(0, 95), st.integers(1, 12)).map(lambda pair: (pair[0], pair[0] + pair[1])), max_size=2
)
periods = st.tuples(
    st.tuples(st.integers(0, 30), st.integers(10, 100)).map(lambda pair: (pair[0], pair[0] + pair[1])),
    st.frozensets(st.sampled_from(PEOPLE), max_size=2),
)
therapists = st.tuples(
    *(
        st.builds(
            Therapist,
            id=st.just(person), shifts=wide.map(packed), busy=narrow.map(packed), away=narrow.map(packed),
            certified=st.sampled_from([{"s": FOREVER}, {"s": 50}, {}]), load_ready=st.sampled_from([True, True, False]),
        )
        for person in PEOPLE
    )
)  # fmt: skip


def a_room(id: UUID, turnover: int, busy: list[Span], found: list[tuple[Span, frozenset[UUID]]]) -> Room:
    """As the database keeps them: a room's periods never overlap."""
    kept: list[tuple[Span, frozenset[UUID]]] = []
    for span, who in sorted(found, key=lambda period: period[0]):
        if not kept or span[0] >= kept[-1][0][1]:
            kept.append((span, who))
    return Room(id, turnover, packed(busy), packed(span for span, _ in kept), tuple(who for _, who in kept))


rooms = st.lists(
    st.builds(
        a_room, id=st.uuids(), turnover=st.integers(0, 5), busy=narrow, found=st.lists(periods, min_size=1, max_size=4)
    ),
    min_size=1,
    max_size=3,
)
sessions = st.builds(
    Session, duration=st.integers(1, 20), turnover=st.integers(0, 5), requires_bar=st.booleans(),
    skill=st.sampled_from([None, "s"]),
)  # fmt: skip
starts_of_grids = st.one_of(
    st.just(list(range(0, 100, 3))), st.lists(st.integers(0, 99), max_size=20, unique=True).map(sorted)
)


def disjoint(found: list[Span]) -> list[Span]:
    """As opening hours are: apart from each other."""
    kept: list[Span] = []
    for span in sorted(found):
        if not kept or span[0] > kept[-1][1]:
            kept.append(span)
    return kept


def inside(start: int, end: int, of: list[Span]) -> bool:
    return all(any(a <= moment < b for a, b in of) for moment in range(start, end))


def apart(start: int, end: int, of: bytes) -> bool:
    return all(b <= start or end <= a for a, b in unpacked(of))


def oracle(
    starts: list[int], opened: list[Span], closed: list[Span], people: tuple[Therapist, ...], places: list[Room],
    session: Session,
) -> list[Slot]:  # fmt: skip
    found = []
    for start in starts:
        end = start + session.duration
        if not any(a <= start and end <= b for a, b in opened) or not apart(start, end, packed(closed)):
            continue
        listed, used = [], set()
        for person in people:
            free = inside(start, end, list(unpacked(person.shifts))) and apart(start, end, person.busy + person.away)
            papers = session.skill is None or end <= person.certified.get(session.skill, 0)
            if not free or not papers or (session.requires_bar and not person.load_ready):
                continue
            for room in places:
                left = end + max(session.turnover, room.turnover)
                periods = zip(unpacked(room.periods), room.excluded, strict=True)
                cleared = [span for span, who in periods if person.id not in who]
                if apart(start, left, room.busy) and (not session.requires_bar or inside(start, left, cleared)):
                    used.add(room.id)
                    if person.id not in listed:
                        listed.append(person.id)
        if listed:
            found.append(Slot(start, listed, len(used)))
    return found


@settings(max_examples=300, deadline=None)
@given(starts_of_grids, wide.map(disjoint), narrow, therapists, rooms, sessions)
def test_slots_are_those_an_exhaustive_look_finds(
    starts: list[int], opened: list[Span], closed: list[Span], people: tuple[Therapist, ...], places: list[Room],
    session: Session,
) -> None:  # fmt: skip
    grid = Grid(starts)
    wanted = within(grid, packed(opened), session.duration) & ~touching(grid, packed(closed), session.duration)
    assert find(grid, wanted, people, places, session).slots() == oracle(
        starts, opened, closed, people, places, session
    )


@given(st.lists(st.integers(0, 99), unique=True).map(sorted), st.integers(-5, 105), st.integers(-5, 105))
def test_a_cut_of_the_grid_holds_the_starts_of_the_stretch(starts: list[int], first: int, last: int) -> None:
    grid = Grid(starts)
    assert grid.set(grid.cut(first, last)) == [start for start in starts if first <= start < last]


def test_two_adjoining_certificates_carry_one_session_and_turnover_counts() -> None:
    room = Room(UUID(int=9), turnover=0, periods=packed([(0, 50), (50, 80)]), excluded=(frozenset(), frozenset()))
    anna = Therapist(PEOPLE[0], shifts=packed([(0, 30), (30, 100)]))
    grid = Grid([40, 50, 61])
    found = find(grid, grid.all, [anna], [room], Session(20, 10, True)).slots()
    assert [slot.starts_at for slot in found] == [40, 50]
