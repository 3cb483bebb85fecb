"""A booking from POST to confirmed: screening and room-equipment both asked over Kafka."""

import asyncio
import itertools
import random
import statistics
import time
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from bench.chain import Api, Branch, Chain, build_branch, in_parallel, inspect
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
    """Fail one bar with `sessions` future sessions under it, until every one of them is dealt with in scheduling.

    Two more rooms are there; at the first 20 starts they are taken, so that 20 sessions find none.
    """
    took, answered = [], []
    for run in range(runs):
        branch = await build_branch(api, 90 + run, 3)
        await in_parallel((_fill(api, chain, branch, start) for start in chain.starts[:sessions]), 16)
        await in_parallel(
            (_fill(api, chain, branch, start, room) for start in chain.starts[:20] for room in (1, 2)), 16
        )
        started = time.perf_counter()
        answer = await inspect(api, branch.bars[0], "fail", "periodic")
        answered.append(time.perf_counter() - started)
        assert len(answer["displaced"]) == sessions, len(answer["displaced"])
        assert len(answer["revoked"]) == 20, len(answer["revoked"])
        await _until_told(api, branch.rooms[0], answer["displaced"])
        took.append(time.perf_counter() - started)
    results.add("bar_failure_200_s", took, "s",
                f"POST of the failed inspection to {sessions} sessions shown in another room (20: on the attention list); "
                f"the POST itself {statistics.median(answered):.2f} s")  # fmt: skip


async def _fill(api: Api, chain: Chain, branch: Branch, start: datetime, room: int = 0) -> None:
    body = {
        "branch_id": branch.id,
        "treatment_id": chain.treatment,
        "client_id": random.choice(chain.clients),
        "starts_at": start.isoformat(),
        "room_id": branch.rooms[room],
    }
    status, answer = await api.post("scheduling", "/v1/appointments", body, Prefer="wait=20")
    assert status == 201, answer


async def _until_told(api: Api, room: str, displaced: list[str]) -> None:
    """Scheduling shows none of them in the lost room, and those without a room are on the attention list."""
    async with asyncio.timeout(60):
        waiting = set(displaced)
        roomless: set[str] = set()
        while waiting:
            for batch in _hundreds(sorted(waiting)):
                query = "&".join(f"id={id}" for id in batch)
                for item in (await api.get("scheduling", f"/v1/appointments?limit=200&{query}"))["items"]:
                    if item["room_id"] != room:
                        waiting.discard(item["id"])
                    if item["room_id"] is None:
                        roomless.add(item["id"])
        cursor = ""
        while roomless:
            page = await api.get("scheduling", f"/v1/attention?limit=200{cursor}")
            roomless -= {item["appointment_id"] for item in page["items"]}
            cursor = f"&cursor={page['next_cursor']}" if page["next_cursor"] else ""


def _hundreds(ids: list[str]) -> Iterator[list[str]]:
    return (ids[at : at + 100] for at in range(0, len(ids), 100))
