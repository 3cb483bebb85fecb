"""First-free searches, several treatments and therapists at once, and what is refused before any work."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import asyncpg
import pytest
from sqlalchemy import event

from services.scheduling.domain.opening import DAYS
from shared.kit.ids import new_id
from tests.scheduling.builders import Chain, Place, iso, tomorrow

PATHS = ["/v1/availability", "/v1/availability/days"]


def query_of(place: Place, from_: datetime, to: datetime, **more: Any) -> dict[str, Any]:
    query = {"treatment_id": place.treatment_id, "branch_id": place.branch_id, "from": iso(from_), "to": iso(to)}
    return query | more


async def slots(chain: Chain, place: Place, from_: datetime, to: datetime, **more: Any) -> list[dict[str, Any]]:
    found = await chain.get("/v1/availability", **query_of(place, from_, to, **more))
    answer: list[dict[str, Any]] = found["slots"]
    return answer


async def test_the_next_three_evenings_in_any_branch_near(chain: Chain) -> None:
    near, far = await chain.place(timezone="Europe/Berlin"), await chain.place(timezone="Europe/Berlin")
    zone = ZoneInfo("Europe/Berlin")
    evening = tomorrow(0, days=2).astimezone(zone).replace(hour=17)
    shut = {"starts_at": evening.isoformat(), "ends_at": (evening + timedelta(hours=8)).isoformat()}
    await chain.post(f"/v1/branches/{near.branch_id}/closures", shut)
    found = await slots(
        chain, near, tomorrow(0), tomorrow(0, days=20), branch_id=[near.branch_id, far.branch_id],
        time_from="17:30", time_to="21:00", first_per_day=True, limit=3,
    )  # fmt: skip
    local = [datetime.fromisoformat(slot["starts_at"]).astimezone(zone) for slot in found]
    assert [at.strftime("%H:%M") for at in local] == ["17:30"] * 3
    assert len({at.date() for at in local}) == 3
    assert [slot["branch_id"] for slot in found] == [
        far.branch_id if at.date() == evening.date() else near.branch_id for at in local
    ]


async def test_days_of_the_week_are_those_of_the_branch(chain: Chain) -> None:
    place = await chain.place(timezone="Pacific/Auckland")
    found = await slots(chain, place, tomorrow(0), tomorrow(0, days=9), weekday=["tue", "sat"], limit=5000)
    local = [datetime.fromisoformat(slot["starts_at"]).astimezone(ZoneInfo("Pacific/Auckland")) for slot in found]
    assert {DAYS[at.weekday()] for at in local} == {"tue", "sat"}


async def test_a_late_evening_goes_over_midnight(chain: Chain) -> None:
    place = await chain.place()
    friday = tomorrow(0) + timedelta(days=(4 - tomorrow(0).weekday()) % 7)
    found = await slots(
        chain, place, friday, friday + timedelta(days=2), weekday="fri", time_from="23:30", time_to="00:30"
    )
    assert [slot["starts_at"] for slot in found] == [
        iso(friday + timedelta(hours=23, minutes=30 + 15 * n)) for n in range(4)
    ]


async def test_whether_few_or_all_are_wanted_they_are_the_same_and_in_the_same_order(chain: Chain) -> None:
    first, second = await chain.place(therapists=2, rooms=2), await chain.place()
    await chain.confirmed(first, tomorrow(10, days=3))
    both = [second.branch_id, first.branch_id]
    every = await slots(chain, first, tomorrow(3), tomorrow(0, days=14), branch_id=both, limit=5000)
    assert len(every) > 2000
    for limit in (1, 7, 100, 700):
        assert (
            await slots(chain, first, tomorrow(3), tomorrow(0, days=14), branch_id=both, limit=limit) == every[:limit]
        )


async def test_several_treatments_and_therapists_come_in_one_answer(chain: Chain) -> None:
    place = await chain.place(therapists=3, rooms=2)
    long = await chain.treatment(minutes=120, bar=False, skill=None)
    two = place.therapist_ids[:2]
    found = await slots(
        chain, place, tomorrow(10), tomorrow(10, 15), treatment_id=[long, place.treatment_id], therapist_id=two
    )
    assert [slot["treatment_id"] for slot in found] == [long, place.treatment_id]
    assert [sorted(slot["therapist_ids"]) for slot in found] == [sorted(two)] * 2
    assert [slot["ends_at"] for slot in found] == [iso(tomorrow(12)), iso(tomorrow(11))]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("parameter", "code"),
    [
        ("branch_id", "unknown_branch"), ("treatment_id", "unknown_treatment"),
        ("therapist_id", "unknown_therapist"), ("client_id", "unknown_client"),
    ],
)  # fmt: skip
async def test_what_is_not_there_is_named(chain: Chain, path: str, parameter: str, code: str) -> None:
    place = await chain.place()
    problem = await chain.get(path, 404, **query_of(place, tomorrow(9), tomorrow(10), **{parameter: str(new_id())}))
    [error] = problem["errors"]
    assert (error["parameter"], error["code"]) == (f"query:{parameter}", code)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("change", "parameter", "code"),
    [
        ({"to": iso(tomorrow(8))}, "query:to", "invalid_interval"),
        ({"to": iso(tomorrow(9, days=3650))}, "query:to", "interval_too_long"),
        ({"from": "2030-01-01T00:00:00"}, "query:from", "timezone_aware"),
        ({"from": iso(tomorrow(9, days=900)), "to": iso(tomorrow(9, days=901))}, "query:from", "beyond_horizon"),
        ({"weekday": "monday"}, "query:weekday.0", "literal_error"),
        ({"time_from": "25:00"}, "query:time_from", "string_pattern_mismatch"),
        ({"branch_id": [str(new_id()) for _ in range(50)], "to": iso(tomorrow(9, days=60))}, "query:branch_id",
         "search_too_wide"),
    ],
)  # fmt: skip
async def test_what_makes_no_sense_is_refused_with_the_parameter_named(
    chain: Chain, path: str, change: dict[str, Any], parameter: str, code: str
) -> None:
    place = await chain.place()
    problem = await chain.get(path, 422, **(query_of(place, tomorrow(9), tomorrow(10)) | change))
    [error] = problem["errors"]
    assert (error["parameter"], error["code"]) == (parameter, code)


@pytest.mark.parametrize("path", PATHS)
async def test_a_ten_year_search_asks_the_database_nothing(chain: Chain, path: str) -> None:
    place, asked = await chain.place(), []
    engine = chain.database.engine.sync_engine

    def note(*arguments: Any) -> None:
        asked.append(arguments[2])

    event.listen(engine, "before_cursor_execute", note)
    try:
        await chain.get(path, 422, **query_of(place, tomorrow(9), tomorrow(9, days=3650)))
        assert asked == []
        await chain.get(path, **query_of(place, tomorrow(9), tomorrow(9, days=14)))
        reasons = path.endswith("/days")  # why a day is closed is one more
        assert len(asked) == 2 + reasons, "what it names, and what is seen of a branch"
    finally:
        event.remove(engine, "before_cursor_execute", note)


@pytest.mark.parametrize("path", PATHS)
async def test_another_branchs_people_do_not_exist(chain: Chain, path: str) -> None:
    mine, other = await chain.place(), await chain.place()
    stranger = chain.mint.bearer("scheduling:read", branches=[mine.branch_id])
    for change in ({"therapist_id": other.therapist_ids[0]}, {"client_id": other.client_id},
                   {"branch_id": [mine.branch_id, other.branch_id]}):  # fmt: skip
        query = query_of(mine, tomorrow(9), tomorrow(10), **change)
        assert (await chain.http.get(path, params=query, headers=stranger)).status_code == 404


@pytest.mark.parametrize("path", PATHS)
async def test_a_database_that_is_away_is_an_error_and_never_no_slots(chain: Chain, path: str) -> None:
    place = await chain.place()
    query = query_of(place, tomorrow(9), tomorrow(10))
    admin = await asyncpg.connect(chain.servers.admin_url)
    try:
        await admin.execute(f'ALTER DATABASE "{chain.servers.name}" CONNECTION LIMIT 0')
        await admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        answer = await chain.http.get(path, params=query)
    finally:
        await admin.execute(f'ALTER DATABASE "{chain.servers.name}" CONNECTION LIMIT -1')
        await admin.close()
    assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable")
    await chain.get(path, **query)
