"""Availability on the days on which a naive engine goes wrong, on real shifts and opening hours."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from services.scheduling.settings import settings
from tests.scheduling.builders import Chain, Place, every_day, iso, tomorrow
from tests.scheduling.test_local_time import ZONES, next_change


def local_day(zone: str, day: date) -> tuple[datetime, datetime]:
    """Its first instant, and the first of the next (UTC)."""
    first, after = (
        datetime(d.year, d.month, d.day, tzinfo=ZoneInfo(zone)).astimezone(UTC) for d in (day, day + timedelta(days=1))
    )
    return first, after


async def starts(chain: Chain, place: Place, from_: datetime, to: datetime) -> list[datetime]:
    found = await chain.get(
        "/v1/availability", treatment_id=place.treatment_id, branch_id=place.branch_id, limit=5000,
        **{"from": iso(from_), "to": iso(to)},
    )  # fmt: skip
    return [datetime.fromisoformat(slot["starts_at"]) for slot in found["slots"]]


async def every_offer_is_taken(chain: Chain, place: Place, found: list[datetime]) -> None:
    """Each alone: booked, then given back."""
    for start in found:
        asked = await chain.request(place, start)
        await chain.post(f"/v1/appointments/{asked['id']}/cancel", {}, 200)


@pytest.mark.parametrize("zone", ZONES)
async def test_a_day_of_23_hours_has_no_start_in_the_gap_and_sessions_go_over_it(chain: Chain, zone: str) -> None:
    gap, _ = next_change(zone, gap=True)
    place = await chain.place(timezone=zone)
    first, after = local_day(zone, gap.date())
    found = await starts(chain, place, first, after)
    assert len(found) == (after - first) / timedelta(minutes=15) < 96
    assert gap not in [start.astimezone(ZoneInfo(zone)).replace(tzinfo=None) for start in found]
    await every_offer_is_taken(chain, place, [s for s in found if abs(s - first) < timedelta(hours=4)])


@pytest.mark.parametrize("zone", ZONES)
async def test_a_day_of_25_hours_has_the_repeated_starts_twice_and_each_can_be_booked(chain: Chain, zone: str) -> None:
    local, both = next_change(zone, gap=False)
    place = await chain.place(timezone=zone)
    first, after = local_day(zone, local.date())
    found = await starts(chain, place, first, after)
    assert len(found) == (after - first) / timedelta(minutes=15) > 96
    assert set(both) <= set(found)
    await every_offer_is_taken(chain, place, [s for s in found if abs(s - both[0]) < timedelta(hours=2)])


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("gap", [True, False])
async def test_opening_hours_keep_their_wall_time_over_a_clock_change(chain: Chain, zone: str, gap: bool) -> None:
    changes, _ = next_change(zone, gap=gap)
    hours = every_day(["10:00", "12:00"])
    place = await chain.place(timezone=zone, hours=hours)
    for day in (changes.date() - timedelta(days=1), changes.date(), changes.date() + timedelta(days=1)):
        found = await starts(chain, place, *local_day(zone, day))
        local = [start.astimezone(ZoneInfo(zone)).strftime("%H:%M") for start in found]
        assert local == ["10:00", "10:15", "10:30", "10:45", "11:00"]


async def test_a_branch_open_past_midnight_is_offered_over_it(chain: Chain) -> None:
    place = await chain.place(hours=every_day(["22:00", "02:00"]))
    found = await starts(chain, place, tomorrow(12, days=2), tomorrow(12, days=3))
    assert (found[0], found[-1]) == (tomorrow(22, days=2), tomorrow(1, days=3))
    assert len(found) == 13
    await every_offer_is_taken(chain, place, found)


async def test_a_branch_open_to_24_00_is_offered_to_its_end(chain: Chain) -> None:
    place = await chain.place(hours=every_day(["22:00", "24:00"]))
    found = await starts(chain, place, tomorrow(12, days=2), tomorrow(12, days=3))
    assert (found[0], found[-1]) == (tomorrow(22, days=2), tomorrow(23, days=2))
    await every_offer_is_taken(chain, place, found)


@pytest.fixture
def far_ahead(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("CAIBEI_SCHEDULING_HORIZON_DAYS", "800")
    settings.cache_clear()
    yield
    monkeypatch.undo()
    settings.cache_clear()


async def test_the_leap_day_is_a_day_like_any_other(chain: Chain, far_ahead: None) -> None:
    leap = next_leap_day()
    if leap > datetime.now(UTC).date() + timedelta(days=780):
        leap -= timedelta(days=1)  # further ahead than anything can be laid out: its eve is looked at instead
    place = await chain.place(timezone="Europe/Berlin", hours=every_day(["10:00", "12:00"]))
    first, after = local_day("Europe/Berlin", leap)
    found = await starts(chain, place, first - timedelta(days=1), after + timedelta(days=1))
    days: dict[Any, int] = {}
    for start in found:
        days[start.astimezone(ZoneInfo("Europe/Berlin")).date()] = days.get(start.date(), 0) + 1
    assert days == {leap + timedelta(days=n): 5 for n in (-1, 0, 1)}


def next_leap_day() -> date:
    year = datetime.now(UTC).year
    while True:
        try:
            day = date(year, 2, 29)
        except ValueError:
            day = date.min
        if day > datetime.now(UTC).date():
            return day
        year += 1
