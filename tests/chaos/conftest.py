"""A system of their own for the tests that break it, load to break it under, and a seed that repeats a run."""

import asyncio
import os
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import httpx
import pytest

from deploy.embedded import keeper
from tests.audit import settle, violations
from tests.chaos.load import Load
from tests.journeys.canary import Canary, sightings
from tests.journeys.chain import Chain, Spa
from tests.journeys.desk import Desk
from tests.journeys.ledger import Ledger
from tests.journeys.system import Whole, running

HERE = Path(__file__).parent
SEED = int(os.environ.get("CAIBEI_TEST_SEED") or random.SystemRandom().randrange(10**6))
INSPECTOR = ("rooms:read", "rooms:inspect", "rooms:operate")
UnderLoad = Callable[..., AbstractAsyncContextManager[Load]]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The long ones run only where they are asked for (`make chaos`)."""
    mine = [item for item in items if item.path.is_relative_to(HERE)]
    for item in mine:
        item.add_marker(pytest.mark.chaos)
        item.add_marker(pytest.mark.timeout(1800 if item.get_closest_marker("long") else 600))
    if "long" not in config.option.markexpr:
        long = [item for item in mine if item.get_closest_marker("long")]
        items[:] = [item for item in items if item not in long]
        config.hook.pytest_deselected(items=long)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    terminalreporter.write_line(f"chaos ran with CAIBEI_TEST_SEED={SEED}, which repeats its choices")


@pytest.fixture
def chance(request: pytest.FixtureRequest) -> random.Random:
    """Every choice of a test; the same for the same seed, whichever tests run beside it."""
    print(f"CAIBEI_TEST_SEED={SEED}")
    return random.Random(f"{SEED} {request.node.name}")


@pytest.fixture(scope="module")
async def whole() -> AsyncIterator[Whole]:
    """Its supervisor takes a process for healthy after a second, so that many deaths are not met by long pauses.

    When all of a module's faults are over, no health answer of its load is outside screening's vault."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keeper, "HEALTHY_SECONDS", 1.0)
        async with running() as system:
            yield system
            canaries = [Canary("health", text) for text in (Load.SIGNED_BY, Load.OPERATED_ON)]
            assert await sightings(system, canaries) == []


@pytest.fixture(scope="module")
def ledger() -> Ledger:
    return Ledger()


@pytest.fixture(scope="module")
async def desk(whole: Whole, ledger: Ledger) -> AsyncIterator[Desk]:
    limits = httpx.Limits(max_connections=200)
    async with httpx.AsyncClient(timeout=30, limits=limits, trust_env=False) as http:
        yield Desk(whole.runtime["services"], whole.runtime["api_clients"]["admin"], ledger, http)


@pytest.fixture(scope="module")
async def chain(desk: Desk) -> Chain:
    return Chain(desk, await desk.another(*INSPECTOR))


@pytest.fixture(scope="module")
async def spas(chain: Chain) -> list[Spa]:
    """Three branches of three rooms and four therapists."""
    return list(await asyncio.gather(*(chain.spa(rooms=3, therapists=4) for _ in range(3))))


@pytest.fixture
def under_load(chain: Chain, spas: list[Spa], chance: random.Random, whole: Whole) -> UnderLoad:
    """`async with under_load(rate=30) as load:` keeps it up for the block, then waits for every last answer."""

    @asynccontextmanager
    async def keep(rate: float = 30.0) -> AsyncIterator[Load]:
        load, stop = Load(chain, spas, chance, rate), asyncio.Event()
        running_load = asyncio.create_task(load.run(stop))
        try:
            yield load
        finally:
            stop.set()
            ended = time.monotonic()
            await running_load
            waited = time.monotonic() - ended
            print(f"{dict(load.commands)} answered {dict(load.answered)}, the last {waited:.1f} s after the end")

    return keep


@pytest.fixture
def heals(whole: Whole, ledger: Ledger) -> Callable[[], Awaitable[None]]:
    """Once healed: all settles within a minute without a hand, and the auditor finds every promise kept."""

    async def check() -> None:
        took = await settle(whole)
        print(f"settled {took:.1f} s later")
        found = await violations(whole, ledger)
        ledger.wrong.clear()  # told once, in the test where it happened
        assert not found, "\n".join([f"seed {SEED}, settled after {took:.1f} s", *found[:12], *unexpected(whole)])

    return check


def unexpected(whole: Whole) -> list[str]:
    """What the services logged as errors: the first place to look."""
    lines = [line for log in whole.logs() for line in log.read_text(errors="replace").splitlines()]
    return [line[-900:] for line in lines if '"level":"error"' in line or '"level":"critical"' in line][-3:]
