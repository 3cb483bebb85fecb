"""Bookings by the branch's clock over HTTP, on the days it changes."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from services.scheduling.domain.localtime import instants
from tests.scheduling.builders import Chain, iso, tomorrow

ZONES = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe"]


def next_change(zone: str, *, gap: bool) -> tuple[datetime, list[datetime]]:
    """The next wall time (naive, on a quarter hour) that a clock change skips or repeats, and its instants."""
    day = tomorrow(0).date()
    for offset in range(400):
        midnight = datetime.combine(day + timedelta(days=offset), datetime.min.time())
        for minute in range(0, 24 * 60, 15):
            local = midnight + timedelta(minutes=minute)
            found = instants(local, ZoneInfo(zone))
            if len(found) == (0 if gap else 2):
                return local, found
    raise AssertionError("no clock change within 400 days")


@pytest.mark.parametrize("zone", ZONES)
async def test_a_time_in_the_gap_is_refused_and_stored(chain: Chain, zone: str) -> None:
    local, _ = next_change(zone, gap=True)
    place = await chain.place(timezone=zone)
    wish = place.wish(tomorrow(9)) | {"starts_at": None, "starts_at_local": local.isoformat()}
    problem = await chain.post("/v1/appointments", wish, 409)
    assert (problem["code"], problem["alternatives"]) == ("nonexistent_local_time", [])
    assert (await chain.get(f"/v1/appointments/{problem['appointment_id']}"))["status"] == "rejected"


@pytest.mark.parametrize("zone", ZONES)
async def test_a_repeated_time_is_refused_with_both_instants_and_each_can_then_be_booked(
    chain: Chain, zone: str
) -> None:
    local, both = next_change(zone, gap=False)
    place = await chain.place(timezone=zone, therapists=2)
    wish = place.wish(tomorrow(9)) | {"starts_at": None, "starts_at_local": local.isoformat()}
    problem = await chain.post("/v1/appointments", wish, 409)
    assert problem["code"] == "ambiguous_local_time"
    assert [slot["starts_at"] for slot in problem["alternatives"]] == [iso(instant) for instant in both]
    assert all(slot["therapist_ids"] for slot in problem["alternatives"])
    for instant in both:
        booked = await chain.request(place, instant)
        assert datetime.fromisoformat(booked["starts_at_local"]) == local


async def test_a_plain_local_time_is_read_in_the_branchs_zone(chain: Chain) -> None:
    place = await chain.place(timezone="Asia/Shanghai")
    local = tomorrow(10, days=3).replace(tzinfo=None)
    wish = place.wish(tomorrow(9)) | {"starts_at": None, "starts_at_local": local.isoformat()}
    asked = await chain.post("/v1/appointments", wish, 202, Prefer="wait=0")
    assert asked["starts_at"] == iso(local.replace(tzinfo=UTC) - timedelta(hours=8))
    assert (asked["starts_at_local"], asked["timezone"]) == (local.isoformat(), "Asia/Shanghai")


async def windows(chain: Chain, therapist: str, zone: str, around: date) -> list[tuple[datetime, datetime]]:
    rows = await chain.sql(
        "SELECT lower(during) AS a, upper(during) AS b FROM shift_windows"
        " WHERE therapist_id = CAST(:id AS uuid) AND lower(during) BETWEEN CAST(:low AS date) AND CAST(:high AS date)"
        " ORDER BY 1",
        id=therapist, low=around - timedelta(days=3), high=around + timedelta(days=3),
    )  # fmt: skip
    return [(row.a.astimezone(ZoneInfo(zone)), row.b.astimezone(ZoneInfo(zone))) for row in rows]


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("gap", [True, False])
async def test_a_repeated_shift_keeps_its_wall_time_over_a_clock_change(chain: Chain, zone: str, gap: bool) -> None:
    local, _ = next_change(zone, gap=gap)
    branch = await chain.branch(timezone=zone)
    therapist = await chain.therapist(branch, shift=False)
    start = tomorrow(0).replace(tzinfo=ZoneInfo(zone))
    night: dict[str, Any] = {
        "branch_id": branch, "starts_at": start.replace(hour=22).isoformat(),
        "ends_at": (start + timedelta(days=1)).replace(hour=6).isoformat(), "repeat": "FREQ=DAILY",
    }  # fmt: skip
    await chain.post(f"/v1/therapists/{therapist}/shifts", night)
    found = await windows(chain, therapist, zone, local.date())
    assert found
    assert {(a.hour, a.minute, b.hour, b.minute) for a, b in found} == {(22, 0, 6, 0)}
    lengths = {b.astimezone(UTC) - a.astimezone(UTC) for a, b in found}
    assert len(lengths) == 2, "one night is shorter or longer than the others"


async def test_a_changed_timezone_lays_the_shifts_out_again_at_the_same_wall_time(chain: Chain) -> None:
    branch = await chain.branch(timezone="Europe/Berlin")
    therapist = await chain.therapist(branch, shift=False)
    start = tomorrow(9).replace(tzinfo=ZoneInfo("Europe/Berlin"))
    shift = {"branch_id": branch, "starts_at": start.isoformat(), "repeat": "FREQ=DAILY;COUNT=5",
             "ends_at": start.replace(hour=17).isoformat()}  # fmt: skip
    await chain.post(f"/v1/therapists/{therapist}/shifts", shift)
    answer = await chain.http.patch(
        f"/v1/branches/{branch}", json={"timezone": "Asia/Shanghai"}, headers={"If-Match": '"1"'}
    )
    assert answer.status_code == 200
    found = await windows(chain, therapist, "Asia/Shanghai", start.date())
    assert {(a.hour, b.hour) for a, b in found} == {(9, 17)}


async def test_a_branch_open_past_midnight_takes_a_session_over_it(chain: Chain) -> None:
    hours = {day: [["18:00", "02:00"]] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}
    place = await chain.place(hours=hours)
    await chain.request(place, tomorrow(23, 30))
    query = {"branch_id": place.branch_id, "treatment_id": place.treatment_id}
    window = {"from": iso(tomorrow(0, days=2)), "to": iso(tomorrow(12, days=2))}
    found = (await chain.get("/v1/availability", **query, **window))["slots"]
    assert (found[0]["starts_at"], found[-1]["starts_at"]) == (iso(tomorrow(0, 30, days=2)), iso(tomorrow(1, days=2)))
