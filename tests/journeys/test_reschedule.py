"""A booked session moves, over real Kafka: in every service it is at its old slot or at its new one."""

from datetime import datetime, timedelta
from typing import Any

import httpx

from tests.journeys.chain import Chain, Json, Spa, at
from tests.journeys.system import Whole, until


async def move(spa: Spa, id: str, wait: int = 20, **body: Any) -> httpx.Response:
    path = f"/v1/appointments/{id}/reschedule"
    return await spa.chain.desk.post("scheduling", path, body, headers={"Prefer": f"wait={wait}"})


async def room_of(spa: Spa, id: str) -> Json:
    found: Json = await spa.chain.desk.get("room_equipment", f"/v1/assignments/{id}")
    return found


async def test_a_session_moves_over_its_own_time_in_the_same_room_and_with_the_same_therapist(chain: Chain) -> None:
    spa = await chain.spa()
    booked = await spa.book(at(3, 10), room_id=spa.rooms[0]["id"], therapist_id=spa.therapists[0]["id"])
    later = at(3, 10, 15)
    answer = await move(spa, booked["id"], starts_at=later.isoformat())
    assert answer.status_code == 200, answer.text
    assert datetime.fromisoformat(answer.json()["starts_at"]) == later
    held = await room_of(spa, booked["id"])
    assert (datetime.fromisoformat(held["starts_at"]), held["room_id"]) == (later, spa.rooms[0]["id"])
    assert (await spa.ask(at(3, 8, 45))).status_code == 201


async def test_a_room_that_says_no_leaves_the_session_where_it_is_in_every_service(chain: Chain) -> None:
    spa = await chain.spa()
    booked = await spa.book(at(3, 10))
    before = await room_of(spa, booked["id"])
    unseen = await chain.room(spa.branch, inspected=False)
    answer = await move(spa, booked["id"], starts_at=at(3, 14).isoformat(), room_id=unseen["id"])
    said = answer.json()
    assert (answer.status_code, said["code"], said["reason"]) == (409, "room_not_certified", "never_inspected")
    assert said["appointment_id"] == booked["id"] and said["alternatives"]
    now = await spa.look(booked["id"])
    kept = ("status", "starts_at", "room_id", "therapist_id")
    assert [now[name] for name in kept] == [booked[name] for name in kept]
    assert await room_of(spa, booked["id"]) == before


async def test_screening_judges_the_new_time(chain: Chain) -> None:
    """Deferred for days: late enough when it was booked, too early where it would go."""
    spa = await chain.spa()
    spa.client = await chain.client(spa.branch, screened="deferred")
    booked = await spa.book(at(20, 10))
    answer = await move(spa, booked["id"], starts_at=at(1, 10).isoformat())
    assert (answer.status_code, answer.json()["code"]) == (409, "screening_deferred")
    assert (await spa.look(booked["id"]))["status"] == "confirmed"


async def test_with_room_equipment_gone_a_move_waits_keeps_both_times_and_is_decided_when_it_is_back(
    chain: Chain, whole: Whole
) -> None:
    spa = await chain.spa(rooms=2, therapists=1)
    booked = await spa.book(at(3, 10))
    async with whole.down("room_equipment"):
        answer = await move(spa, booked["id"], wait=1, starts_at=at(3, 14).isoformat())
        assert (answer.status_code, answer.json()["status"]) == (202, "pending")
        for taken in (at(3, 10), at(3, 14)):
            refused = await spa.ask(taken, wait=1)
            assert (refused.status_code, refused.json()["code"]) == (409, "therapist_unavailable")

    async def decided() -> bool:
        return bool((await spa.look(booked["id"]))["status"] == "confirmed")

    await until(decided, "the move is decided", 40)
    held, now = await room_of(spa, booked["id"]), await spa.look(booked["id"])
    assert held["starts_at"] == now["starts_at"]
    assert datetime.fromisoformat(now["starts_at"]) == at(3, 14)
    assert (await spa.ask(at(3, 10) + timedelta(minutes=5))).status_code == 201
