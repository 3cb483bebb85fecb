"""What is proposed instead, and in which order: the same for the same free slots, whatever their order."""

import random
from datetime import timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from services.scheduling.domain.alternatives import APART, MOST, Booked, Free, Kind, chosen, ranked
from shared.kit.ids import new_id
from tests.scheduling.builders import ANNA, BEN, NOON

ITEM = UUID("01995a3e-7c00-7000-8000-00000000000f")
HOME, AWAY, FAR = (UUID(int=n) for n in range(20, 23))
BARS, OIL, FEET = (UUID(int=n) for n in range(30, 33))
HOUR = timedelta(hours=1)


def booked(**changes: Any) -> Booked:
    values: dict[str, Any] = {
        "item_id": ITEM, "attempt": 1, "branch_id": HOME, "treatment_id": BARS, "therapist_id": ANNA,
        "therapist_named": False, "starts_at": NOON,
    }  # fmt: skip
    return Booked(**(values | changes))


def free(minutes: int = 0, *people: UUID, branch: UUID = HOME, treatment: UUID = BARS, **more: Any) -> Free:
    at = NOON + timedelta(minutes=minutes)
    places: Any = {"branch": [HOME, AWAY, FAR].index(branch), "treatment": [BARS, OIL, FEET].index(treatment)}
    return Free(at, at + HOUR, branch, treatment, people or (ANNA,), **places, **more)


def kinds(session: Booked, *slots: Free) -> list[tuple[str, int]]:
    return [
        (one.kind.value, int((one.starts_at - NOON).total_seconds()) // 60) for one in chosen(ranked(session, slots))
    ]


EVERYTHING = (
    free(0, treatment=OIL), free(0, branch=AWAY), free(60), free(0, BEN), free(-30),
)  # fmt: skip


def test_what_changes_least_comes_first() -> None:
    assert kinds(booked(), *EVERYTHING) == [
        ("other_therapist", 0), ("other_time", -30), ("other_time", 60), ("other_branch", 0), ("other_treatment", 0),
    ]  # fmt: skip
    assert kinds(booked(), *EVERYTHING, free(0))[0] == ("other_room", 0)


def test_who_asked_for_a_therapist_is_offered_her_other_times_before_another_therapist() -> None:
    found = kinds(booked(therapist_named=True), free(0, BEN), free(15, BEN), free(180), free(0, branch=AWAY))
    assert found == [("other_time", 180), ("other_therapist", 0), ("other_time", 15), ("other_branch", 0)]


def test_at_the_same_distance_the_later_one_comes_first_and_an_hour_lies_between_two() -> None:
    quarters = [free(15 * n) for n in range(-12, 13) if n]
    assert kinds(booked(), *quarters) == [("other_time", 15), ("other_time", -45), ("other_time", 75),
                                          ("other_time", -105)]  # fmt: skip


def test_each_other_branch_and_treatment_is_offered_once_in_the_order_they_were_looked_at() -> None:
    slots = [free(m, branch=b) for m in (0, 90) for b in (FAR, AWAY)] + [
        free(m, treatment=t) for m in (0, 90) for t in (FEET, OIL)
    ]
    found = chosen(ranked(booked(), slots))
    assert [(one.kind, one.branch_id, one.treatment_id, one.starts_at) for one in found] == [
        (Kind.OTHER_BRANCH, AWAY, BARS, NOON), (Kind.OTHER_BRANCH, FAR, BARS, NOON),
        (Kind.OTHER_TREATMENT, HOME, OIL, NOON), (Kind.OTHER_TREATMENT, HOME, FEET, NOON),
    ]  # fmt: skip


def test_a_therapist_who_stood_down_is_not_offered_that_day() -> None:
    later = 26 * 60
    session = booked(stood_down=True)
    slots = (free(60), free(0, ANNA, BEN), free(later, ANNA, that_day=False))
    assert kinds(session, *slots) == [("other_therapist", 0), ("other_time", later)]


def test_each_says_what_changes_and_what_stays() -> None:
    slots = (free(0), free(75), free(-90, BEN), free(0, BEN, branch=AWAY), free(30, treatment=OIL))
    assert [one.why for one in ranked(booked(), slots)] == [
        "Another room, at the same time, same therapist.",
        "Another time, 1 h 15 min later, same therapist.",
        "Another time, 1 h 30 min earlier, another therapist.",
        "Another branch, at the same time, another therapist.",
        "Another treatment that suits the client, 30 min later, same therapist.",
    ]


@given(
    st.lists(
        st.builds(
            free, st.integers(-40, 40).map(lambda n: 15 * n), st.sampled_from([ANNA, BEN]),
            branch=st.sampled_from([HOME, AWAY, FAR]), treatment=st.sampled_from([BARS, OIL, FEET]),
        ),
        max_size=40,
        unique_by=lambda slot: (slot.starts_at, slot.branch_id, slot.treatment_id),
    ),
    st.booleans(),
)  # fmt: skip
def test_it_is_the_same_for_the_same_slots_in_any_order_few_and_apart(slots: list[Free], named: bool) -> None:
    session = booked(therapist_named=named)
    found = chosen(ranked(session, slots))
    assert chosen(ranked(session, random.sample(slots, len(slots)))) == found
    assert len({one.alternative_id for one in found}) == len(found)
    for kind in Kind:
        same = [one for one in found if one.kind is kind]
        assert len(same) <= MOST[kind]
        if kind is Kind.OTHER_TIME:
            starts = sorted(one.starts_at for one in same)
            assert all(b - a >= APART for a, b in pairwise(starts))


def test_the_same_slot_has_the_same_id_until_another_was_asked_for() -> None:
    [first] = ranked(booked(), [free(60)])
    assert ranked(booked(), [free(60), free(0)])[1].alternative_id == first.alternative_id
    assert first.alternative_id.version == 7
    for other in (booked(attempt=2), booked(item_id=new_id())):
        assert ranked(other, [free(60)])[0].alternative_id != first.alternative_id
    assert ranked(booked(), [free(60, BEN)])[0].alternative_id != first.alternative_id
