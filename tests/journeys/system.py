"""The whole system inside the test process: real servers, every service its own process, and handles to hurt them."""

import asyncio
import contextlib
import os
import shutil
import signal
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
from rich.console import Console

from deploy.embedded.databases import SERVICES_WITH_DATABASE, database_name
from deploy.embedded.members import Member
from deploy.embedded.progress import Progress
from deploy.embedded.system import Options, System
from deploy.runtime import Runtime

BOOKING = ("scheduling", "screening", "room_equipment", "notification")
Start = Callable[..., Awaitable[Any]]


async def until(condition: Callable[[], Awaitable[Any]], what: str, seconds: float = 20.0) -> Any:
    """The first true answer of `condition`. Fails, naming `what`, when none comes within `seconds`."""
    end = time.monotonic() + seconds
    while True:
        if answer := await condition():
            return answer
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds:.0f} s: {what}")
        await asyncio.sleep(0.02)


class Whole:
    """A running system. What dies is started again by its supervisor, unless a test holds it down."""

    def __init__(self, folder: Path, workers: int = 0) -> None:
        self.said = (folder / "said.txt").open("a")
        progress = Progress(Console(file=self.said, highlight=False, soft_wrap=True, width=200))
        self.system = System(Options(data_dir=folder, port_base=0, workers=workers), progress)
        self.folder = folder
        self._may_start: dict[str, asyncio.Event] = {}
        servers: list[tuple[str, Any]] = [("postgres", self.system.postgres), ("kafka", self.system.kafka)]
        for name, startable in [*servers, *((member.service, member) for member in self.system.members)]:
            gate = self._may_start.setdefault(name, asyncio.Event())
            gate.set()
            startable.start = _gated(startable, gate)
        self.runtime: Runtime

    async def start(self) -> None:
        await self.system.start()
        self.runtime = self.system.publish()

    async def stop(self) -> None:
        for gate in self._may_start.values():
            gate.set()
        await self.system.stop()
        self.said.close()

    # --- where things are -------------------------------------------------------------------------------------------

    def members(self, service: str) -> list[Member]:
        return [member for member in self.system.members if member.service == service]

    def pids(self, name: str) -> list[int]:
        """Of a service, of `kafka` or of `postgres`; those alive now."""
        return self.system.describe()["pids"][name]

    def admin_url(self, service: str) -> str:
        """The service's database, as superuser."""
        return f"{self.system.postgres.url.rsplit('/', 1)[0]}/{database_name(service)}"

    @asynccontextmanager
    async def database(self, service: str) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
        connection = await asyncpg.connect(self.admin_url(service))
        try:
            yield connection
        finally:
            await connection.close()

    async def rows(self, service: str, sql: str, *values: Any) -> list[asyncpg.Record]:
        async with self.database(service) as connection:
            return list(await connection.fetch(sql, *values))

    async def value(self, service: str, sql: str, *values: Any) -> Any:
        async with self.database(service) as connection:
            return await connection.fetchval(sql, *values)

    async def row_counts(self) -> dict[str, int]:
        """Rows of every table of every service, as `service.table`."""
        counts = {}
        for service in SERVICES_WITH_DATABASE:
            async with self.database(service) as connection:
                tables = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
                for (table,) in tables:
                    counts[f"{service}.{table}"] = await connection.fetchval(f'SELECT count(*) FROM "{table}"')
        return counts

    def logs(self) -> Iterable[Path]:
        return self.system.logs.glob("*.log")

    # --- faults -----------------------------------------------------------------------------------------------------

    def kill(self, name: str, sig: signal.Signals = signal.SIGKILL) -> None:
        """Send `sig` to every process of a service or server."""
        for pid in self.pids(name):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, sig)

    @asynccontextmanager
    async def down(self, name: str, sig: signal.Signals = signal.SIGKILL) -> AsyncIterator[None]:
        """Gone while the block runs; the supervisor brings it back afterwards."""
        gate = self._may_start[name]
        gate.clear()
        self.kill(name, sig)
        await until(lambda: _true(not self.pids(name)), f"{name} is gone")
        try:
            yield
        finally:
            gate.set()
            await self.up(name)

    @asynccontextmanager
    async def frozen(self, name: str) -> AsyncIterator[None]:
        """Stopped in mid-step (SIGSTOP) while the block runs, then going on as if nothing had happened."""
        pids = self.pids(name)
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in pids:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)

    @asynccontextmanager
    async def with_settings(self, service: str, settings: dict[str, str]) -> AsyncIterator[None]:
        """Restarted with other settings for the block, and again with its own after it."""
        for member in self.members(service):
            member.env |= settings
        await self.restart(service)
        try:
            yield
        finally:
            for member in self.members(service):
                for name in settings:
                    del member.env[name]
            await self.restart(service)

    async def restart(self, *services: str) -> None:
        """Kill services and wait until each runs again."""
        await self._kill_and_see_again(*services)
        await asyncio.gather(*(self.up(service) for service in services))

    async def up(self, name: str, seconds: float = 30.0) -> None:
        """Until it runs and, for a service, answers that it is ready."""
        members = self.members(name)

        async def ready() -> bool:
            return bool(self.pids(name)) and all([await member.ready() for member in members])

        await until(ready, f"{name} is up again", seconds)

    async def arm(self, failpoints: dict[str, str]) -> None:
        """Restart services, each with its failpoint armed once (`{"screening": "relay.after_publish:3"}`)."""
        for service, failpoint in failpoints.items():
            for member in self.members(service):
                member.env["CAIBEI_FAILPOINT"] = failpoint
        await self._kill_and_see_again(*failpoints)

    async def _kill_and_see_again(self, *services: str) -> None:
        before = {service: set(self.pids(service)) for service in services}
        for service in services:
            self.kill(service)
        again = lambda: _true(all(set(self.pids(s)) - before[s] for s in services))  # noqa: E731
        await until(again, f"{', '.join(services)} started again")


async def _true(condition: Any) -> bool:
    return bool(condition)


def _gated(startable: Any, gate: asyncio.Event) -> Start:
    start = startable.start

    async def when_allowed(*args: Any) -> None:
        await gate.wait()
        await start(*args)
        if isinstance(startable, Member):
            startable.env.pop("CAIBEI_FAILPOINT", None)  # for this one process; who comes after it is not to die

    return when_allowed


@asynccontextmanager
async def running(workers: int = 0) -> AsyncIterator[Whole]:
    """A fresh system on a folder of its own, thrown away afterwards."""
    # Not pytest's tmp_path: as root the servers run as another uid, which must reach the folder.
    folder = Path(tempfile.mkdtemp(prefix="caibei-journey-"))
    folder.chmod(0o711)
    whole = Whole(folder, workers)
    try:
        await whole.start()
        yield whole
    finally:
        await whole.stop()
        shutil.rmtree(folder, ignore_errors=True)
