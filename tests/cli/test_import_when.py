"""Days and times as a chain's files write them."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.cli.chain.when import WEEKDAYS, Day, Moment

SUNDAY = date(2026, 11, 22)
NOW = datetime(2026, 11, 22, 11, 0, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("written", "means"),
    [
        ("2026-05-01", date(2026, 5, 1)),
        ("today", SUNDAY),
        ("+3d", date(2026, 11, 25)),
        ("-2w", date(2026, 11, 8)),
        ("-6m+4d", date(2026, 5, 26)),
        ("+1y", date(2027, 11, 22)),
        ("mon", date(2026, 11, 23)),
        ("sun", date(2026, 11, 29)),
        ("mon+1w", date(2026, 11, 30)),
        ("mon-2w", date(2026, 11, 9)),
        ("SAT", date(2026, 11, 28)),
    ],
)
def test_a_day_counts_from_the_day_of_import(written: str, means: date) -> None:
    assert Day.parse(written).on(SUNDAY) == means


def test_a_month_too_short_ends_on_its_last_day() -> None:
    assert Day.parse("-1m").on(date(2026, 3, 31)) == date(2026, 2, 28)


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)), st.sampled_from(WEEKDAYS))
def test_a_weekday_is_the_first_one_after_the_day_of_import(anchor: date, weekday: str) -> None:
    found = Day.parse(weekday).on(anchor)
    assert timedelta(1) <= found - anchor <= timedelta(7)
    assert WEEKDAYS[found.weekday()] == weekday


@pytest.mark.parametrize("written", ["", "soon", "3d", "+3", "2026-13-01", "monday", "+3d 10:30", "2026-02-30"])
def test_what_is_no_day_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match=r"is no day|out of range|must be in"):
        Day.parse(written)


@pytest.mark.parametrize(
    ("written", "means"),
    [
        ("+3d 10:30", datetime(2026, 11, 25, 9, 30, tzinfo=UTC)),
        ("2026-07-01 10:30", datetime(2026, 7, 1, 8, 30, tzinfo=UTC)),
        ("2026-07-01T10:30", datetime(2026, 7, 1, 8, 30, tzinfo=UTC)),
        ("2026-07-01T10:30+08:00", datetime(2026, 7, 1, 2, 30, tzinfo=UTC)),
        ("now", NOW),
    ],
)
def test_a_time_is_by_the_branch_clock_or_has_its_offset(written: str, means: datetime) -> None:
    assert Moment.parse(written).at(SUNDAY, BERLIN, NOW) == means


def test_a_time_the_clock_change_skips_is_refused() -> None:
    with pytest.raises(ValueError, match="is skipped in Europe/Berlin"):
        Moment.parse("2027-03-28 02:30").at(SUNDAY, BERLIN, NOW)


def test_a_time_that_comes_twice_needs_its_offset() -> None:
    with pytest.raises(ValueError, match="comes twice"):
        Moment.parse("2026-10-25 02:30").at(SUNDAY, BERLIN, NOW)
    assert Moment.parse("2026-10-25T02:30+02:00").at(SUNDAY, BERLIN, NOW) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize("written", ["", "10:30", "+3d", "+3d 25:00", "tomorrow 10:30", "2026-07-01T10:30:61Z"])
def test_what_is_no_time_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match="is no"):
        Moment.parse(written)
