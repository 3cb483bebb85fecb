"""What a certificate's end does to sessions, to the minute and in the branch's zone: each with its exact outcome."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.room_equipment.door import Door
from tests.room_equipment.spa import Spa

HOUR, TURNOVER = timedelta(hours=1), timedelta(minutes=15)
MINUTE = timedelta(minutes=1)


def in_days(days: int) -> date:
    return (datetime.now(UTC) + timedelta(days=days)).date()


async def certified(spa: Spa, bar: Any, until: date) -> datetime:
    """A passing inspection that holds through that local day; the first instant after it."""
    answer = await spa.inspect(bar, valid_until=until.isoformat())
    assert answer.status_code == 201, answer.text
    assert answer.json()["certificate"]["valid_until"] == until.isoformat()
    return datetime.fromisoformat(answer.json()["certificate"]["ends_at"])


async def refused(spa: Spa, starts_at: datetime, room: Any) -> tuple[str, datetime]:
    (said,) = await spa.hear(spa.request(starts_at, room_id=room))
    assert said["code"] == "room_not_certified", said
    return said["gap_reason"], datetime.fromisoformat(said["gap_at"])


async def test_one_that_ends_in_the_middle_of_a_session_refuses_it_from_its_end_on(spa: Spa) -> None:
    room, bar = await spa.cleared_room()
    end = await certified(spa, bar, in_days(20))
    assert await refused(spa, end - HOUR / 2, room) == ("lapsed", end)
    assert await refused(spa, end, room) == ("lapsed", end)  # half-open: its last instant is not in it


async def test_one_that_ends_inside_the_turnover_refuses_and_at_its_end_does_not(spa: Spa) -> None:
    room, bar = await spa.cleared_room()
    end = await certified(spa, bar, in_days(20))
    assert await refused(spa, end - HOUR - TURNOVER + MINUTE, room) == ("lapsed", end)
    await spa.book(end - HOUR - TURNOVER, room_id=room)


async def test_a_shortened_one_displaces_what_reaches_past_it_by_a_minute_and_keeps_what_does_not(spa: Spa) -> None:
    room, bar = await spa.cleared_room()
    end = (datetime.combine(in_days(21), datetime.min.time(), ZoneInfo("Europe/Berlin"))).astimezone(UTC)
    fits = await spa.book(end - HOUR - TURNOVER, room_id=room)
    (await spa.inspect(bar)).raise_for_status()
    past = await spa.book(end + MINUTE, room_id=room)
    answer = await spa.inspect(bar, valid_until=in_days(20).isoformat())
    assert datetime.fromisoformat(answer.json()["certificate"]["ends_at"]) == end
    assert answer.json()["revoked"] == [str(past)] == answer.json()["displaced"]
    assert (await spa.assignment(fits))["state"] == "assigned"
    assert await refused(spa, end, room) == ("lapsed", end)


async def test_two_that_adjoin_under_a_running_session_are_as_good_as_one(door: Door) -> None:
    (await door.start()).raise_for_status()
    answer = await door.spa.inspect(door.bar)
    assert answer.json()["at_risk"] == [] == answer.json()["displaced"]
    assert (await door.spa.assignment(door.session))["state"] == "running"
    evidence = (await door.spa.http.get(f"/v1/assignments/{door.session}/evidence")).json()
    assert evidence["cleared_to_the_end"] is True and len(evidence["inspections"]) == 2
    first, second = evidence["clearance"]
    assert first["ends_at"] == second["starts_at"]


async def test_a_new_one_before_the_old_one_ends_clears_the_room_further_without_a_gap(spa: Spa) -> None:
    room, bar = await spa.cleared_room()
    old = await certified(spa, bar, in_days(20))
    session = await spa.book(old - 2 * HOUR, room_id=room)
    assert (await refused(spa, old - HOUR, room))[0] == "lapsed"
    new = await certified(spa, bar, in_days(40))
    await spa.book(old - HOUR / 2, room_id=room)  # across what was the end
    assert (await spa.assignment(session))["state"] == "assigned"
    found = await spa.clearance(room)
    assert [datetime.fromisoformat(p["ends_at"]) for p in found["periods"]][-1] == new
    assert [datetime.fromisoformat(g["starts_at"]) for g in found["gaps"]][-1] == new


@pytest.mark.parametrize(
    ("performed", "valid_until", "end"),
    [
        ("2023-08-31T10:00:00Z", "2024-02-29", "2024-02-29T23:00:00+00:00"),  # no 31st, and a leap year
        ("2022-08-31T10:00:00Z", "2023-02-28", "2023-02-28T23:00:00+00:00"),
        ("2024-02-29T10:00:00Z", "2024-08-29", "2024-08-29T22:00:00+00:00"),
    ],
)
async def test_six_months_on_from_and_to_the_end_of_february(
    spa: Spa, performed: str, valid_until: str, end: str
) -> None:
    room = await spa.room()
    bar = await spa.bar(room)
    recorded = await spa.installed(bar, performed_at=performed)
    assert recorded["certificate"]["valid_until"] == valid_until
    assert datetime.fromisoformat(recorded["certificate"]["ends_at"]) == datetime.fromisoformat(end)
    assert (await spa.clearance(room))["gaps"][0]["reason"] == "lapsed"


# The nights of 2027 in which the clock changes, within half a year of now, and how long those days are.
NIGHTS = [
    ("Europe/Berlin", date(2027, 3, 28), 23),
    ("America/New_York", date(2027, 3, 14), 23),
    ("Africa/Cairo", date(2027, 4, 30), 23),  # at midnight: the day begins at one
    ("Australia/Sydney", date(2027, 4, 4), 25),
    ("Pacific/Auckland", date(2027, 4, 4), 25),
    ("America/Santiago", date(2027, 4, 3), 25),  # at midnight: the day's last hour comes twice
]


@pytest.mark.parametrize(("zone", "night", "hours"), NIGHTS)
async def test_a_certificate_holds_through_the_last_local_day_however_long_that_is(
    app: Any, mint: Any, rooms_database: Any, zone: str, night: date, hours: int
) -> None:
    spa = await Spa(app, mint, rooms_database).open(zone)
    room, bar = await spa.cleared_room()
    begins = await certified(spa, bar, night - timedelta(days=1))
    ends = await certified(spa, bar, night)
    assert ends - begins == timedelta(hours=hours)
    local = ends.astimezone(ZoneInfo(zone))
    assert (local.date(), local.hour) == (night + timedelta(days=1), 0)
    assert await refused(spa, ends - HOUR - TURNOVER + MINUTE, room) == ("lapsed", ends)
    first, last = await spa.book(begins, room_id=room), await spa.book(ends - HOUR - TURNOVER, room_id=room)
    shortened = await spa.inspect(bar, valid_until=(night - timedelta(days=1)).isoformat())
    assert sorted(shortened.json()["revoked"]) == sorted([str(first), str(last)])
