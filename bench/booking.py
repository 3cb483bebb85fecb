"""A booking from POST to confirmed: screening and room-equipment both asked over Kafka."""

import asyncio
import itertools
import random
import statistics
import time
from collections.abc import Iterator
from typing import Any

from bench.chain import Api, Chain, in_parallel, inspect
from bench.report import Results

SUSTAINED_SECONDS = 20.0


def bookings(chain: Chain, seed: int = 7) -> Iterator[dict[str, Any]]:
    """Requests that can all be met, spread over branches and two months: no hour of a branch beyond its rooms."""
    places = [(branch, start) for branch in chain.branches for start in chain.starts for _ in branch.rooms[:10]]
    random.Random(seed).shuffle(places)
    clients = itertools.cycle(chain.clients)
    for branch, start in places:
        yield {
            "branch_id": branch.id,
            "treatment_id": chain.treatment,
            "client_id": next(clients),
            "starts_at": start.isoformat(),
        }


async def book(api: Api, body: dict[str, Any]) -> float:
    """Milliseconds from POST to confirmed."""
    started = time.perf_counter()
    status, answer = await api.post("scheduling", "/v1/appointments", body, Prefer="wait=20")
    assert status == 201 and answer["status"] == "confirmed", (status, answer)
    return (time.perf_counter() - started) * 1000


async def measure(results: Results, api: Api, chain: Chain, runs: int) -> None:
    wanted = bookings(chain)
    for _ in range(200):  # every process has compiled its statements and filled its pools
        await book(api, next(wanted))
    p50, p99 = [], []
    for _ in range(runs):
        times = [await book(api, next(wanted)) for _ in range(300)]
        p50.append(statistics.median(times))
        p99.append(statistics.quantiles(times, n=100)[98])
        await api.sign_in()
    inside = "POST to 201: request, screening and room over Kafka, confirmed; one at a time, mail sent behind it"
    results.add("booking_c1_p50_ms", p50, "ms", inside)
    results.add("booking_c1_p99_ms", p99, "ms", "the same, 300 bookings a run")
    rates = [await sustained(api, wanted) for _ in range(runs)]
    results.add("booking_c16_per_s", rates, "1/s",
                "16 at a time for 20 s, all confirmed; mails and the load client on the same two cores")  # fmt: skip


async def sustained(api: Api, wanted: Iterator[dict[str, Any]], width: int = 16) -> float:
    """Confirmed bookings per second."""
    await api.sign_in()
    done, started = 0, time.perf_counter()

    async def client() -> None:
        nonlocal done
        while time.perf_counter() - started < SUSTAINED_SECONDS:
            await book(api, next(wanted))
            done += 1

    await asyncio.gather(*(client() for _ in range(width)))
    return done / (time.perf_counter() - started)


async def measure_failure(results: Results, api: Api, chain: Chain, runs: int, sessions: int = 200) -> None:
    """Fail one bar with `sessions` future sessions under it, until every one of them is dealt with in scheduling."""
    branch, took = chain.branches[0], []
    for run in range(runs):
        room, bar = branch.rooms[run], branch.bars[run]
        await in_parallel(_fill(api, chain, room, run, sessions), 16)
        started = time.perf_counter()
        answer = await inspect(api, bar, "fail", "periodic")
        assert len(answer["displaced"]) >= sessions, len(answer["displaced"])
        revoked = {item if isinstance(item, str) else item["appointment_id"] for item in answer["revoked"]}
        moved = {item["appointment_id"]: item["room_id"] for item in answer["moved"]}
        await _until_told(api, moved, revoked)
        took.append(time.perf_counter() - started)
    results.add("bar_failure_200_s", took, "s",
                f"POST of the failed inspection to all of {sessions} sessions moved, or on the attention list")  # fmt: skip


def _fill(api: Api, chain: Chain, room: str, run: int, sessions: int) -> Iterator[Any]:
    """Bookings that name the room, each with a start of its own late in the horizon."""
    branch = chain.branches[0]

    async def one(number: int) -> None:
        body = {
            "branch_id": branch.id,
            "treatment_id": chain.treatment,
            "client_id": chain.clients[number % len(chain.clients)],
            "starts_at": chain.starts[-1 - number].isoformat(),
            "room_id": room,
        }
        status, answer = await api.post("scheduling", "/v1/appointments", body, Prefer="wait=20")
        assert status in (201, 409), answer

    return (one(number) for number in range(sessions + 60))


async def _until_told(api: Api, moved: dict[str, str], revoked: set[str]) -> None:
    """Scheduling shows the new room of each moved session, and the attention list each revoked one."""
    async with asyncio.timeout(60):
        for appointment, room in moved.items():
            while (await api.get("scheduling", f"/v1/appointments/{appointment}"))["room_id"] != room:
                await asyncio.sleep(0.01)
        waiting = set(revoked)
        while waiting:
            cursor = ""
            while True:
                page = await api.get("scheduling", f"/v1/attention?limit=200{cursor}")
                waiting -= {item["appointment_id"] for item in page["items"]}
                if not page["next_cursor"]:
                    break
                cursor = f"&cursor={page['next_cursor']}"
