"""Room-equipment in this process on a real PostgreSQL, and a branch to play in."""

from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio
from fastapi import FastAPI

from services.room_equipment.app import SERVICE
from shared.kit.testing import TokenMint, running
from tests.conftest import MakeDatabase
from tests.room_equipment.direct import Direct
from tests.room_equipment.door import Door, Peers
from tests.room_equipment.spa import Spa
from tests.servers import ServiceDatabase

LABEL_KEY, LABEL_KEY_BEFORE = "k" * 32, "b" * 32


@pytest.fixture(scope="module")
def rooms_database(module_database: MakeDatabase) -> ServiceDatabase:
    return module_database("room_equipment")


@pytest.fixture(scope="module")
def mint() -> TokenMint:
    return TokenMint()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def app(
    rooms_database: ServiceDatabase, mint: TokenMint, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[FastAPI]:
    folder: Path = tmp_path_factory.mktemp("rooms")
    with pytest.MonkeyPatch.context() as patch:
        labels = {
            "CAIBEI_ROOM_EQUIPMENT_LABEL_KEY": LABEL_KEY,
            "CAIBEI_ROOM_EQUIPMENT_LABEL_KEY_BEFORE": LABEL_KEY_BEFORE,
            "CAIBEI_CONSOLE_URL": "https://console.test",
        }
        for name, value in (rooms_database.environment | mint.environment(folder) | labels).items():
            patch.setenv(name, value)
        async with running(SERVICE) as started:
            yield started


@pytest_asyncio.fixture(loop_scope="session")
async def spa(app: FastAPI, mint: TokenMint, rooms_database: ServiceDatabase) -> Spa:
    """A branch in Berlin, two treatments and a therapist of 60 kg."""
    return await Spa(app, mint, rooms_database).open()


@pytest_asyncio.fixture(loop_scope="session")
async def other(app: FastAPI, mint: TokenMint, rooms_database: ServiceDatabase) -> Spa:
    """Another branch of the chain."""
    return await Spa(app, mint, rooms_database).open()


@pytest_asyncio.fixture(loop_scope="session")
async def direct(spa: Spa) -> AsyncIterator[Direct]:
    """A cleared room of limit 300 kg, and a connection of the service's own role."""
    room, bar = await spa.cleared_room(300)
    connection = await asyncpg.connect(spa.database.url)
    yield Direct(connection, spa, room, bar)
    await connection.close()


@pytest_asyncio.fixture(loop_scope="session")
async def door(spa: Spa) -> AsyncIterator[Door]:
    """A confirmed back-stepping session due in five minutes."""
    room, bar = await spa.cleared_room()
    peers = Peers()
    kept, spa.app.state.peers = spa.app.state.peers, peers
    yield await Door(spa, peers, room, bar).booked()
    spa.app.state.peers = kept
