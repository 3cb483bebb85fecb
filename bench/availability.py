"""Availability of 14 days, of one branch and of ten, as a caller gets it over HTTP from one worker.

A booking is written in the branch before each search: nobody measures an answer that was kept whole.
"""

import asyncio
import random
import statistics
import time
from datetime import UTC, datetime, timedelta

from bench.diary import Branch, Diary, diary
from bench.report import Results
from bench.servers import Servers

BRANCHES, DAYS, BOOKED_DAYS = 10, 14, 60
FEW, MANY = 1_000, 1_000_000
_INSIDE = "12 rooms, 20 therapists a branch, 60 days booked at 70 %, every free start with its therapists; a booking before each search"


async def measure(results: Results, servers: Servers, runs: int) -> None:
    async with diary(servers) as book:
        one, ten = await few(book), book.branches
        small = [await p50(book, one, 100) for _ in range(runs)]
        await many(book, BRANCHES, BOOKED_DAYS)
        results.add("availability_14d_1branch_p50_ms", [await p50(book, one, 100) for _ in range(runs)], "ms", _INSIDE)
        results.add("availability_14d_10branch_p50_ms", [await p50(book, ten, 40) for _ in range(runs)], "ms",
                    "the same of ten branches, 5,000 slots in the answer")  # fmt: skip
        results.add("availability_per_s", [await per_s(book, one) for _ in range(runs)], "1/s",
                    "searches of one branch, 8 at a time on one worker, 20 bookings a second meanwhile")  # fmt: skip
        results.add("availability_14d_1branch_unkept_p50_ms", [await unkept(book, one) for _ in range(runs)], "ms",
                    "each search of a window nobody asked for before")  # fmt: skip
        results.add("availability_14d_1branch_cpu_ms", [await cpu_ms(book, one) for _ in range(runs)], "ms",
                    "processor time of the worker for one search; PostgreSQL's comes on top")  # fmt: skip
        results.add("availability_first_free_10branch_p50_ms",
                    [await p50(book, ten, 40, limit=3, first_per_day="true", time_from="17:00") for _ in range(runs)],
                    "ms", "the next three evenings in any of ten branches")  # fmt: skip
        results.add("availability_days_10branch_p50_ms", [await p50(book, ten, 40, path="/days") for _ in range(runs)],
                    "ms", "the calendar of 14 days of ten branches")  # fmt: skip
        await history(book, MANY)
        large = [await p50(book, one, 100) for _ in range(runs)]
        growth = [b / a for a, b in zip(sorted(small), sorted(large), strict=True)]
        results.add("availability_growth_1m_ratio", growth, "x",
                    f"p50 of one branch with {book.stored:,} bookings stored, to that with about {FEW:,}")  # fmt: skip


async def few(book: Diary) -> list[Branch]:
    """One branch, booked for as long as is searched: about a thousand bookings."""
    await book.open_branch(0)
    await book.book(book.branches[0], range(DAYS + 1))
    await book.settle()
    await p50(book, book.branches, 60)
    return book.branches[:1]


async def many(book: Diary, branches: int, days: int) -> None:
    await book.book(book.branches[0], range(DAYS + 1, days))
    for number in range(1, branches):
        await book.open_branch(number)
        await book.book(book.branches[-1], range(days))
    await book.settle()
    await p50(book, book.branches, 10)


async def history(book: Diary, wanted: int) -> None:
    """What is over, day after day into the past."""
    day = 0
    while book.stored < wanted:
        for branch in book.branches:
            await book.book(branch, range(day - 20, day), finished=True)
        day -= 20
    await book.settle()
    await p50(book, book.branches[:1], 60)


async def search(
    book: Diary, branches: list[Branch], *, ahead: int = 1, path: str = "", limit: int = 5_000, **more: str
) -> float:
    """Milliseconds of one search, of the days from `ahead` days after today."""
    from_ = datetime(book.today.year, book.today.month, book.today.day, tzinfo=UTC) + timedelta(days=ahead)
    query = {"treatment_id": str(book.treatment), "from": from_.isoformat(), "limit": str(limit),
             "to": (from_ + timedelta(days=DAYS)).isoformat(), **more}  # fmt: skip
    params = [*query.items(), *(("branch_id", str(branch.id)) for branch in branches)]
    started = time.perf_counter()
    async with book.http.get(f"{book.url}/v1/availability{path}", params=params) as answer:
        body = await answer.read()
        assert answer.status == 200 and len(body) > 1_000, body[:500]
    return (time.perf_counter() - started) * 1000


async def p50(book: Diary, branches: list[Branch], count: int, **more: object) -> float:
    times = []
    for number in range(count):
        await book.rebook(branches[number % len(branches)])
        times.append(await search(book, branches, **more))  # type: ignore[arg-type]
    return statistics.median(times)


async def unkept(book: Diary, branches: list[Branch]) -> float:
    """Each window is asked for once: the first search of a day by anybody."""
    days = random.sample(range(2, 160), 40)  # as far as rooms are cleared
    return statistics.median([await search(book, branches, ahead=day) for day in days])


async def cpu_ms(book: Diary, branches: list[Branch], count: int = 150) -> float:
    before = book.cpu_seconds()
    await p50(book, branches, count)
    return (book.cpu_seconds() - before) / count * 1000


async def per_s(book: Diary, branches: list[Branch], seconds: float = 4.0, width: int = 8) -> float:
    done, end = 0, time.perf_counter() + seconds

    async def ask() -> None:
        nonlocal done
        while time.perf_counter() < end:
            await search(book, branches)
            done += 1

    async def write() -> None:
        while time.perf_counter() < end:
            await book.rebook(branches[0])
            await asyncio.sleep(0.05)

    await asyncio.gather(write(), *(ask() for _ in range(width)))
    return done / seconds
