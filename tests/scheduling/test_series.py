"""A series is planned: a result for every date, by the branch's clock, before anything is booked."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from services.scheduling.domain.localtime import instants
from services.scheduling.settings import settings
from shared.events.codes import Refusal
from shared.events.room_equipment import RoomClearanceChanged
from shared.events.screening import SeriesJudged
from shared.kit.ids import new_id
from tests.scheduling.builders import Chain, Place, iso, tomorrow
from tests.scheduling.test_local_time import ZONES, next_change

DRY = "/v1/series?dry_run=true"
NOW = {"Prefer": "wait=0"}


def rule(place: Place, first: datetime, rrule: str, **more: Any) -> dict[str, Any]:
    """`first` is naive, by the branch's clock."""
    return {"branch_id": place.branch_id, "treatment_id": place.treatment_id, "client_id": place.client_id,
            "starts_at_local": first.isoformat(), "rrule": rrule} | more  # fmt: skip


def local(hour: int = 10, days: int = 1) -> datetime:
    return tomorrow(hour, days=days).replace(tzinfo=None)


async def planned(chain: Chain, body: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = await chain.post(DRY, body, 200, **NOW)
    assert found["state"] == "planned"
    return found


def codes(series: dict[str, Any]) -> list[str | None]:
    return [date["code"] for date in series["dates"]]


@pytest.mark.parametrize("zone", ZONES)
async def test_the_hour_stays_over_both_clock_changes_and_a_date_in_the_gap_says_so(chain: Chain, zone: str) -> None:
    place = await chain.place(timezone=zone)
    for gap in (True, False):
        at, found = next_change(zone, gap=gap)
        first = at - timedelta(days=2)
        series = await planned(chain, rule(place, first, "FREQ=DAILY;COUNT=5"))
        walls = [first + timedelta(days=n) for n in range(5)]
        assert [date["starts_at_local"] for date in series["dates"]] == [wall.isoformat() for wall in walls]
        for date, wall in zip(series["dates"], walls, strict=True):
            here = instants(wall, ZoneInfo(zone))
            assert date["starts_at"] == (iso(here[0]) if here else None)
            assert date["repeated_hour"] is (len(here) == 2)
        assert codes(series) == [None, None, "nonexistent_local_time" if gap else None, None, None]
        if not gap:  # the first by RFC 5545; the second, or neither, if that is wished
            second = await planned(chain, rule(place, first, "FREQ=DAILY;COUNT=5", repeated_hour="second"))
            assert second["dates"][2]["starts_at"] == iso(found[1])
            neither = await planned(chain, rule(place, first, "FREQ=DAILY;COUNT=5", repeated_hour="refuse"))
            assert codes(neither)[2] == "ambiguous_local_time"
            assert [slot["starts_at"] for slot in neither["dates"][2]["alternatives"]] == [iso(one) for one in found]


async def test_each_date_is_judged_by_the_rules_of_a_booking_with_alternatives(chain: Chain) -> None:
    place = await chain.place(therapists=2, rooms=1)
    named = place.therapist_ids[0]
    await chain.confirmed(place, tomorrow(10, days=2), therapist_id=named)
    closed = {"starts_at": iso(tomorrow(0, days=3)), "ends_at": iso(tomorrow(0, days=4)), "reason": "holiday"}
    await chain.post(f"/v1/branches/{place.branch_id}/closures", closed)
    away = {"starts_at": iso(tomorrow(8, days=4)), "ends_at": iso(tomorrow(18, days=4))}
    await chain.post(f"/v1/therapists/{named}/time-off", away)
    series = await planned(chain, rule(place, local(), "FREQ=DAILY;COUNT=5", therapist_id=named))
    assert codes(series) == [None, "slot_taken", "outside_opening_hours", "therapist_unavailable", None]
    assert series["counts"] == {"planned": 2, "refused": 3}
    assert [date["client_busy"] for date in series["dates"]] == [False, True, False, False, False]
    assert [date["rooms_free"] for date in series["dates"]] == [1, None, None, None, 1]
    other = series["dates"][3]["alternatives"][0]  # another therapist at the same time
    assert (other["starts_at"], other["therapist_ids"]) == (iso(tomorrow(10, days=4)), [place.therapist_ids[1]])
    assert series["dates"][1]["alternatives"][0]["starts_at"] != iso(tomorrow(10, days=2))  # the one room is taken
    assert all(date["detail"] for date in series["dates"] if date["code"])
    assert await chain.sql("SELECT 1 FROM appointments WHERE code IS NOT NULL AND branch_id = :id",
                           id=UUID(place.branch_id)) == []  # fmt: skip

    gone = RoomClearanceChanged(room_id=UUID(place.room_ids[0]), branch_id=UUID(place.branch_id), version=2, periods=[])
    await chain.hear(gone)
    assert codes(await planned(chain, rule(place, local(), "FREQ=DAILY;COUNT=1"))) == ["no_certified_room"]
    far = (datetime.now(UTC) + timedelta(days=settings().horizon_days - 20)).replace(tzinfo=None, minute=0, second=0)
    late = await planned(chain, rule(place, far.replace(microsecond=0), "FREQ=MONTHLY;COUNT=2"))
    assert codes(late)[1] == "beyond_horizon"


async def test_screening_says_for_each_date_whether_the_standing_reaches_it(chain: Chain) -> None:
    place = await chain.place()
    body = rule(place, local(), "FREQ=WEEKLY;COUNT=4")
    asked = asyncio.create_task(chain.http.post(DRY, json=body))
    find = (
        "SELECT CAST(payload AS jsonb) AS payload FROM outbox WHERE type LIKE '%series.planned%' AND payload LIKE :id"
    )
    while not (said := await chain.sql(find, id=f"%{place.client_id}%")):
        await asyncio.sleep(0.01)
    question = said[0].payload
    assert len(question["starts_at"]) == len(question["ends_at"]) == 4
    starts = [datetime.fromisoformat(start) for start in question["starts_at"]]
    ending = [None, None, Refusal.CLEARANCE_EXPIRES_BEFORE_SESSION, Refusal.SCREENING_REQUIRED]
    answer = SeriesJudged(
        series_id=UUID(question["series_id"]), client_id=UUID(place.client_id), starts_at=starts, codes=ending
    )
    await chain.hear(answer)
    series = (await asked).json()
    assert (series["screening"], codes(series)) == ("answered", ending)
    other = answer.model_copy(update={"codes": [None] * 4})
    await chain.hear(other)  # only the first answer counts
    assert codes(await chain.get(f"/v1/series/{series['id']}")) == ending


async def test_a_plan_without_an_answer_says_that_screening_is_still_asked(chain: Chain) -> None:
    place = await chain.place()
    assert (await planned(chain, rule(place, local(), "FREQ=DAILY;COUNT=2")))["screening"] == "asked"
    place = await chain.place(bar=False)
    assert (await planned(chain, rule(place, local(), "FREQ=DAILY;COUNT=2")))["screening"] == "not_needed"


@pytest.mark.parametrize(
    ("changes", "code", "pointer"),
    [
        ({"rrule": "FREQ=DAILY"}, "rrule_unbounded", "/rrule"),
        ({"rrule": "FREQ=DAILY;COUNT=61"}, "series_too_long", "/rrule"),
        ({"rrule": "FREQ=DAILY;UNTIL=99991231"}, "series_too_long", "/rrule"),
        ({"rrule": "FREQ=HOURLY;COUNT=3"}, "invalid_rrule", "/rrule"),
        ({"rrule": "FREQ=DAILY;COUNT=3;EXDATE=x"}, "invalid_rrule", "/rrule"),
        ({"rrule": "FREQ=WEEKLY;COUNT=2;UNTIL=20300101"}, "invalid_rrule", "/rrule"),
        ({"rrule": "FREQ=DAILY;UNTIL=20200101"}, "start_outside_rrule", "/starts_at_local"),
        ({"starts_at_local": "2027-01-15T10:00:00", "rrule": "FREQ=WEEKLY;BYDAY=MO;COUNT=2"}, "start_outside_rrule",
         "/starts_at_local"),
        ({"starts_at_local": "2026-01-15T10:00:00", "rrule": "FREQ=DAILY;COUNT=2"}, "starts_in_past",
         "/starts_at_local"),
        ({"branch_id": str(UUID(int=1))}, "unknown_branch", "/branch_id"),
        ({"client_id": str(UUID(int=1))}, "unknown_client", "/client_id"),
        ({"therapist_id": str(UUID(int=1))}, "unknown_therapist", "/therapist_id"),
    ],
    ids=lambda value: value if isinstance(value, str) else "body",
)  # fmt: skip
async def test_what_is_no_series_is_refused_with_its_pointer_and_nothing_stored(
    chain: Chain, changes: dict[str, str], code: str, pointer: str
) -> None:
    place = await chain.place()
    problem = await chain.post(DRY, rule(place, local(), "FREQ=DAILY;COUNT=2") | changes, 422)
    assert (problem["code"], [error["pointer"] for error in problem["errors"]]) == (code, [pointer])
    assert await chain.sql("SELECT 1 FROM series WHERE branch_id = :id", id=UUID(place.branch_id)) == []


async def test_a_rule_that_names_a_day_twice_gives_it_once_and_an_until_holds_through_its_day(chain: Chain) -> None:
    place = await chain.place()
    first = datetime.fromisoformat("2027-02-28T10:00")
    twice = await planned(chain, rule(place, first, "FREQ=MONTHLY;BYMONTHDAY=28,-1;COUNT=3"))
    days = [date["starts_at_local"][:10] for date in twice["dates"]]
    assert days == ["2027-02-28", "2027-03-28", "2027-03-31"]
    until = await planned(chain, rule(place, first, "FREQ=WEEKLY;UNTIL=20270314"))
    assert [date["starts_at_local"][:10] for date in until["dates"]] == ["2027-02-28", "2027-03-07", "2027-03-14"]


async def test_leap_day_is_a_date_of_its_own(chain: Chain) -> None:
    from services.scheduling.recurrence import dates

    found = dates(datetime.fromisoformat("2028-02-27T10:00"), "FREQ=DAILY;COUNT=4", 60)
    assert [f"{day:%m-%d}" for day in found] == ["02-27", "02-28", "02-29", "03-01"]


async def test_a_series_lies_in_its_branch_and_is_listed_for_its_client(chain: Chain) -> None:
    place = await chain.place()
    made = [await planned(chain, rule(place, local(hour), "FREQ=DAILY;COUNT=2")) for hour in (9, 12)]
    listed = await chain.get("/v1/series", client_id=place.client_id, limit=1)
    assert [each["id"] for each in listed["items"]] == [made[0]["id"]]
    listed = await chain.get("/v1/series", client_id=place.client_id, cursor=listed["next_cursor"])
    assert [each["id"] for each in listed["items"]] == [made[1]["id"]]
    headers = chain.mint.bearer("scheduling:read", "scheduling:write", branches=[str(new_id())])
    path = f"/v1/series/{made[0]['id']}"
    assert (await chain.http.get(path, headers=headers)).status_code == 404
    for verb in ("confirm", "cancel"):
        assert (await chain.http.post(f"{path}/{verb}", json={}, headers=headers)).status_code == 404
    assert (await chain.http.get("/v1/series", headers=headers)).json()["items"] == []
