"""Availability of 14 days, of one branch and of ten, as a caller gets it over HTTP from one worker."""

import asyncio
import statistics
import time
from datetime import UTC, datetime, timedelta

from bench.diary import Branch, Diary, diary
from bench.report import Results
from bench.servers import Servers

BRANCHES, DAYS, BOOKED_DAYS = 10, 14, 60
MANY = 1_000_000


async def measure(results: Results, servers: Servers, runs: int) -> None:
    async with diary(servers) as book:
        for number in range(BRANCHES):
            await book.open_branch(number)
            await book.book(book.branches[-1], range(BOOKED_DAYS))
        await settled(book)
        one, ten = book.branches[:1], book.branches
        inside = "12 rooms, 20 therapists a branch, 60 days booked at 70 %"
        for _ in range(50):
            await search(book, one)
        results.add("availability_14d_1branch_p50_ms", [await p50(book, one, 200) for _ in range(runs)], "ms", inside)
        cpu = await cpu_ms(book, one)
        results.add("availability_14d_1branch_cpu_ms", [cpu], "ms", "CPU of the worker a search, PostgreSQL apart")
        await p50(book, ten, 10)
        results.add("availability_14d_10branch_p50_ms", [await p50(book, ten, 60) for _ in range(runs)], "ms", inside)
        results.add("availability_per_s", [await per_s(book, one) for _ in range(runs)], "1/s",
                    "searches of one branch, 8 at a time on one worker")  # fmt: skip


async def settled(book: Diary) -> None:
    """As an hour later: statistics gathered, pages all visible."""
    await book.database.execute("VACUUM ANALYZE")


async def search(book: Diary, branches: list[Branch], limit: int = 5_000) -> float:
    """Milliseconds of one search."""
    from_ = datetime(book.today.year, book.today.month, book.today.day, tzinfo=UTC) + timedelta(days=1)
    query = [("treatment_id", str(book.treatment)), ("from", from_.isoformat()), ("limit", str(limit)),
             ("to", (from_ + timedelta(days=DAYS)).isoformat()), *(("branch_id", str(b.id)) for b in branches)]  # fmt: skip
    started = time.perf_counter()
    async with book.http.get(book.url + "/v1/availability", params=query) as answer:
        body = await answer.read()
        assert answer.status == 200 and len(body) > 10_000, body[:500]
    return (time.perf_counter() - started) * 1000


async def p50(book: Diary, branches: list[Branch], count: int) -> float:
    return statistics.median([await search(book, branches) for _ in range(count)])


async def cpu_ms(book: Diary, branches: list[Branch], count: int = 200) -> float:
    before = book.cpu_seconds()
    for _ in range(count):
        await search(book, branches)
    return (book.cpu_seconds() - before) / count * 1000


async def per_s(book: Diary, branches: list[Branch], seconds: float = 4.0, width: int = 8) -> float:
    done, end = 0, time.perf_counter() + seconds

    async def ask() -> None:
        nonlocal done
        while time.perf_counter() < end:
            await search(book, branches)
            done += 1

    await asyncio.gather(*(ask() for _ in range(width)))
    return done / seconds
