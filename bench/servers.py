"""Real servers for the parts of the bench that need no services, with durability on as in production."""

import secrets
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy.embedded.kafka import Kafka, user_cache
from deploy.embedded.postgres import Postgres


@dataclass(frozen=True)
class Servers:
    """Where they are: a superuser's URL and a bootstrap address."""

    postgres: str
    kafka: str


@asynccontextmanager
async def servers() -> AsyncIterator[Servers]:
    """PostgreSQL (fsync and synchronous_commit on) and Kafka on a folder that is thrown away."""
    with tempfile.TemporaryDirectory(prefix="caibei-bench-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        postgres = Postgres(folder / "postgres", secrets.token_urlsafe(16), folder / "postgres.log")
        kafka = Kafka(folder / "kafka", folder / "kafka.log", user_cache())
        await postgres.start()
        await kafka.start()
        try:
            yield Servers(postgres.url, kafka.bootstrap)
        finally:
            await kafka.stop()
            await postgres.stop()
