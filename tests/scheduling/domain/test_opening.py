"""Opening hours: past midnight, 24:00, clock changes, closures."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.scheduling.domain.opening import Interval, check, is_open, merge, open_intervals
from shared.errors import Invalid

BERLIN, UTC_ZONE = ZoneInfo("Europe/Berlin"), ZoneInfo("Etc/UTC")
MONDAY = datetime(2026, 6, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


def at(hour: float, day: int = 0) -> datetime:
    return MONDAY + timedelta(days=day, hours=hour)


@pytest.mark.parametrize(
    ("hours", "starts", "ends", "expected"),
    [
        ({"mon": [["10:00", "22:00"]]}, at(10), at(11), True),
        ({"mon": [["10:00", "22:00"]]}, at(21), at(22), True),
        ({"mon": [["10:00", "22:00"]]}, at(21.5), at(22.5), False),
        ({"mon": [["10:00", "22:00"]]}, at(9.9), at(11), False),
        ({"mon": [["18:00", "02:00"]]}, at(1, day=1), at(2, day=1), True),
        ({"mon": [["18:00", "02:00"]]}, at(1.5, day=1), at(2.5, day=1), False),
        ({"mon": [["18:00", "24:00"]]}, at(23), at(24), True),
        ({"mon": [["18:00", "24:00"]], "tue": [["00:00", "03:00"]]}, at(23.5), at(24.5), True),
        ({"mon": [["10:00", "13:00"], ["14:00", "18:00"]]}, at(12.5), at(14.5), False),
        ({}, at(12), at(13), False),
    ],
)
def test_a_session_lies_within_the_opening_hours(
    hours: dict[str, list[list[str]]], starts: datetime, ends: datetime, expected: bool
) -> None:
    check(hours)
    assert is_open(hours, UTC_ZONE, [], starts, ends) is expected


def test_a_closure_that_touches_the_session_closes_it_and_one_that_ends_at_its_start_does_not() -> None:
    hours = {"mon": [["10:00", "22:00"]]}
    assert not is_open(hours, UTC_ZONE, [Interval(at(11.5), at(13))], at(11), at(12))
    assert is_open(hours, UTC_ZONE, [Interval(at(10), at(11))], at(11), at(12))


@pytest.mark.parametrize(("day", "length"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25)])
def test_a_branch_open_round_the_clock_has_the_hours_the_day_really_has(day: date, length: int) -> None:
    hours = {"sun": [["00:00", "24:00"]]}
    [interval] = open_intervals(hours, BERLIN, day, day)
    assert interval.end - interval.start == length * HOUR


@pytest.mark.parametrize(
    ("hours", "pointer"),
    [
        ({"monday": [["10:00", "12:00"]]}, "/opening_hours/monday"),
        ({"mon": [["10:00", "25:00"]]}, "/opening_hours/mon/0"),
        ({"mon": [["24:00", "02:00"]]}, "/opening_hours/mon/0"),
        ({"mon": [["10:00"]]}, "/opening_hours/mon/0"),
        ({"mon": [["10:00", "14:00"], ["13:00", "15:00"]]}, "/opening_hours/mon/1"),
    ],
)
def test_hours_nobody_could_keep_are_refused_with_their_place(hours: dict[str, list[list[str]]], pointer: str) -> None:
    with pytest.raises(Invalid) as refused:
        check(hours)
    assert refused.value.pointer == pointer


@given(st.lists(st.tuples(st.integers(0, 200), st.integers(0, 40))))
def test_a_union_covers_the_same_instants_and_its_parts_neither_touch_nor_are_empty(
    spans: list[tuple[int, int]],
) -> None:
    intervals = [Interval(at(a), at(a + length)) for a, length in spans]
    union = merge(intervals)
    for hour in range(250):
        moment = at(hour + 0.5)
        assert any(i.start <= moment < i.end for i in intervals) == any(i.start <= moment < i.end for i in union)
    assert all(a.end < b.start for a, b in pairwise(union))
    assert all(i.start < i.end for i in union)
