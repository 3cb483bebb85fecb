"""Fixtures every test may use. Real servers are started by the first test that asks, and shared by all workers."""

import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Protocol

import pytest

from deploy.embedded.account import REACHABLE_ROOT
from deploy.embedded.testing import server
from tests.containers.engine import pytest_collection_modifyitems, pytest_terminal_summary  # noqa: F401
from tests.servers import Databases, ServiceDatabase, Topics, create_topics, delete_topics, session_owner
from tests.sharing import pytest_xdist_make_scheduler  # noqa: F401


class MakeDatabase(Protocol):
    def __call__(self, service: str, *, migrated: bool = True) -> ServiceDatabase: ...


def pytest_configure() -> None:
    """A developer's own settings must not decide a test: wipe CAIBEI_*, but for how tests themselves run."""
    for name in [name for name in os.environ if name.startswith("CAIBEI_")]:
        if not name.startswith(("CAIBEI_TEST_", "CAIBEI_CACHE_DIR")):
            del os.environ[name]


@pytest.fixture(scope="session", autouse=True)
def nothing_kept_elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Root's PostgreSQL keeps the data of a private folder outside it: remove what this session left there."""
    yield
    for origin in REACHABLE_ROOT.glob("data-*.path"):
        with suppress(FileNotFoundError):  # another worker's, which removes its own
            if Path(origin.read_text()).is_relative_to(tmp_path_factory.getbasetemp()):
                shutil.rmtree(origin.with_suffix(""), ignore_errors=True)
                origin.unlink()


@pytest.fixture(scope="session")
def postgres() -> str:
    """postgresql:// address of the session's PostgreSQL 18, as superuser."""
    return str(server("postgres", session_owner())["url"])


@pytest.fixture(scope="session")
def kafka() -> str:
    """host:port of the session's Kafka. Take `topics` for topics of your own."""
    return str(server("kafka", session_owner())["bootstrap"])


@pytest.fixture(scope="session")
def databases() -> Databases:
    """Makes and drops databases; `database` and `module_database` do both for you."""
    return Databases()


def _factory(databases: Databases) -> Iterator[MakeDatabase]:
    made: list[ServiceDatabase] = []

    def make(service: str, *, migrated: bool = True) -> ServiceDatabase:
        made.append(databases.create(service, migrated=migrated))
        return made[-1]

    yield make
    for database in made:
        databases.drop(database)


@pytest.fixture
def database(databases: Databases) -> Iterator[MakeDatabase]:
    """`database("scheduling")`: a fresh migrated database for this test."""
    yield from _factory(databases)


@pytest.fixture(scope="module")
def module_database(databases: Databases) -> Iterator[MakeDatabase]:
    """The same, kept for all tests of a module."""
    yield from _factory(databases)


@pytest.fixture
def topics() -> Iterator[Topics]:
    """Fresh topics (3 partitions each) for this test."""
    made = create_topics()
    yield made
    delete_topics(made)


@pytest.fixture(scope="module")
def module_topics() -> Iterator[Topics]:
    """The same, kept for all tests of a module."""
    made = create_topics()
    yield made
    delete_topics(made)
