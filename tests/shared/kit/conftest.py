"""The toy service, on its own database and topics."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from shared.kit.testing import TokenMint, client, running
from tests.conftest import MakeDatabase
from tests.servers import Topics
from tests.shared.kit import toy


@pytest.fixture
def mint() -> TokenMint:
    return TokenMint()


@pytest.fixture
async def environment(
    database: MakeDatabase, topics: Topics, mint: TokenMint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = database("scheduling", migrated=False)  # its role; the tables are the toy's
    await toy.create_tables(made)
    values = {**topics.environment, **mint.environment(tmp_path), "CAIBEI_TOY_DATABASE_URL": made.owner_url}
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    toy.refused_steps.clear()


@pytest.fixture
async def app(environment: None) -> AsyncIterator[FastAPI]:
    """API only: nothing is published or consumed."""
    async with running(toy.TOY) as app:
        yield app


@pytest.fixture
async def whole(environment: None) -> AsyncIterator[FastAPI]:
    """API, relay, consumer and jobs."""
    async with running(toy.TOY, "all") as app:
        yield app


@pytest.fixture
async def http(app: FastAPI, mint: TokenMint) -> AsyncIterator[httpx.AsyncClient]:
    async with client(app, mint.bearer("toy:write", "ops:read", "ops:write")) as http:
        yield http
