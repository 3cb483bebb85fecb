"""A working day of a branch, and what of its bars is said for it."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.scheduling.domain.daysheet import bars, cleared_until, working_day, working_day_of
from services.scheduling.domain.opening import DAYS, Interval

BERLIN = ZoneInfo("Europe/Berlin")
CLOCKS = [f"{hour:02}:{minute}" for hour in range(24) for minute in ("00", "30")]
STRETCH = st.tuples(st.sampled_from(CLOCKS), st.sampled_from([*CLOCKS, "24:00"]))
ZONES = ["Europe/Berlin", "America/Santiago", "Africa/Cairo", "Australia/Lord_Howe", "Asia/Shanghai"]
MIDNIGHT = datetime(2026, 5, 2, 22, tzinfo=UTC)
DAY = Interval(MIDNIGHT, MIDNIGHT + timedelta(hours=24))


def after(hours: float) -> datetime:
    return MIDNIGHT + timedelta(hours=hours)


@given(
    zone=st.sampled_from(ZONES).map(ZoneInfo), day=st.dates(date(2025, 1, 1), date(2028, 1, 1)),
    hours=st.dictionaries(
        st.sampled_from(DAYS), STRETCH.map(lambda one: [one])
    ),
)  # fmt: skip
def test_days_follow_one_another_without_a_hole_so_that_each_session_is_on_one_sheet(
    zone: ZoneInfo, day: date, hours: dict[str, list[tuple[str, str]]]
) -> None:
    today, next_day = working_day(hours, zone, day), working_day(hours, zone, day + timedelta(days=1))
    assert today.start < today.end == next_day.start or (today.start == today.end == next_day.start)
    if today.start < today.end:
        assert working_day_of(hours, zone, today.start) in (day, day + timedelta(days=1))
        assert today.start.astimezone(zone).date() == day


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2026, 5, 1), 24)])
def test_a_day_has_its_real_hours(day: date, hours: int) -> None:
    span = working_day({}, BERLIN, day)
    assert span.end - span.start == timedelta(hours=hours)


def test_the_night_of_saturday_is_saturdays() -> None:
    hours = {"sat": [["12:00", "02:00"]], "sun": [["12:00", "20:00"]]}
    saturday, sunday = (working_day(hours, BERLIN, date(2026, 5, day)) for day in (2, 3))
    assert saturday.end == sunday.start == datetime(2026, 5, 3, 0, tzinfo=UTC)
    assert sunday.end == datetime(2026, 5, 3, 22, tzinfo=UTC)
    assert working_day_of(hours, BERLIN, datetime(2026, 5, 2, 23, 30, tzinfo=UTC)) == date(2026, 5, 2)


def test_what_nobody_said_to_be_cleared_is_not_and_touching_certificates_are_one() -> None:
    cleared = [(after(-9), after(6)), (after(6), after(10)), (after(14), None)]
    found = bars(DAY, cleared, [(after(12), after(14), "locked_out")])
    assert [(s.start, s.end, s.cleared, s.reason) for s in found] == [
        (after(0), after(10), True, None), (after(10), after(12), False, None),
        (after(12), after(14), False, "locked_out"), (after(14), after(24), True, None),
    ]  # fmt: skip
    assert cleared_until(after(2), cleared) == (True, after(10))
    assert cleared_until(after(10), cleared) == (False, None)
    assert cleared_until(after(15), cleared) == (True, None)
    assert [s.reason for s in bars(DAY, [], [(after(-1), None, "lapsed")])] == ["lapsed"]
