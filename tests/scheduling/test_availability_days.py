"""The calendar in short: how many starts each local day has, the first, and what lacks on a day without any."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from services.scheduling.settings import settings
from shared.events.room_equipment import (
    ClearancePeriod,
    Closure,
    LoadProfileChanged,
    RoomChanged,
    RoomClearanceChanged,
    RoomClosuresChanged,
)
from tests.scheduling.builders import Chain, Place, every_day, iso, tomorrow


async def days(chain: Chain, place: Place, from_: datetime, to: datetime, **more: Any) -> list[dict[str, Any]]:
    query = {"treatment_id": place.treatment_id, "branch_id": place.branch_id, "from": iso(from_), "to": iso(to)}
    found: list[dict[str, Any]] = (await chain.get("/v1/availability/days", **(query | more)))["days"]
    return found


async def the_day(chain: Chain, place: Place, **more: Any) -> tuple[int, str | None]:
    """How many starts the day after tomorrow has, and the reason."""
    [day] = await days(chain, place, tomorrow(0, days=2), tomorrow(0, days=3), **more)
    return day["free"], day["reason"]


async def test_each_day_has_the_number_of_its_slots_and_the_first_of_them(chain: Chain) -> None:
    place = await chain.place(therapists=2, rooms=2, hours=every_day(["09:00", "12:00"]), timezone="Asia/Shanghai")
    await chain.confirmed(place, tomorrow(1, days=2))  # nine o'clock there, and one therapist is left
    window = (tomorrow(0, days=1), tomorrow(0, days=4))
    found = await days(chain, place, *window)
    query = {"treatment_id": place.treatment_id, "branch_id": place.branch_id, "from": iso(window[0]),
             "to": iso(window[1])}  # fmt: skip
    slots = (await chain.get("/v1/availability", **query))["slots"]
    by_day: dict[str, list[str]] = {}
    for slot in slots:
        local = datetime.fromisoformat(slot["starts_at"]).astimezone(ZoneInfo("Asia/Shanghai")).date()
        by_day.setdefault(local.isoformat(), []).append(slot["starts_at"])
    free = {day["date"]: (day["free"], day["first_free"]) for day in found if day["free"]}
    assert free == {day: (len(starts), starts[0]) for day, starts in by_day.items()}
    assert all(day["reason"] is None for day in found if day["free"])


async def test_a_closed_day_says_so(chain: Chain) -> None:
    place = await chain.place()
    closed = {"starts_at": iso(tomorrow(0, days=2)), "ends_at": iso(tomorrow(0, days=3))}
    await chain.post(f"/v1/branches/{place.branch_id}/closures", closed)
    assert await the_day(chain, place) == (0, "closed")


async def test_a_closed_day_says_by_what_and_why_and_is_never_fully_booked(chain: Chain) -> None:
    two_days = tomorrow(0, days=2), tomorrow(0, days=3)
    flooded = await chain.place(therapists=2)
    await chain.confirmed(flooded, tomorrow(10, days=2))
    body = {"starts_at": iso(two_days[0]), "ends_at": iso(two_days[1]), "reason": "Water in the cellar"}
    await chain.post(f"/v1/branches/{flooded.branch_id}/closures", body)
    [day] = await days(chain, flooded, *two_days)
    assert (day["reason"], day["closed"]) == ("closed", {"by": "branch", "reason": "Water in the cellar"})
    for bar in (True, False):
        place = await chain.place(rooms=2, bar=bar)
        await chain.confirmed(place, tomorrow(10, days=2))
        for number, room in enumerate(place.room_ids, 1):
            assert await the_day(chain, place) != (0, "closed")
            shut = [Closure(starts_at=two_days[0], ends_at=None if number == 2 else two_days[1], reason="renovation")]
            said = {"room_id": UUID(room), "branch_id": UUID(place.branch_id)}
            await chain.hear(
                RoomClosuresChanged(**said, version=1, closures=shut),
                *([RoomClearanceChanged(**said, version=2, periods=[])] if bar else []),
            )
        [day] = await days(chain, place, *two_days)
        assert (day["reason"], day["closed"]) == ("closed", {"by": "rooms", "reason": "renovation"})
    shut_down = await chain.place(hours={})
    [day] = await days(chain, shut_down, *two_days)
    assert (day["reason"], day["closed"]) == ("closed", {"by": "hours", "reason": None})


async def test_a_day_on_which_nobody_works_or_all_are_away_says_so(chain: Chain) -> None:
    place = await chain.place()
    away = {"starts_at": iso(tomorrow(0, days=1)), "ends_at": iso(tomorrow(6, days=3))}
    await chain.post(f"/v1/therapists/{place.therapist_ids[0]}/time-off", away)
    assert await the_day(chain, place) == (0, "no_shift")
    empty = await chain.place(therapists=0)
    assert await the_day(chain, empty) == (0, "no_shift")


async def test_a_day_whose_therapists_lack_papers_says_so(chain: Chain) -> None:
    place = await chain.place(therapists=0)
    await chain.therapist(place.branch_id, until=str(tomorrow().date()))
    assert await the_day(chain, place) == (0, "no_qualified_therapist")
    other = await chain.place()
    await chain.hear(LoadProfileChanged(therapist_id=UUID(other.therapist_ids[0]), version=2, state="stale"))
    assert await the_day(chain, other) == (0, "no_qualified_therapist")


async def test_a_day_without_a_cleared_room_says_so_before_it_says_it_is_full(chain: Chain) -> None:
    place = await chain.place(rooms=0)
    assert await the_day(chain, place) == (0, "no_cleared_room")
    room = UUID(await chain.room(place.branch_id, cleared=False))
    heavy = [UUID(place.therapist_ids[0])]
    period = ClearancePeriod(starts_at=tomorrow(0, days=1), ends_at=None, excluded_therapist_ids=heavy)
    said = {"room_id": room, "branch_id": UUID(place.branch_id)}
    await chain.hear(RoomClearanceChanged(**said, version=2, periods=[period]))
    assert await the_day(chain, place) == (0, "no_cleared_room"), "her load is over every limit"


async def test_a_treatment_without_bars_wants_any_room(chain: Chain) -> None:
    place = await chain.place(bar=False)
    changed = RoomChanged(room_id=UUID(place.room_ids[0]), branch_id=UUID(place.branch_id), code="R", version=2,
                          turnover_minutes=15, in_service=False)  # fmt: skip
    await chain.hear(changed)
    assert await the_day(chain, place) == (0, "no_room")


async def test_a_day_that_is_booked_out_says_so_and_a_busy_client_is_told_apart(chain: Chain) -> None:
    place = await chain.place(therapists=2, rooms=2, hours=every_day(["10:00", "11:00"]))
    await chain.confirmed(place, tomorrow(10, days=2))
    assert await the_day(chain, place) == (1, None)
    assert await the_day(chain, place, client_id=place.client_id) == (0, "client_busy")
    await chain.request(place, tomorrow(10, days=2))
    assert await the_day(chain, place) == (0, "fully_booked")


async def test_the_past_and_what_is_beyond_the_horizon_say_so(chain: Chain) -> None:
    place = await chain.place()
    yesterday, *_ = await days(chain, place, tomorrow(0, days=-1), tomorrow(0, days=1))
    assert (yesterday["free"], yesterday["reason"]) == (0, "past")
    ahead = settings().horizon_days
    *_, last = await days(chain, place, tomorrow(0, days=ahead - 3), tomorrow(0, days=ahead + 3))
    assert (last["free"], last["reason"]) == (0, "beyond_horizon")


async def test_several_branches_each_have_their_own_local_days(chain: Chain) -> None:
    first, second = await chain.place(timezone="Pacific/Auckland"), await chain.place(timezone="Pacific/Honolulu")
    found = await days(
        chain, first, tomorrow(0, days=5), tomorrow(1, days=5), branch_id=[first.branch_id, second.branch_id]
    )
    dates = {day["branch_id"]: date.fromisoformat(day["date"]) for day in found}
    assert dates[first.branch_id] == tomorrow(days=5).date()
    assert dates[second.branch_id] == tomorrow(days=4).date()


@pytest.mark.parametrize("path", ["/v1/availability", "/v1/availability/days"])
async def test_an_answer_says_how_fresh_the_view_of_rooms_is(chain: Chain, path: str) -> None:
    place, before = await chain.place(rooms=0), datetime.now(UTC)
    query = {"treatment_id": place.treatment_id, "branch_id": place.branch_id, "from": iso(tomorrow(9)),
             "to": iso(tomorrow(10))}  # fmt: skip
    nothing = {"branch_id": place.branch_id, "as_of": None, "lag_seconds": None, "rooms_behind": 0}
    assert (await chain.get(path, **query))["rooms"] == [nothing]
    room = await chain.room(place.branch_id)
    [view] = (await chain.get(path, **query))["rooms"]
    assert before <= datetime.fromisoformat(view["as_of"]) <= datetime.now(UTC)
    assert 0 <= view["lag_seconds"] < 60
    await chain.sql(
        "INSERT INTO dead_letters (id, topic, message_key, type, payload, occurred_at, status, reason, attempts)"
        " VALUES (uuidv7(), 'caibei.room-equipment', :key, 'x', '', now(), 'dead', 'test', 5) RETURNING 1",
        key=room,
    )
    [view] = (await chain.get(path, **query))["rooms"]
    assert view["rooms_behind"] == 1
    await chain.sql("UPDATE dead_letters SET resolved_at = now() WHERE message_key = :key RETURNING 1", key=room)


async def test_lead_time_keeps_the_next_hours_from_being_offered(chain: Chain, monkeypatch: pytest.MonkeyPatch) -> None:
    place = await chain.place()
    monkeypatch.setenv("CAIBEI_SCHEDULING_LEAD_MINUTES", "1440")
    settings.cache_clear()
    try:
        found = await days(chain, place, datetime.now(UTC), datetime.now(UTC) + timedelta(days=3))
    finally:
        monkeypatch.undo()
        settings.cache_clear()
    first = next(day["first_free"] for day in found if day["free"])
    assert datetime.fromisoformat(first) >= datetime.now(UTC) + timedelta(hours=23)
