"""Many at once for one thing: exactly one gets it, the others leave nothing behind."""

import asyncio
from collections import Counter
from datetime import timedelta
from typing import Any

import httpx

from tests.journeys.chain import Chain, Json, Spa, at
from tests.journeys.system import Whole, until

CLIENTS, ROUNDS = 50, 20


async def live_rows(whole: Whole, ids: list[str]) -> int:
    """Rows anywhere that hold something for these appointments."""
    claims = await whole.value(
        "scheduling", "SELECT count(*) FROM therapist_claims WHERE appointment_id = ANY($1::uuid[])", ids
    )
    rooms = await whole.value(
        "room_equipment", "SELECT count(*) FROM assignments WHERE appointment_id = ANY($1::uuid[])", ids
    )
    return int(claims) + int(rooms)


async def outcome(spa: Spa, answer: httpx.Response) -> tuple[str, str]:
    """(id, final status) of what a POST asked for."""
    assert answer.status_code in (201, 202, 409), answer.text
    body = answer.json()
    id = body.get("id") or body["appointment_id"]

    async def settled() -> Any:
        now = (await spa.look(id))["status"]
        return now if now != "pending" else None

    return id, "rejected" if answer.status_code == 409 else await until(settled, "the race is decided")


async def one_winner(spa: Spa, whole: Whole, wishes: list[Json]) -> Counter[str]:
    """Send them all at once. Exactly one is confirmed; the rest are rejected, on record, and hold nothing."""
    headers = {"Prefer": "wait=20"}
    posts = (spa.chain.desk.post("scheduling", "/v1/appointments", wish, headers=headers) for wish in wishes)
    answers = await asyncio.gather(*posts)
    codes = Counter(answer.json()["code"] for answer in answers if answer.status_code == 409)
    outcomes = await asyncio.gather(*(outcome(spa, answer) for answer in answers))
    assert Counter(status for _, status in outcomes) == {"confirmed": 1, "rejected": len(wishes) - 1}
    losers = [id for id, status in outcomes if status == "rejected"]
    assert len(set(losers)) == len(wishes) - 1

    async def clean() -> bool:
        return await live_rows(whole, losers) == 0

    await until(clean, "the losers hold nothing")
    kept = "SELECT count(*) FROM appointments WHERE id = ANY($1::uuid[]) AND status = 'rejected' AND code IS NOT NULL"
    assert await whole.value("scheduling", kept, losers) == len(losers)
    return codes


async def test_fifty_posts_naming_one_therapist_twenty_rounds(chain: Chain, whole: Whole) -> None:
    spa = await chain.spa(rooms=3)
    for i in range(ROUNDS):
        start = at(2, 0) + timedelta(hours=2 * i)
        wishes = [spa.wish(start, therapist_id=spa.therapists[0]["id"]) for _ in range(CLIENTS)]
        codes = await one_winner(spa, whole, wishes)
        assert codes == {"slot_taken": CLIENTS - 1}


async def test_fifty_posts_in_a_branch_with_one_therapist_unnamed(chain: Chain, whole: Whole) -> None:
    spa = await chain.spa(rooms=3)
    codes = await one_winner(spa, whole, [spa.wish() for _ in range(CLIENTS)])
    assert set(codes) <= {"therapist_unavailable", "slot_taken"}


async def test_overlapping_starts_race_like_equal_ones(chain: Chain, whole: Whole) -> None:
    spa = await chain.spa(rooms=3)
    named = spa.therapists[0]["id"]
    await one_winner(spa, whole, [spa.wish(at() + timedelta(minutes=i), therapist_id=named) for i in range(40)])


async def test_many_therapists_race_for_one_named_room(chain: Chain, whole: Whole) -> None:
    """Each has her own time free: room-equipment alone decides."""
    spa = await chain.spa(rooms=2, therapists=12)
    room = spa.rooms[0]["id"]
    wishes = [spa.wish(therapist_id=one["id"], room_id=room) for one in spa.therapists]
    codes = await one_winner(spa, whole, wishes)
    assert codes == {"slot_taken": len(wishes) - 1}


async def test_one_therapist_in_two_branches_is_booked_once(chain: Chain, whole: Whole) -> None:
    spa, other = await asyncio.gather(chain.spa(therapists=0, rooms=3), chain.spa(therapists=0, rooms=3))
    shared = await chain.therapist(spa.branch, branch_ids=[spa.branch["id"], other.branch["id"]])
    await chain.shift(shared, other.branch)
    wishes = [where.wish(treatment_id=spa.treatment["id"], therapist_id=shared["id"]) for where in (spa, other) * 15]
    await one_winner(spa, whole, wishes)


async def test_bookings_race_with_a_failing_bar(chain: Chain, whole: Whole) -> None:
    """Whatever the order, no session is left in the room whose bar failed, and none is lost."""
    spa = await chain.spa(rooms=2, therapists=8)
    broken, kept = spa.rooms
    wishes = [
        spa.wish(at(2, 8) + timedelta(minutes=75 * (i // 2)), therapist_id=one["id"])
        for i, one in enumerate(spa.therapists)
    ]

    async def fail() -> Json:
        await asyncio.sleep(0.01)
        return await chain.lock_out(broken["bars"][0])

    headers = {"Prefer": "wait=20"}
    *answers, said = await asyncio.gather(
        *(chain.desk.post("scheduling", "/v1/appointments", wish, headers=headers) for wish in wishes), fail()
    )
    outcomes = [await outcome(spa, answer) for answer in answers if isinstance(answer, httpx.Response)]
    assert isinstance(said, dict)

    async def quiet() -> bool:
        left = await whole.value("room_equipment", "SELECT count(*) FROM assignments WHERE room_id = $1", broken["id"])
        states = [(await spa.look(id)) for id, _ in outcomes]
        return left == 0 and all(
            s["status"] in ("rejected", "needs_attention") or (s["status"], s["room_id"]) == ("confirmed", kept["id"])
            for s in states
        )

    await until(quiet, "nobody is left under the failed bar")


async def test_a_cancel_races_with_its_own_confirmation(chain: Chain, whole: Whole) -> None:
    """Cancelled while screening and room-equipment are answering: it ends cancelled, and the room is free."""
    spa = await chain.spa(therapists=6, rooms=6)
    asked = await asyncio.gather(*(spa.ask(wait=0) for _ in spa.therapists))
    ids = [answer.json()["id"] for answer in asked]
    paths = [f"/v1/appointments/{id}/cancel" for id in ids]
    cancelled = await asyncio.gather(*(chain.desk.post("scheduling", path) for path in paths))
    assert {answer.status_code for answer in cancelled} == {200}

    async def clean() -> bool:
        return await live_rows(whole, ids) == 0

    await until(clean, "everything is given back")
    assert {(await spa.look(id))["status"] for id in ids} == {"cancelled"}


async def test_one_idempotency_key_sent_many_times_at_once_books_once(chain: Chain, whole: Whole) -> None:
    spa = await chain.spa(rooms=2, therapists=2)
    headers = {"Prefer": "wait=20"}
    posts = (
        chain.desk.post("scheduling", "/v1/appointments", spa.wish(), key="same", headers=headers) for _ in range(20)
    )
    answers = await asyncio.gather(*posts)
    assert {answer.status_code for answer in answers} <= {201, 202, 409}
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} <= {"idempotency_in_progress"}
    made = await whole.value("scheduling", "SELECT count(*) FROM appointments WHERE branch_id = $1", spa.branch["id"])
    assert made == 1
