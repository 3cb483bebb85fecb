"""Screening in this process on a real PostgreSQL, and the chain it has heard of."""

import io
import logging
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
import structlog
from fastapi import FastAPI

from services.screening.app import SERVICE
from shared.kit import logging as kit_logging
from shared.kit.testing import TokenMint, running
from tests.conftest import MakeDatabase
from tests.screening.chain import Chain
from tests.servers import ServiceDatabase


@pytest.fixture(scope="module")
def screening_database(module_database: MakeDatabase) -> ServiceDatabase:
    return module_database("screening")


@pytest.fixture(scope="module")
def mint() -> TokenMint:
    return TokenMint()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def app(
    screening_database: ServiceDatabase, mint: TokenMint, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[FastAPI]:
    folder: Path = tmp_path_factory.mktemp("screening")
    environment = {
        **screening_database.environment,
        **mint.environment(folder),
        "CAIBEI_SCREENING_MASTER_KEY_FILE": str(folder / "master.key"),
        "CAIBEI_SCREENING_KEY_SHARES_DIR": str(folder / "shares"),
        "CAIBEI_SCREENING_LINK_KEY": "k" * 32,
        "CAIBEI_SCREENING_PUBLIC_URL": "https://spa.test",
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        async with running(SERVICE) as started:
            yield started


@pytest.fixture
def chain(app: FastAPI, mint: TokenMint, screening_database: ServiceDatabase) -> Chain:
    """A branch in Berlin and its people, heard of through events."""
    return Chain(app, mint, screening_database)


@pytest.fixture(params=["json", "console"])
def logged(request: pytest.FixtureRequest) -> Iterator[io.StringIO]:
    """What a production process would log, in both formats."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    kit_logging.configure("screening", format=request.param, level="DEBUG")
    said = io.StringIO()
    for handler in root.handlers:
        assert isinstance(handler, logging.StreamHandler)
        handler.setStream(said)
    yield said
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()
    root.handlers[:] = handlers
    root.setLevel(level)
