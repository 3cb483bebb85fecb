"""Where displaced sessions go: compared with every possible answer, on small cases."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import product
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from services.room_equipment.domain.displacement import Options, components, overlap, resolve, search
from services.room_equipment.solver import Solver

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def option(session: int, start: int, end: int, rooms: list[int]) -> Options:
    interval = (NOW + timedelta(minutes=start), NOW + timedelta(minutes=end))
    return Options(UUID(int=session), {UUID(int=room): interval for room in sorted(rooms)})


@st.composite
def cases(draw: st.DrawFn) -> list[Options]:
    """Up to six sessions, of some hours, that could each go to some of three rooms."""
    found = []
    for session in range(draw(st.integers(1, 6))):
        start = draw(st.integers(0, 6))
        rooms = draw(st.lists(st.integers(1, 3), unique=True, max_size=3))
        found.append(option(session, start, start + draw(st.integers(1, 4)), rooms))
    return found


def every_answer(options: list[Options]) -> Iterator[dict[UUID, UUID]]:
    for choice in product(*([None, *option.rooms] for option in options)):
        taken = [(o, room) for o, room in zip(options, choice, strict=True) if room is not None]
        if not any(
            a is not b and room == other and overlap(a.rooms[room], b.rooms[other])
            for a, room in taken
            for b, other in taken
        ):
            yield {o.appointment_id: room for o, room in taken}


def brute_force(options: list[Options]) -> dict[UUID, UUID]:
    """Most kept, then the lowest room for the lowest id, and none at all behind every room."""

    def badness(answer: dict[UUID, UUID]) -> tuple[int, list[tuple[bool, UUID]]]:
        nowhere = (True, UUID(int=0))
        ranks = [
            (False, answer[o.appointment_id]) if o.appointment_id in answer else nowhere
            for o in sorted(options, key=lambda o: o.appointment_id)
        ]
        return -len(answer), ranks

    return min(every_answer(options), key=badness)


@settings(max_examples=150, deadline=None)
@given(cases())
def test_the_answer_is_the_best_there_is(options: list[Options]) -> None:
    moved, optimal = resolve(options, never)
    assert optimal
    assert moved == brute_force(options)


@settings(max_examples=100, deadline=None)
@given(cases())
def test_the_solvers_answer_is_the_same(options: list[Options]) -> None:
    moved: dict[UUID, UUID] = {}
    for component in components([option for option in options if option.rooms]):
        found, optimal = Solver(seconds=30)([component])
        assert optimal
        moved |= found
    assert moved == brute_force(options)


def test_search_and_solver_agree_on_a_crowd_and_on_nothing_less() -> None:
    crowd = [option(n, 7 * n % 23, 7 * n % 23 + 5, [1 + n % 4, 1 + n % 3]) for n in range(24)]
    for component in components(crowd):
        assert search(component, steps=10_000_000) == Solver(seconds=60)([component])[0]


def test_a_search_that_would_take_too_long_is_given_up() -> None:
    crowd = [option(n, n % 7, n % 7 + 3, [1, 2, 3]) for n in range(40)]
    assert search(crowd, steps=1_000) is None
    assert search([*crowd, option(40, 0, 1, [1])]) is None


def never(_: object) -> tuple[dict[UUID, UUID], bool]:
    raise AssertionError("asked")


def test_sessions_that_do_not_compete_need_no_solver() -> None:
    apart = [option(1, 0, 60, [2, 1]), option(2, 60, 120, [1]), option(3, 0, 60, [3]), option(4, 0, 60, [])]
    moved, optimal = resolve(apart, never)
    assert optimal
    assert moved == {UUID(int=1): UUID(int=1), UUID(int=2): UUID(int=1), UUID(int=3): UUID(int=3)}


def test_sessions_are_joined_through_others_they_compete_with() -> None:
    chain = [option(1, 0, 60, [1]), option(2, 50, 110, [1]), option(3, 100, 160, [1]), option(4, 160, 200, [1])]
    assert [[o.appointment_id.int for o in c] for c in components(chain)] == [[1, 2, 3], [4]]


def test_without_time_the_best_found_is_used_and_said_not_to_be_proved() -> None:
    crowd = [option(n, n % 7, n % 7 + 3, [1, 2, 3]) for n in range(60)]
    moved, optimal = resolve(crowd, Solver(seconds=0))
    assert not optimal
    taken = [(o, moved[o.appointment_id]) for o in crowd if o.appointment_id in moved]
    assert not any(
        a is not b and room == other and overlap(a.rooms[room], b.rooms[other])
        for a, room in taken
        for b, other in taken
    )


def test_the_same_question_has_the_same_answer() -> None:
    crowd = [option(n, n % 9, n % 9 + 3, [1, 2, 3]) for n in range(50)]
    first, _ = resolve(crowd, Solver(seconds=30))
    again, _ = resolve(list(reversed(crowd)), Solver(seconds=30))
    assert first == again
