"""Servers for a test session: one PostgreSQL and one Kafka for all pytest workers, started by the first that asks.

`python -m deploy.embedded.testing postgres|kafka DIR PID` keeps one server while PID lives, then throws it away.
CAIBEI_TEST_BACKEND=containers keeps the same servers in containers (Testcontainers) instead.
"""

import asyncio
import fcntl
import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from deploy.embedded.databases import SERVICES_WITH_DATABASE, ensure_role, owner_role, runtime_role

Answer = dict[str, Any]
Stop = Callable[[], Awaitable[None]]


def session_folder(owner: int) -> Path:
    """The folder of the test session whose main process is `owner`; where the dropped uid of PostgreSQL reaches it."""
    return Path(tempfile.gettempdir()) / f"caibei-test-{os.geteuid()}-{owner}"


def server(kind: str, owner: int, seconds: float = 60.0) -> Answer:
    """The address of the session's server, started if this is the first call of all workers. `kind`: postgres or kafka.

    Answers {"url", "passwords"} for postgres, {"bootstrap"} for kafka. Raises RuntimeError with the log when it fails.
    """
    folder = session_folder(owner)
    folder.mkdir(mode=0o711, exist_ok=True)
    answer = folder / f"{kind}.json"
    with locked(folder / f"{kind}.lock"):
        if not answer.exists():
            log = folder / f"{kind}-keeper.log"
            with log.open("ab") as out:
                keeper = subprocess.Popen(
                    [sys.executable, "-m", "deploy.embedded.testing", kind, str(folder), str(owner)],
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=out,
                    start_new_session=True,
                    env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
                )
            end = time.monotonic() + seconds
            while not answer.exists():
                if keeper.poll() is not None or time.monotonic() > end:
                    raise RuntimeError(f"the {kind} of the tests did not start:\n{log.read_text()}")
                time.sleep(0.01)
            keeper.returncode = 0  # not waited for: it outlives this worker and ends with the session
    found: Answer = json.loads(answer.read_text())
    return found


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """Hold an exclusive lock among all processes of the session."""
    with file.open("a") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


async def keep(kind: str, folder: Path, owner: int) -> None:
    """Start the server, say where it is, stay until the session's main process is gone, stop it, clean up."""
    gone = asyncio.Event()
    try:
        watch = os.pidfd_open(owner)
    except ProcessLookupError:
        return
    asyncio.get_running_loop().add_reader(watch, gone.set)
    backend = os.environ.get("CAIBEI_TEST_BACKEND", "embedded")
    answer, stop = await STARTERS[backend, kind](folder)
    try:
        part = folder / f"{kind}.part"
        part.touch(0o600)
        part.write_text(json.dumps(answer))
        part.rename(folder / f"{kind}.json")
        await gone.wait()
    finally:
        await stop()
        with locked(folder / "clean.lock"):
            (folder / f"{kind}.json").unlink(missing_ok=True)
            if not any(folder.glob("*.json")):
                shutil.rmtree(folder, ignore_errors=True)


async def embedded_postgres(folder: Path) -> tuple[Answer, Stop]:
    from deploy.embedded.postgres import Postgres

    postgres = Postgres(folder / "postgres", secrets.token_urlsafe(16), folder / "postgres.log", throwaway=True)
    await postgres.start()
    return await with_roles(postgres.url), postgres.stop


async def embedded_kafka(folder: Path) -> tuple[Answer, Stop]:
    from deploy.embedded.kafka import Kafka, user_cache

    kafka = Kafka(folder / "kafka", folder / "kafka.log", user_cache(), throwaway=True)
    await kafka.start()
    return {"bootstrap": kafka.bootstrap}, kafka.stop


async def container_postgres(folder: Path) -> tuple[Answer, Stop]:
    from deploy.embedded.containers import start_postgres

    url, stop = await asyncio.to_thread(start_postgres)
    return await with_roles(url), lambda: asyncio.to_thread(stop)


async def container_kafka(folder: Path) -> tuple[Answer, Stop]:
    from deploy.embedded.containers import start_kafka

    bootstrap, stop = await asyncio.to_thread(start_kafka)
    return {"bootstrap": bootstrap}, lambda: asyncio.to_thread(stop)


async def with_roles(url: str) -> Answer:
    """Both roles of every service, as in production; roles belong to the server, so they are made once."""
    import asyncpg

    names = [role(service) for service in SERVICES_WITH_DATABASE for role in (owner_role, runtime_role)]
    passwords = {name: secrets.token_urlsafe(16) for name in names}
    admin = await asyncpg.connect(url)
    try:
        for name, password in passwords.items():
            await ensure_role(admin, name, password)
    finally:
        await admin.close()
    return {"url": url, "passwords": passwords}


STARTERS = {
    ("embedded", "postgres"): embedded_postgres,
    ("embedded", "kafka"): embedded_kafka,
    ("containers", "postgres"): container_postgres,
    ("containers", "kafka"): container_kafka,
}

if __name__ == "__main__":
    asyncio.run(keep(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])))
