"""Displacement: how long it takes to give many future sessions other rooms at once, and how that grows.

Half of a branch's twelve rooms lose their bars in one request (checks before use that fail); the other half is partly
taken. Sessions begin at any quarter of an hour, so that those of a day compete with each other.
"""

import random
import statistics
import time
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from bench.chain import Api, Branch, Chain, build_branch, in_parallel
from bench.report import Results
from services.room_equipment.domain.displacement import Options, resolve
from services.room_equipment.solver import Solver

ROOMS, LOST = 12, 6
LENGTH = timedelta(minutes=60)  # 45 minutes and 15 of turnover
SIZES = (125, 250, 500, 1000)


@dataclass(frozen=True)
class Shape:
    """Who is in which room when: (room, start) of the sessions that lose theirs, and of those that stay."""

    lost: list[tuple[int, datetime]]
    stay: list[tuple[int, datetime]]


def shape(sessions: int, seed: int = 7) -> Shape:
    """`sessions` in six rooms, nine or ten a room and day; the other six rooms a third full."""
    chance = random.Random(seed)
    lost: list[tuple[int, datetime]] = []
    stay: list[tuple[int, datetime]] = []
    day = datetime.combine(date.today() + timedelta(days=2), datetime.min.time(), UTC)
    while len(lost) < sessions:
        for room in range(ROOMS):
            at = day + timedelta(minutes=15 * chance.randrange(4))
            while at < day + timedelta(hours=11):
                if room < LOST:
                    lost.append((room, at))
                elif chance.random() < 0.33:
                    stay.append((room, at))
                at += LENGTH + timedelta(minutes=chance.choice([0, 0, 15]))
        day += timedelta(days=1)
    return Shape(lost[:sessions], stay)


def solving_seconds(found: Shape) -> float:
    """The part of it that is thinking: the same question without a database or an answer over HTTP."""
    taken: dict[int, list[datetime]] = {room: [at for r, at in found.stay if r == room] for room in range(LOST, ROOMS)}
    options = [
        Options(
            UUID(int=number + 1),
            {UUID(int=1 + room): (at, at + LENGTH) for room, starts in taken.items()
             if not any(at < start + LENGTH and start < at + LENGTH for start in starts)},
        )
        for number, (_, at) in enumerate(found.lost)
    ]  # fmt: skip
    started = time.perf_counter()
    resolve(options, Solver())
    return time.perf_counter() - started


async def measure(results: Results, api: Api, chain: Chain, runs: int) -> None:
    """`displacement_500_s`, and the same for fewer and for more."""
    first = None
    for size in SIZES:
        took, answers, thought = [], [], []
        for run in range(runs):
            seconds, answer = await displaced(api, chain, shape(size), 300 + 10 * SIZES.index(size) + run)
            first = first or seconds
            took.append(seconds)
            answers.append(answer)
            thought.append(solving_seconds(shape(size)))
            await api.sign_in()
        moved = len(answers[0]["moved"])
        results.add(
            f"displacement_{size}_s", took, "s",
            f"one request in which 6 of 12 rooms lose their bars with {size} future sessions in them: {moved} moved, the "
            f"rest to a person; of it {statistics.median(thought):.2f} s choosing rooms, "
            f"proved the best in {sum(answer['optimal'] for answer in answers)} of {runs}",
        )  # fmt: skip
    print(f"  the very first displacement, the solver loaded in it: {first:.2f} s")


async def displaced(api: Api, chain: Chain, found: Shape, number: int) -> tuple[float, dict[str, Any]]:
    """Seconds from the request to its answer, everything committed; and the answer."""
    branch = await build_branch(api, number, ROOMS)
    placed = await in_parallel((_place(api, chain, branch, *session) for session in (*found.lost, *found.stay)), 16)
    body = {
        "therapist_id": branch.therapists[found.lost[0][0]],
        "pre_use_checks": [{"bar_id": bar, "result": "fail", "note": ""} for bar in branch.bars[:LOST]],
        "fit_to_perform": True,
    }
    started = time.perf_counter()
    status, answer = await api.post("room_equipment", f"/v1/assignments/{placed[0]}/start", body)
    seconds = time.perf_counter() - started
    assert (status, answer["code"]) == (409, "pre_use_check_failed"), answer
    assert len(answer["displaced"]) == len(found.lost), len(answer["displaced"])
    return seconds, dict(answer)


async def _place(api: Api, chain: Chain, branch: Branch, room: int, at: datetime) -> str:
    """A session in that room that may change rooms, booked as any other."""
    body = {
        "branch_id": branch.id, "treatment_id": chain.treatment, "client_id": random.choice(chain.clients),
        "starts_at": at.isoformat(), "room_id": branch.rooms[room], "room_flexible": True,
        "therapist_id": branch.therapists[room],
    }  # fmt: skip
    status, answer = await api.post("scheduling", "/v1/appointments", body, Prefer="wait=20")
    assert status == 201, answer
    return str(answer["id"])
