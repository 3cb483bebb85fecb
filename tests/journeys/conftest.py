"""One running system for all journeys; each test makes a branch of its own in it."""

import ssl
from collections.abc import AsyncIterator

import httpx
import pytest

from tests.journeys.chain import Chain
from tests.journeys.desk import Desk
from tests.journeys.ledger import Ledger
from tests.journeys.system import Whole, running

INSPECTOR = ("rooms:read", "rooms:inspect", "rooms:operate")


@pytest.fixture(scope="session")
async def whole() -> AsyncIterator[Whole]:
    """Every service, PostgreSQL and Kafka, as `caibei run --empty` starts them."""
    async with running() as system:
        yield system


@pytest.fixture(scope="session")
def ledger() -> Ledger:
    """Everything the journeys asked for."""
    return Ledger()


@pytest.fixture(scope="session")
def forged() -> set[str]:
    """Ids of events that tests put on the topics themselves."""
    return set()


@pytest.fixture(scope="session")
async def desk(whole: Whole, ledger: Ledger) -> AsyncIterator[Desk]:
    """May do everything."""
    limits = httpx.Limits(max_connections=100)
    async with httpx.AsyncClient(
        timeout=30, limits=limits, trust_env=False, verify=ssl.create_default_context()
    ) as http:
        yield Desk(whole.runtime["services"], whole.runtime["api_clients"]["admin"], ledger, http)


@pytest.fixture(scope="session")
async def chain(desk: Desk) -> Chain:
    """Builders of branches, rooms, people."""
    return Chain(desk, await desk.another(*INSPECTOR))
