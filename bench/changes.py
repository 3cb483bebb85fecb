"""Changing what is booked: moved to another time, and cancelled, each to its very end."""

import asyncio
import statistics
import time
from collections.abc import Iterator
from typing import Any

from bench.booking import bookings
from bench.chain import Api, Chain
from bench.report import Results

EACH = 200


async def measure(results: Results, api: Api, chain: Chain, runs: int) -> None:
    wanted = reversed(list(bookings(chain)))  # from the end: the bookings' own figures take from the beginning
    await _round(api, wanted, 50)  # statements compiled, pools filled
    moved, cancelled = [], []
    for _ in range(runs):
        await api.sign_in()
        moves, cancels = await _round(api, wanted, EACH)
        moved.append(statistics.median(moves))
        cancelled.append(statistics.median(cancels))
    results.add("reschedule_p50_ms", moved, "ms",
                "POST to 200 at the new time: screening, then room-equipment asked over Kafka; one at a time")  # fmt: skip
    results.add("cancel_p50_ms", cancelled, "ms",
                "POST until room-equipment answers that the room is released; one at a time")  # fmt: skip


async def _round(api: Api, wanted: Iterator[dict[str, Any]], count: int) -> tuple[list[float], list[float]]:
    """Milliseconds of `count` moves and `count` cancels of the same sessions."""
    moves, cancels = [], []
    for _ in range(count):
        status, booked = await api.post("scheduling", "/v1/appointments", next(wanted), Prefer="wait=20")
        assert status == 201, booked
        moves.append(await _move(api, booked["id"], next(wanted)))
        cancels.append(await _cancel(api, booked["id"]))
    return moves, cancels


async def _move(api: Api, id: str, wish: dict[str, Any]) -> float:
    """To the slot of another wish, its branch included; nobody is asked for by name."""
    body = {"starts_at": wish["starts_at"], "branch_id": wish["branch_id"]}
    began = time.perf_counter()
    status, said = await api.post("scheduling", f"/v1/appointments/{id}/reschedule", body, Prefer="wait=20")
    assert status == 200, said
    return (time.perf_counter() - began) * 1000


async def _cancel(api: Api, id: str) -> float:
    began = time.perf_counter()
    status, said = await api.post("scheduling", f"/v1/appointments/{id}/cancel", {})
    assert status == 200, said
    async with asyncio.timeout(20):
        while (await api.get("room_equipment", f"/v1/assignments/{id}"))["state"] != "released":
            await asyncio.sleep(0.001)
    return (time.perf_counter() - began) * 1000
