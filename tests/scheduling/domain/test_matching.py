"""Who gets what: as many as possible, nobody twice."""

from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from services.scheduling.domain.matching import assign


def most(wishes: list[list[int]]) -> int:
    """By trying everything."""
    things = sorted({thing for wish in wishes for thing in wish}) + [-1] * len(wishes)
    orders = set(permutations(things, len(wishes)))
    return max(sum(thing in wish for thing, wish in zip(order, wishes, strict=True)) for order in orders)


@given(st.lists(st.lists(st.integers(0, 3), max_size=4, unique=True), min_size=1, max_size=3))
def test_as_many_as_can_be_get_one_of_their_own_and_nobody_anothers(wishes: list[list[int]]) -> None:
    found = assign(wishes)
    given = [thing for thing in found if thing is not None]
    assert len(set(given)) == len(given) == most(wishes)
    assert all(thing is None or thing in wish for thing, wish in zip(found, wishes, strict=True))


def test_each_gets_the_first_of_its_list_that_costs_nobody_theirs() -> None:
    assert assign([["a", "b"], ["b", "a"]]) == ["a", "b"]
    assert assign([["a", "b"], ["a"]]) == ["b", "a"]
