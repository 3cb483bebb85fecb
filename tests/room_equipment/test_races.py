"""Races: many at one moment on one room, and bookings against the bar under them."""

import asyncio
from collections.abc import Awaitable
from typing import Any
from uuid import UUID

import asyncpg

from shared.kit.ids import new_id
from tests.room_equipment.direct import INSERT
from tests.room_equipment.spa import Spa, soon
from tests.room_equipment.test_stateful import INVARIANT


async def _direct(spa: Spa, room: UUID, starts_at: Any, therapist: UUID) -> int:
    body = {
        "appointment_id": str(new_id()), "branch_id": str(spa.branch_id), "treatment_id": str(spa.bar_treatment),
        "therapist_id": str(therapist), "starts_at": starts_at.isoformat(), "room_id": str(room),
    }  # fmt: skip
    answer = await spa.http.post("/v1/assignments", json=body)
    assert answer.status_code == 201 or answer.json()["code"] == "slot_taken", answer.text
    return answer.status_code


async def _sound(spa: Spa) -> None:
    (found,) = await spa.sql(INVARIANT)
    assert not any(dict(found).values()), dict(found)


async def test_many_at_once_for_one_room_leave_exactly_one(spa: Spa) -> None:
    room, _ = await spa.cleared_room()
    for turn in range(5):
        at = soon(1 + turn)
        codes = await asyncio.gather(*[_direct(spa, room, at, spa.therapist_id) for _ in range(20)])
        assert sorted(codes) == [201] + [409] * 19
    await _sound(spa)


async def test_bookings_against_a_failing_bar_leave_nothing_under_it(spa: Spa) -> None:
    for turn in range(5):
        room, bar = await spa.cleared_room()

        async def book(hour: int, room: UUID = room) -> None:
            await spa.hear(spa.request(soon(1, hour), room_id=room))

        work: list[Awaitable[Any]] = [book(2 * hour) for hour in range(10)]
        work.insert(turn * 2, spa.inspect(bar, "fail"))
        answers = await asyncio.gather(*work)
        assert answers[turn * 2].status_code == 201, answers[turn * 2].text
        rows = await spa.sql("SELECT count(*) AS left FROM assignments WHERE room_id = $1", room)
        assert rows[0]["left"] == 0
    await _sound(spa)


async def test_two_failures_at_once_and_bookings_into_both_rooms_do_not_deadlock(spa: Spa) -> None:
    rooms = [await spa.cleared_room() for _ in range(4)]
    sessions = [await spa.book(soon(1, 2 * h), room_id=room) for room, _ in rooms for h in range(4)]
    work: list[Awaitable[Any]] = [spa.inspect(bar, "fail") for _, bar in rooms[:2]]
    work += [spa.hear(spa.request(soon(3, 2 * h))) for h in range(8)]
    work += [spa.cancel(session) for session in sessions[-4:]]
    answers = await asyncio.gather(*work)
    assert [answer.status_code for answer in answers[:2]] == [201, 201]
    await _sound(spa)


async def test_a_placement_waits_for_whoever_holds_the_rooms_and_sees_what_they_did(spa: Spa) -> None:
    room = await spa.room()
    holder = await asyncpg.connect(spa.database.url)
    async with holder.transaction():
        await holder.execute("SELECT 1 FROM rooms WHERE id = $1 FOR NO KEY UPDATE", room)
        request = spa.request(soon(1), treatment_id=spa.massage, requires_bar=False)
        waiting = asyncio.create_task(spa.hear(request))
        async with asyncio.timeout(20):
            while not await holder.fetchval(
                "SELECT EXISTS (SELECT 1 FROM pg_locks l WHERE pg_backend_pid() = ANY (pg_blocking_pids(l.pid)))"
            ):
                assert not waiting.done()
                await asyncio.sleep(0.01)
        start = soon(1)
        await holder.execute(
            INSERT, new_id(), spa.branch_id, room, spa.massage, spa.therapist_id, False, None,
            start, soon(1, 1), soon(1, 1.25),
        )  # fmt: skip
    (answer,) = await waiting
    assert answer["code"] == "no_room_available"
    await holder.close()


async def test_direct_writers_that_lock_nothing_cannot_slip_past_each_other(spa: Spa) -> None:
    """One lowers the limit, one adds a load above the new limit: never both."""
    for _ in range(5):
        room, _ = await spa.cleared_room()
        one, two = [await asyncpg.connect(url) for url in (spa.database.url, spa.database.owner_url)]
        start = soon(1)
        a, b = one.transaction(), two.transaction()
        await a.start()
        await b.start()
        await one.execute(
            INSERT, new_id(), spa.branch_id, room, spa.bar_treatment, spa.therapist_id, True, 250,
            start, soon(1, 1), soon(1, 1.25),
        )  # fmt: skip
        await two.execute("UPDATE room_clearances SET max_load_kg = 200 WHERE room_id = $1", room)
        done = await asyncio.gather(a.commit(), b.commit(), return_exceptions=True)
        assert any(isinstance(outcome, asyncpg.PostgresError) for outcome in done)
        await one.close()
        await two.close()
        await spa.as_superuser("DELETE FROM assignments WHERE room_id = $1", room)
    await _sound(spa)
