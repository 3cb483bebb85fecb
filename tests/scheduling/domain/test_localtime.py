"""A branch's wall clock: gaps, repeated hours, odd offsets."""

# ruff: noqa: DTZ001  (naive times are wall clock readings, which is what is tested)

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.scheduling.domain.errors import AmbiguousLocalTime, NonexistentLocalTime
from services.scheduling.domain.localtime import at_wall, day_end, instants, local_date, resolve, wall

BERLIN, NEW_YORK, LORD_HOWE = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York"), ZoneInfo("Australia/Lord_Howe")
ZONES = st.sampled_from([BERLIN, NEW_YORK, LORD_HOWE, ZoneInfo("Asia/Shanghai"), ZoneInfo("Africa/Casablanca")])
MOMENTS = st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))

GAPS = [
    (BERLIN, datetime(2026, 3, 29, 2, 30)),
    (NEW_YORK, datetime(2026, 3, 8, 2, 0)),
    (LORD_HOWE, datetime(2026, 10, 4, 2, 15)),
]
REPEATED = [
    (BERLIN, datetime(2026, 10, 25, 2, 30), timedelta(hours=1)),
    (NEW_YORK, datetime(2026, 11, 1, 1, 0), timedelta(hours=1)),
    (LORD_HOWE, datetime(2026, 4, 5, 1, 45), timedelta(minutes=30)),
]


@pytest.mark.parametrize(("zone", "local"), GAPS)
def test_a_time_the_clock_jumps_over_is_refused(zone: ZoneInfo, local: datetime) -> None:
    assert instants(local, zone) == []
    with pytest.raises(NonexistentLocalTime) as refused:
        resolve(local, zone)
    assert refused.value.code == "nonexistent_local_time"


@pytest.mark.parametrize(("zone", "local", "apart"), REPEATED)
def test_a_repeated_time_is_refused_with_both_instants(zone: ZoneInfo, local: datetime, apart: timedelta) -> None:
    with pytest.raises(AmbiguousLocalTime) as refused:
        resolve(local, zone)
    alternatives = refused.value.extra["alternatives"]
    assert isinstance(alternatives, list)
    first, second = (datetime.fromisoformat(text) for text in alternatives)
    assert second - first == apart
    assert wall(first, zone) == wall(second, zone) == local


@pytest.mark.parametrize(("zone", "local"), GAPS)
def test_a_recurring_time_in_a_gap_takes_the_offset_from_before_it(zone: ZoneInfo, local: datetime) -> None:
    shifted = wall(at_wall(local, zone), zone)
    assert timedelta() < shifted - local <= timedelta(hours=1)


@pytest.mark.parametrize(("zone", "local", "apart"), REPEATED)
def test_a_recurring_time_in_a_repeated_hour_is_the_first(zone: ZoneInfo, local: datetime, apart: timedelta) -> None:
    assert at_wall(local, zone) == instants(local, zone)[0]
    assert instants(local, zone)[1] - instants(local, zone)[0] == apart


@given(MOMENTS, ZONES)
def test_every_instant_is_found_again_from_the_clock_it_shows(moment: datetime, zone: ZoneInfo) -> None:
    assert moment in instants(wall(moment, zone), zone)


@given(st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1)), ZONES)
def test_what_a_local_time_resolves_to_shows_that_time(local: datetime, zone: ZoneInfo) -> None:
    try:
        assert wall(resolve(local, zone), zone) == local
    except AmbiguousLocalTime:
        assert len(instants(local, zone)) == 2
    except NonexistentLocalTime:
        assert wall(at_wall(local, zone), zone) != local


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2028, 2, 29), 24)])
def test_a_date_holds_until_its_local_day_is_over(day: date, hours: int) -> None:
    end = day_end(day, BERLIN)
    assert end - day_end(day - timedelta(days=1), BERLIN) == timedelta(hours=hours)
    assert local_date(end - timedelta(seconds=1), BERLIN) == day
    assert local_date(end, BERLIN) == day + timedelta(days=1)
