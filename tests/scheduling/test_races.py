"""Many at once for one therapist: one winner, no leftovers, no deadlock."""

import asyncio
from collections import Counter
from typing import Any
from uuid import UUID

from tests.scheduling.builders import Chain, Place, assigned, cleared, tomorrow


async def settle(chain: Chain, place: Place) -> None:
    """Say yes to whatever is pending in a branch, as both services would, until nothing is."""
    while True:
        pending = (await chain.get("/v1/appointments", branch_id=place.branch_id, status="pending"))["items"]
        if not pending:
            return
        await chain.hear(*(event for a in pending for event in (cleared(a), assigned(a, place.room_ids[0]))))


async def race(chain: Chain, place: Place, wish: dict[str, Any], tries: int) -> list[dict[str, Any]]:
    async def one() -> dict[str, Any]:
        answer = await chain.http.post("/v1/appointments", json=wish, headers={"Prefer": "wait=0"})
        assert answer.status_code in (202, 409), answer.text
        body: dict[str, Any] = answer.json()
        return body

    found = await asyncio.gather(*(one() for _ in range(tries)))
    await settle(chain, place)
    return list(found)


async def outcome(chain: Chain, place: Place) -> Counter[tuple[str, str | None]]:
    rows = await chain.sql(
        "SELECT status, code FROM appointments WHERE branch_id = :id", id=UUID(place.branch_id)
    )  # fmt: skip
    return Counter((row.status, row.code) for row in rows)


async def test_fifty_posts_naming_one_therapist_give_one_booking_each_of_twenty_rounds(chain: Chain) -> None:
    place = await chain.place()
    for round in range(20):
        wish = place.wish(tomorrow(0, days=round + 1), therapist_id=place.therapist_ids[0])
        answers = await race(chain, place, wish, 50)
        assert Counter(a.get("code") for a in answers) == {None: 1, "slot_taken": 49}
    assert await outcome(chain, place) == {("confirmed", None): 20, ("rejected", "slot_taken"): 980}
    [left] = await chain.sql(
        "SELECT count(*) AS n FROM therapist_claims WHERE therapist_id = :id", id=UUID(place.therapist_ids[0])
    )
    assert left.n == 20


async def test_as_many_win_an_hour_as_there_are_therapists(chain: Chain) -> None:
    place = await chain.place(therapists=5)
    await race(chain, place, place.wish(tomorrow(10)), 30)
    assert await outcome(chain, place) == {("confirmed", None): 5, ("rejected", "therapist_unavailable"): 25}


async def test_sessions_that_overlap_only_partly_race_too(chain: Chain) -> None:
    place = await chain.place()
    wishes = [place.wish(tomorrow(10, minute)) for minute in range(0, 60, 3)]
    await asyncio.gather(*(race(chain, place, wish, 2) for wish in wishes))
    rows = await chain.sql(
        """SELECT count(*) AS n FROM therapist_claims a JOIN therapist_claims b
           ON a.therapist_id = b.therapist_id AND a.appointment_id < b.appointment_id AND a.during && b.during"""
    )
    assert rows[0].n == 0
    assert (await outcome(chain, place))[("confirmed", None)] >= 1


async def test_cancelling_and_booking_the_same_hour_at_once_never_doubles_it(chain: Chain) -> None:
    place = await chain.place()
    for round in range(10):
        booked = await chain.confirmed(place, tomorrow(10, days=round + 1))
        wish = place.wish(tomorrow(10, days=round + 1))
        cancel = chain.http.post(f"/v1/appointments/{booked['id']}/cancel", json={})
        answer, _ = await asyncio.gather(cancel, race(chain, place, wish, 5))
        assert answer.status_code == 200
    rows = await chain.sql(
        """SELECT starts_at, count(*) AS n FROM appointments WHERE branch_id = :id AND status = 'confirmed'
           GROUP BY starts_at HAVING count(*) > 1""",
        id=UUID(place.branch_id),
    )
    assert rows == []
