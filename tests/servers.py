"""Nouns of the integration tests: the session's servers, a service's fresh database, a fresh set of topics."""

import asyncio
import os
import secrets
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

import asyncpg

from deploy.embedded.databases import ensure_database, owner_role, runtime_role, with_login
from deploy.embedded.testing import locked, server, session_folder
from deploy.embedded.topics import TOPICS, ensure_topics

T = TypeVar("T")


def session_owner() -> int:
    """The pid whose end is the session's end: pytest-xdist's controller for its workers, else this process."""
    return os.getppid() if "PYTEST_XDIST_WORKER" in os.environ else os.getpid()


def blocking(work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run a coroutine to its end on a loop of its own, whether or not a loop is running here."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(lambda: asyncio.run(work())).result()


@dataclass(frozen=True)
class ServiceDatabase:
    """A database of one's own. `url` is the service's runtime role (owns nothing), `owner_url` the migrating role,
    `admin_url` the superuser, who may look at everything and break rules on purpose."""

    service: str
    name: str
    url: str
    owner_url: str
    admin_url: str

    @property
    def environment(self) -> dict[str, str]:
        """What a process of this service needs to find it."""
        prefix = f"CAIBEI_{self.service.upper()}"
        return {f"{prefix}_DATABASE_URL": self.url, f"{prefix}_MIGRATION_URL": self.owner_url}


class Databases:
    """Makes databases by copying a template that was migrated once a session, by the real migrations."""

    def __init__(self) -> None:
        answer = server("postgres", session_owner())
        self.admin_url: str = answer["url"]
        self.passwords: dict[str, str] = answer["passwords"]

    def create(self, service: str, *, migrated: bool = True) -> ServiceDatabase:
        """A fresh database for `service`, about 30 ms; `migrated=False` gives an empty one."""
        name = f"t_{service}_{secrets.token_hex(4)}"
        template = self._template(service) if migrated else "template0"
        blocking(lambda: self._make(service, name, template))
        return self._describe(service, name)

    def drop(self, database: ServiceDatabase) -> None:
        """Drop it, whoever is still connected."""
        blocking(lambda: self._execute(f'DROP DATABASE IF EXISTS "{database.name}" WITH (FORCE)'))

    def _template(self, service: str) -> str:
        from shared.kit.migrations import upgrade

        name = f"template_{service}"
        with locked(session_folder(session_owner()) / f"{name}.lock") as _:
            done = session_folder(session_owner()) / f"{name}.done"
            if not done.exists():
                blocking(lambda: self._make(service, name, "template0"))
                with ThreadPoolExecutor(1) as pool:  # it runs a loop of its own
                    pool.submit(upgrade, service, self._describe(service, name).owner_url).result()
                done.touch()
        return name

    def _describe(self, service: str, name: str) -> ServiceDatabase:
        owner, runtime = owner_role(service), runtime_role(service)
        return ServiceDatabase(
            service,
            name,
            url=with_login(self.admin_url, runtime, self.passwords[runtime], name),
            owner_url=with_login(self.admin_url, owner, self.passwords[owner], name),
            admin_url=f"{self.admin_url.rsplit('/', 1)[0]}/{name}",
        )

    async def _make(self, service: str, name: str, template: str) -> None:
        admin = await asyncpg.connect(self.admin_url)
        try:
            await ensure_database(admin, service, name, template)
        finally:
            await admin.close()

    async def _execute(self, statement: str) -> None:
        admin = await asyncpg.connect(self.admin_url)
        try:
            await admin.execute(statement)
        finally:
            await admin.close()


@dataclass(frozen=True)
class Topics:
    """The four topics under a prefix of their own. Consumer groups are the services', so a prefix is theirs as well."""

    bootstrap: str
    prefix: str

    @property
    def environment(self) -> dict[str, str]:
        """What a process needs to find them."""
        return {"CAIBEI_KAFKA_BOOTSTRAP_SERVERS": self.bootstrap, "CAIBEI_TOPIC_PREFIX": self.prefix}

    def name(self, topic: str) -> str:
        """The full name of e.g. `caibei.scheduling`."""
        return f"{self.prefix}{topic}"

    @property
    def names(self) -> list[str]:
        return [self.name(topic) for topic in TOPICS]


def create_topics(partitions: int = 3) -> Topics:
    """A fresh set of topics, about 50 ms."""
    bootstrap = server("kafka", session_owner())["bootstrap"]
    prefix = f"t{secrets.token_hex(4)}."
    blocking(lambda: ensure_topics(bootstrap, prefix=prefix, partitions=partitions))
    return Topics(bootstrap, prefix)


def delete_topics(topics: Topics) -> None:
    """Free the broker's files."""
    from aiokafka.admin import AIOKafkaAdminClient

    async def delete() -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=topics.bootstrap)
        await admin.start()
        try:
            await admin.delete_topics(topics.names)
        finally:
            await admin.close()

    blocking(delete)
