"""The grid of local starts, above all on the days whose clock changes."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from services.scheduling.domain.grid import FOREVER, Grid, clock, grid, moment, packed, stamp, touching, within
from services.scheduling.domain.localtime import wall

BERLIN = ZoneInfo("Europe/Berlin")
EVERY_DAY = frozenset(range(7))


def local(starts: list[int], zone: ZoneInfo) -> list[str]:
    return [f"{wall(moment(start), zone):%d %H:%M}" for start in starts]


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Berlin", date(2026, 3, 29), 23), ("Europe/Berlin", date(2026, 10, 25), 25),
        ("America/New_York", date(2026, 3, 8), 23), ("America/New_York", date(2026, 11, 1), 25),
        ("Australia/Lord_Howe", date(2026, 4, 5), 24.5), ("Australia/Lord_Howe", date(2026, 10, 4), 23.5),
        ("Africa/Cairo", date(2026, 4, 24), 23), ("Asia/Kathmandu", date(2026, 4, 5), 24),
        ("Europe/Berlin", date(2028, 2, 29), 24),
    ],
)  # fmt: skip
@pytest.mark.parametrize("step", [15, 30])
def test_the_grid_is_local_and_has_the_hours_of_the_day(zone: str, day: date, hours: float, step: int) -> None:
    where = ZoneInfo(zone)
    starts = grid(where, day, day, step).starts
    assert len(starts) == hours * 60 / step
    assert starts == sorted(set(starts))
    assert all(wall(moment(start), where).minute % step == 0 for start in starts)
    assert all(wall(moment(start), where).date() == day for start in starts)


def test_a_grid_of_an_hour_over_a_clock_change_of_half_of_one_has_only_its_starts_in_any_mask() -> None:
    where = ZoneInfo("Australia/Lord_Howe")
    found = grid(where, date(2026, 4, 4), date(2026, 4, 6), 60)
    assert found.tick == 30 * 60 * 10**6
    assert found.set(found.all) == found.starts
    assert found.set(within(found, packed([(0, FOREVER)]), 1)) == found.starts
    assert all(wall(moment(start), where).minute == 0 for start in found.starts)


def test_a_day_that_does_not_exist_has_no_start() -> None:
    apia = grid(ZoneInfo("Pacific/Apia"), date(2011, 12, 29), date(2011, 12, 31), 15)
    assert [day.date.day for day in apia.days] == [29, 31]
    assert len(apia.starts) == 192


def test_an_evening_over_midnight_counts_to_the_day_it_began() -> None:
    days = grid(BERLIN, date(2026, 6, 5), date(2026, 6, 7), 60)  # Friday to Sunday
    friday_night = clock(days, frozenset({4}), 22 * 60, 2 * 60)
    assert local(days.set(friday_night), BERLIN) == ["05 22:00", "05 23:00", "06 00:00", "06 01:00"]


def test_a_window_of_the_clock_has_the_repeated_hour_twice_and_skips_the_gap() -> None:
    autumn = grid(BERLIN, date(2026, 10, 25), date(2026, 10, 25), 30)
    assert local(autumn.set(clock(autumn, EVERY_DAY, 120, 180)), BERLIN) == ["25 02:00", "25 02:30"] * 2
    spring = grid(BERLIN, date(2026, 3, 29), date(2026, 3, 29), 30)
    assert local(spring.set(clock(spring, EVERY_DAY, 90, 210)), BERLIN) == ["29 01:30", "29 03:00"]


def test_instants_keep_their_microseconds() -> None:
    instant = datetime(2026, 6, 1, 9, 0, 0, 1, tzinfo=UTC)
    assert moment(stamp(instant)) == instant
    nine, ten = (stamp(datetime(2026, 6, 1, hour, tzinfo=UTC)) for hour in (9, 10))
    until_just_after_nine = packed([(stamp(instant - timedelta(hours=1)), stamp(instant))])
    assert Grid([nine, ten]).set(touching(Grid([nine, ten]), until_just_after_nine, 1)) == [nine]
