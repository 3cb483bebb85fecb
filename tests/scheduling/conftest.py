"""Scheduling on a real PostgreSQL, in this process. Answers of the other services go straight to the consumer."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from services.scheduling.app import SERVICE
from services.scheduling.settings import settings
from shared.kit.testing import TokenMint, client, running
from tests.conftest import MakeDatabase
from tests.scheduling.builders import Chain


@pytest.fixture(scope="module")
def mint() -> TokenMint:
    return TokenMint()


@pytest.fixture(scope="module")
async def chain(
    module_database: MakeDatabase, mint: TokenMint, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Chain]:
    """A running API with an empty chain; everything of a test should hang on a branch of its own."""
    database = module_database("scheduling")
    folder: Path = tmp_path_factory.mktemp("tokens")
    with pytest.MonkeyPatch.context() as patch:
        links = {"CAIBEI_SCHEDULING_LINK_KEY": "k" * 40, "CAIBEI_SCHEDULING_PUBLIC_URL": "https://spa.test"}
        for name, value in {**database.environment, **mint.environment(folder), **links}.items():
            patch.setenv(name, value)
        settings.cache_clear()
        async with (
            running(SERVICE) as app,
            client(app, mint.bearer("scheduling:read", "scheduling:write")) as http,
        ):
            yield Chain(http, app.state.database, mint, database)
        settings.cache_clear()
