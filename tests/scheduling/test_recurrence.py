"""Shifts laid out in wall time."""

# ruff: noqa: DTZ001  (naive times are wall clock readings)

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from services.scheduling.recurrence import windows
from shared.errors import Invalid

UTC_ZONE = ZoneInfo("Etc/UTC")
MONDAY = datetime(2026, 6, 1, 9)


def days(repeat: str | None, until: int = 40) -> list[int]:
    """On which days after MONDAY the shift begins."""
    first = MONDAY.replace(tzinfo=UTC)
    found = windows(
        MONDAY, MONDAY + timedelta(hours=8), repeat, UTC_ZONE, first - timedelta(days=1), first + timedelta(days=until)
    )
    assert all(window.end - window.start == timedelta(hours=8) for window in found)
    return [(window.start - first).days for window in found]


@pytest.mark.parametrize(
    ("repeat", "expected"),
    [
        (None, [0]),
        ("FREQ=DAILY;COUNT=3", [0, 1, 2]),
        ("RRULE:FREQ=WEEKLY;BYDAY=MO,FR;COUNT=4", [0, 4, 7, 11]),
        ("FREQ=WEEKLY;INTERVAL=2;UNTIL=20260630", [0, 14, 28]),
        ("FREQ=DAILY;UNTIL=20260603T090000Z", [0, 1, 2]),
        ("FREQ=MONTHLY;BYDAY=1MO", [0, 35]),
        ("FREQ=MONTHLY;BYMONTHDAY=-1", [29]),
    ],
)
def test_a_rule_gives_its_days(repeat: str | None, expected: list[int]) -> None:
    assert days(repeat) == expected


def test_only_what_begins_in_the_stretch_is_given_so_that_two_stretches_join_without_doubles() -> None:
    edge = MONDAY.replace(tzinfo=UTC) + timedelta(days=10)
    ends = MONDAY + timedelta(hours=8)
    first = windows(MONDAY, ends, "FREQ=DAILY", UTC_ZONE, MONDAY.replace(tzinfo=UTC) - timedelta(days=1), edge)
    second = windows(MONDAY, ends, "FREQ=DAILY", UTC_ZONE, edge, edge + timedelta(days=5))
    assert len(first) == 11
    assert len(second) == 5
    assert set(first).isdisjoint(second)


@pytest.mark.parametrize(
    "repeat", ["", "FREQ=YEARLY", "FREQ=DAILY;BYEASTER=0", "FREQ=DAILY;INTERVAL=99999", "FREQ=DAILY;COUNT=0", "FREQ"]
)
def test_a_rule_no_shift_follows_is_refused(repeat: str) -> None:
    with pytest.raises(Invalid):
        days(repeat)


def test_a_rule_that_never_falls_on_its_days_is_refused_instead_of_searched_for() -> None:
    with pytest.raises(Invalid, match="never"):
        windows(
            MONDAY, MONDAY + timedelta(hours=1), "FREQ=DAILY;INTERVAL=7;BYDAY=TU", UTC_ZONE, *[datetime.now(UTC)] * 2
        )
