"""Kafka or PostgreSQL away, a process that stands still: nothing lost, no process exits, and all settles by itself."""

import asyncio
import random
import signal
from collections.abc import Awaitable, Callable

import asyncpg
import pytest

from tests.chaos.conftest import UnderLoad
from tests.journeys.evidence import read_topics
from tests.journeys.forging import repeat
from tests.journeys.system import BOOKING, Whole

Heals = Callable[[], Awaitable[None]]


def processes(whole: Whole) -> dict[str, list[int]]:
    return {service: whole.pids(service) for service in whole.system.options.services}


async def without_kafka(whole: Whole, under_load: UnderLoad, seconds: float) -> None:
    before = processes(whole)
    async with under_load() as load:
        await asyncio.sleep(2)
        async with whole.down("kafka"):
            await asyncio.sleep(seconds)
        await asyncio.sleep(3)
    assert load.answered[202], "a POST was accepted while Kafka was away"
    assert processes(whole) == before, "no process exited"


async def test_kafka_away_for_ten_seconds(whole: Whole, under_load: UnderLoad, heals: Heals) -> None:
    await without_kafka(whole, under_load, 10)
    await heals()


@pytest.mark.long
async def test_kafka_away_for_a_minute(whole: Whole, under_load: UnderLoad, heals: Heals) -> None:
    await without_kafka(whole, under_load, 60)
    await heals()


@pytest.mark.long
async def test_kafka_killed_ten_times(whole: Whole, under_load: UnderLoad, heals: Heals) -> None:
    before = processes(whole)
    async with under_load():
        for _ in range(10):
            async with whole.down("kafka"):
                await asyncio.sleep(1)
            await asyncio.sleep(6)
    assert processes(whole) == before
    await heals()


async def test_postgresql_restarted_fast_and_hard(whole: Whole, under_load: UnderLoad, heals: Heals) -> None:
    """SIGINT is a fast shutdown, SIGQUIT an immediate one with recovery after it."""
    before = processes(whole)
    async with under_load() as load:
        for sig in (signal.SIGINT, signal.SIGQUIT):
            await asyncio.sleep(2)
            async with whole.down("postgres", sig):
                await asyncio.sleep(1)
        await asyncio.sleep(2)
    assert processes(whole) == before, "no process exited"
    await heals()
    assert load.answered[201]


async def test_a_service_that_stood_still_goes_on_without_doing_anything_twice(
    whole: Whole, under_load: UnderLoad, heals: Heals, chance: random.Random
) -> None:
    """Longer than a consumer's session: the others take it for dead, and it does not know."""
    async with under_load(rate=15):
        await asyncio.sleep(1)
        async with whole.frozen(chance.choice(("screening", "room_equipment", "notification"))):
            await asyncio.sleep(12)
    await heals()


@pytest.mark.long
@pytest.mark.parametrize("service", BOOKING)
async def test_a_service_stood_still_for_half_a_minute(
    whole: Whole, under_load: UnderLoad, heals: Heals, service: str
) -> None:
    async with under_load(rate=15):
        async with whole.frozen(service):
            await asyncio.sleep(30)
        await asyncio.sleep(5)
    await heals()


async def test_every_event_ever_published_comes_again(
    whole: Whole, under_load: UnderLoad, heals: Heals, chance: random.Random
) -> None:
    """As after a restored broker or a relay gone wild, shuffled: no effect, and no mail."""
    async with under_load():
        await asyncio.sleep(3)
    await heals()
    state = await whole.rows("scheduling", "SELECT id, status, version FROM appointments ORDER BY id")
    messages = await whole.value("notification", "SELECT count(*) FROM messages")
    again = await read_topics(whole.runtime["kafka"])
    assert len(again) > 100
    again = chance.sample(again, min(len(again), 3_000))
    await repeat(whole, again)
    await heals()
    assert await whole.rows("scheduling", "SELECT id, status, version FROM appointments ORDER BY id") == state
    assert await whole.value("notification", "SELECT count(*) FROM messages") == messages


@pytest.mark.long
async def test_connections_cut_again_and_again(whole: Whole, under_load: UnderLoad, heals: Heals) -> None:
    """pg_terminate_backend on every connection of the services, twice a second for a minute."""
    before = processes(whole)
    cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename LIKE 'caibei_%'"
    admin = await asyncpg.connect(whole.system.postgres.url)
    try:
        async with under_load():
            for _ in range(120):
                await admin.execute(cut)
                await asyncio.sleep(0.5)
    finally:
        await admin.close()
    assert processes(whole) == before
    await heals()


@pytest.mark.long
async def test_a_random_process_killed_every_two_seconds(
    whole: Whole, under_load: UnderLoad, heals: Heals, chance: random.Random
) -> None:
    """Servers included; ten minutes of faults.md's F02 are cut to two here."""
    async with under_load(rate=15):
        for _ in range(60):
            whole.kill(chance.choice((*BOOKING, *BOOKING, "identity", "console", "kafka", "postgres")))
            await asyncio.sleep(2)
        await asyncio.gather(*(whole.up(name, 60) for name in (*processes(whole), "kafka", "postgres")))
    await heals()
