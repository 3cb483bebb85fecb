"""Availability over HTTP: what it offers can be booked, and it offers nothing else on the grid."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from shared.events.room_equipment import ClearancePeriod, LoadProfileChanged, RoomChanged, RoomClearanceChanged
from shared.kit.ids import new_id
from tests.scheduling.builders import Chain, Place, assigned, cleared, iso, tomorrow


async def slots(chain: Chain, place: Place, from_: datetime, to: datetime, **more: Any) -> list[dict[str, Any]]:
    query = {"treatment_id": place.treatment_id, "branch_id": place.branch_id, "from": iso(from_), "to": iso(to)}
    found: list[dict[str, Any]] = (await chain.get("/v1/availability", **(query | more)))["slots"]
    return found


async def starts(chain: Chain, place: Place, from_: datetime, to: datetime, **more: Any) -> list[str]:
    return [slot["starts_at"] for slot in await slots(chain, place, from_, to, **more)]


async def test_every_slot_offered_can_be_booked_and_every_start_left_out_is_refused(chain: Chain) -> None:
    hours = {day: [["09:00", "13:00"], ["14:00", "20:00"]] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}
    place = await chain.place(therapists=3, rooms=3, hours=hours)
    chance = random.Random(5)
    for _ in range(12):
        await chain.http.post(
            "/v1/appointments",
            json=place.wish(tomorrow(9, 15 * chance.randrange(40) % 60)),
            headers={"Prefer": "wait=0"},
        )
    away = {"starts_at": iso(tomorrow(16)), "ends_at": iso(tomorrow(18))}
    await chain.post(f"/v1/therapists/{place.therapist_ids[1]}/time-off", away)
    window = (tomorrow(8), tomorrow(21))
    offered = {slot["starts_at"]: slot["therapist_ids"] for slot in await slots(chain, place, *window)}
    assert offered
    at = window[0]
    while at < window[1]:
        answer = await chain.http.post("/v1/appointments", json=place.wish(at), headers={"Prefer": "wait=0"})
        assert (answer.status_code == 202) == (iso(at) in offered), (at, answer.text)
        if answer.status_code == 202:
            assert answer.json()["therapist_id"] in offered[iso(at)]
            await chain.post(f"/v1/appointments/{answer.json()['id']}/cancel", {}, 200)
        at += timedelta(minutes=15)


async def test_a_booked_hour_is_gone_for_its_therapist_and_its_room_needs_turnover(chain: Chain) -> None:
    place = await chain.place(therapists=2, rooms=1)
    booked = await chain.confirmed(place, tomorrow(10))
    found = await slots(chain, place, tomorrow(8, 30), tomorrow(11, 30))
    assert [slot["starts_at"] for slot in found] == [iso(tomorrow(8, 30)), iso(tomorrow(8, 45)), iso(tomorrow(11, 15))]
    assert booked["therapist_id"] in found[2]["therapist_ids"]


async def test_a_pending_request_takes_its_therapist_at_once(chain: Chain) -> None:
    place = await chain.place()
    await chain.request(place, tomorrow(10))
    assert await starts(chain, place, tomorrow(9, 15), tomorrow(11)) == []


async def test_only_rooms_cleared_to_the_end_of_turnover_and_not_for_excluded_therapists_count(chain: Chain) -> None:
    place = await chain.place(therapists=2, rooms=0)
    room = UUID(await chain.room(place.branch_id, cleared=False))
    heavy, light = map(UUID, place.therapist_ids)
    window = (tomorrow(9), tomorrow(12))
    assert await slots(chain, place, *window) == []
    periods = [
        ClearancePeriod(starts_at=tomorrow(8), ends_at=tomorrow(10), excluded_therapist_ids=[heavy]),
        ClearancePeriod(starts_at=tomorrow(10), ends_at=tomorrow(12)),
    ]
    said = {"room_id": room, "branch_id": UUID(place.branch_id)}
    await chain.hear(RoomClearanceChanged(**said, version=2, periods=periods))
    found = {slot["starts_at"]: set(slot["therapist_ids"]) for slot in await slots(chain, place, *window)}
    assert found[iso(tomorrow(9))] == {str(light)}, "two adjoining periods carry one session, but not hers"
    assert found[iso(tomorrow(10))] == {str(heavy), str(light)}
    assert max(found) == iso(tomorrow(10, 45)), "an hour and a quarter of turnover before the clearance ends"
    await chain.hear(RoomClearanceChanged(**said, version=1, periods=[]))
    assert len(await slots(chain, place, *window)) == len(found), "an older word changes nothing"
    await chain.hear(RoomClearanceChanged(**said, version=3, periods=[]))
    assert await slots(chain, place, *window) == []


async def test_a_treatment_without_bars_takes_any_room_in_service(chain: Chain) -> None:
    place = await chain.place(rooms=0, bar=False)
    room = await chain.room(place.branch_id, cleared=False)
    assert len(await slots(chain, place, tomorrow(9), tomorrow(10))) == 4
    said = {"room_id": UUID(room), "branch_id": UUID(place.branch_id), "code": "R", "turnover_minutes": 15}
    await chain.hear(RoomChanged(**said, version=2, in_service=False))
    assert await slots(chain, place, tomorrow(9), tomorrow(10)) == []


@pytest.mark.parametrize("state", ["stale", "missing"])
async def test_a_therapist_without_a_valid_load_profile_is_not_offered_for_bars(chain: Chain, state: Any) -> None:
    place = await chain.place()
    await chain.hear(LoadProfileChanged(therapist_id=UUID(place.therapist_ids[0]), version=2, state=state))
    assert await slots(chain, place, tomorrow(9), tomorrow(10)) == []
    await chain.hear(LoadProfileChanged(therapist_id=UUID(place.therapist_ids[0]), version=1, state="valid"))
    assert await slots(chain, place, tomorrow(9), tomorrow(10)) == []


async def test_several_branches_come_in_one_answer_by_time(chain: Chain) -> None:
    first, second = await chain.place(), await chain.place()
    query = {"treatment_id": first.treatment_id, "from": iso(tomorrow(9)), "to": iso(tomorrow(10))}
    both = await chain.get("/v1/availability", branch_id=[first.branch_id, second.branch_id], **query)
    found = [(slot["starts_at"], slot["branch_id"]) for slot in both["slots"]]
    assert found[:2] == [(iso(tomorrow(9)), first.branch_id), (iso(tomorrow(9)), second.branch_id)]
    assert len(found) == 8
    few = await chain.get("/v1/availability", branch_id=[first.branch_id, second.branch_id], limit=3, **query)
    assert [(slot["starts_at"], slot["branch_id"]) for slot in few["slots"]] == found[:3]


async def test_a_clients_own_sessions_are_left_out_when_asked(chain: Chain) -> None:
    place = await chain.place(therapists=2, rooms=2)
    await chain.confirmed(place, tomorrow(10))
    window = (tomorrow(10), tomorrow(10, 15))
    assert len(await starts(chain, place, *window)) == 1
    assert await starts(chain, place, *window, client_id=place.client_id) == []


async def test_one_therapist_can_be_asked_for(chain: Chain) -> None:
    place = await chain.place(therapists=2)
    [slot] = await slots(chain, place, tomorrow(10), tomorrow(10, 15), therapist_id=place.therapist_ids[1])
    assert slot["therapist_ids"] == [place.therapist_ids[1]]


async def test_the_past_is_never_offered(chain: Chain) -> None:
    place = await chain.place()
    now = datetime.now(UTC)
    found = await starts(chain, place, now - timedelta(days=2), now + timedelta(days=1))
    assert found
    assert min(found) >= iso(now)


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"to": iso(tomorrow(9))}, 422),
        ({"to": iso(tomorrow(9, days=90))}, 422),
        ({"from": "2030-01-01T00:00:00"}, 422),
        ({"branch_id": str(new_id())}, 404),
        ({"treatment_id": str(new_id())}, 404),
        ({"branch_id": []}, 422),
        ({"limit": 0}, 422),
    ],
)
async def test_a_search_that_makes_no_sense_is_refused(chain: Chain, change: dict[str, Any], status: int) -> None:
    place = await chain.place()
    query = {"treatment_id": place.treatment_id, "branch_id": place.branch_id, "from": iso(tomorrow(9)),
             "to": iso(tomorrow(10))}  # fmt: skip
    await chain.get("/v1/availability", status, **(query | change))


async def test_another_branchs_availability_does_not_exist(chain: Chain) -> None:
    place, other = await chain.place(), await chain.place()
    stranger = chain.mint.bearer("scheduling:read", branches=[other.branch_id])
    query = {"treatment_id": place.treatment_id, "branch_id": place.branch_id, "from": iso(tomorrow(9)),
             "to": iso(tomorrow(10))}  # fmt: skip
    answer = await chain.http.get("/v1/availability", params=query, headers=stranger)
    assert answer.status_code == 404


async def test_a_room_is_busy_where_its_latest_assignment_says(chain: Chain) -> None:
    place = await chain.place(therapists=2, rooms=2)
    asked = await chain.request(place, tomorrow(10))
    await chain.hear(cleared(asked), assigned(asked, place.room_ids[0], 2))
    await chain.hear(assigned(asked, place.room_ids[1], 1))
    [row] = await chain.sql("SELECT room_id FROM assignments_seen WHERE appointment_id = :id", id=UUID(asked["id"]))
    assert str(row.room_id) == place.room_ids[0]
    [slot] = await slots(chain, place, tomorrow(10), tomorrow(10, 15))
    assert slot["rooms_free"] == 1
