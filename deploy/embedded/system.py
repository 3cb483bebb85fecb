"""The whole system on one machine: PostgreSQL, Kafka and every service, started in order and kept running."""

import asyncio
import contextlib
import os
import time
from collections.abc import Coroutine
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg

from deploy import runtime
from deploy.embedded import schema
from deploy.embedded.databases import SERVICES_WITH_DATABASE, ensure_service, owner_role, runtime_role
from deploy.embedded.environment import Addresses, database_urls, environment
from deploy.embedded.installation import PEOPLE, Installation, lock
from deploy.embedded.kafka import Kafka, user_cache
from deploy.embedded.keeper import keep_running
from deploy.embedded.leftovers import end_leftovers, record
from deploy.embedded.logs import trim_for_ever
from deploy.embedded.members import Member, members
from deploy.embedded.portplan import plan
from deploy.embedded.postgres import Postgres
from deploy.embedded.process import StartFailed, tail
from deploy.embedded.progress import Progress
from deploy.embedded.topics import ensure_topics
from deploy.embedded.workers import Nursery

READY_SECONDS = 60.0
# Services first, then the servers they use with the time that is left: everything must be gone within 15 s.
STOP_SECONDS, SERVICE_STOP_SECONDS, SERVER_STOP_SECONDS = 12.0, 8.0, 3.0


@dataclass(frozen=True)
class Options:
    """What `caibei run` was asked for. `port_base`: None is 8000 or what is free, 0 free ports, else exactly these."""

    data_dir: Path = field(default_factory=runtime.default_data_dir)
    port_base: int | None = None
    workers: int = 0
    services: tuple[str, ...] = runtime.SERVICES


class System:
    """One run. `start` returns when all is ready, `stop` when all is gone; between them what dies is started again."""

    def __init__(self, options: Options, progress: Progress) -> None:
        self.options, self.progress = options, progress
        self.folder = options.data_dir.absolute()
        self._lock = lock(self.folder)
        self.installation = Installation.open(self.folder)
        ports = self.installation.ports = plan(options.port_base, self.installation.ports)
        self.installation.save()
        self.logs = self.folder / "logs"
        self.logs.mkdir(mode=0o700, exist_ok=True)
        password = self.installation.postgres_password
        self.postgres = Postgres(self.folder / "postgres", password, self.logs / "postgres.log", ports["postgres"])
        self.kafka = Kafka(self.folder / "kafka", self.logs / "kafka.log", user_cache(), ports["kafka"])
        self.kafka.progress = progress.say
        self.kafka.controller_port = ports["kafka_controller"]
        self.nursery = Nursery(self.logs / "nursery.log")
        self.addresses = Addresses(self.postgres.url, self.kafka.bootstrap, ports)
        self.members: list[Member] = members(
            self.installation, self.addresses, options.services, options.workers, self.logs
        )
        self._tasks: list[asyncio.Task[None]] = []
        self._runtime_file: Path | None = None

    async def start(self) -> None:
        """Until every service is ready. Raises StartFailed, PortTaken or JarsMissing, which say what to do."""
        self.forget()
        self.installation.write_identity_bootstrap()
        await asyncio.to_thread(end_leftovers, self.folder)
        with self.progress.during("starting PostgreSQL and Kafka"):
            async with asyncio.TaskGroup() as group:
                group.create_task(self.nursery.start())
                group.create_task(self._start_kafka())
                group.create_task(self._start_postgres())
        self._keep_server("PostgreSQL", self.postgres)
        self._keep_server("Kafka", self.kafka)
        with self.progress.during("starting the services"):
            for member in self.members:
                self._keep_member(member)
            await self._until_ready()

    def publish(self, name: str = "runtime.json") -> runtime.Runtime:
        """Say where everything is, in DIR/`name`; its pids are kept right from now on."""
        if self._runtime_file is not None:
            self._runtime_file.unlink(missing_ok=True)
        self._runtime_file = self.folder / name
        return self._pids_changed()

    def forget(self) -> None:
        """No one shall take this system, or an earlier one, for a running one."""
        self._runtime_file = None
        for name in ("runtime.json", "starting.json"):
            (self.folder / name).unlink(missing_ok=True)

    def tidy(self) -> None:
        """Begin what can wait until the system is ready: bounded logs, and a faster start of Kafka next time."""
        self._begin(trim_for_ever(self.logs))
        self._begin(self._train_later())

    async def stop(self) -> None:
        """Services first, then the servers; bounded, also when a server or the broker hangs."""
        began = time.monotonic()
        self.forget()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        workers = [member.worker for member in self.members if member.worker]
        await asyncio.gather(*(worker.stop(SERVICE_STOP_SECONDS) for worker in workers))
        left = max(SERVER_STOP_SECONDS, STOP_SECONDS - (time.monotonic() - began))
        await asyncio.gather(self.nursery.stop(), self.kafka.stop(left), self.postgres.stop(left))
        (self.folder / "processes.json").unlink(missing_ok=True)
        self._lock.close()

    async def _start_postgres(self) -> None:
        with self.progress.step("PostgreSQL 18", f"127.0.0.1:{self.postgres.port}"):
            await self.postgres.start()
            roles = self.installation.roles
            admin = await asyncpg.connect(self.postgres.url)
            try:
                for service in SERVICES_WITH_DATABASE:
                    await ensure_service(admin, service, roles[owner_role(service)], roles[runtime_role(service)])
            finally:
                await admin.close()
        await asyncio.gather(*(self._migrate(service) for service in SERVICES_WITH_DATABASE))

    async def _migrate(self, service: str) -> None:
        newest, owner_url = schema.head(service), database_urls(self.installation, self.postgres.url, service)[1]
        if service not in self.options.services or newest is None or await schema.current(owner_url) == newest:
            return
        with self.progress.step(f"migrate {service}", newest):
            log = self.logs / "migrate.log"
            env = environment(self.installation, self.addresses, service)
            worker = await self.nursery.spawn(f"services.{service}", ["migrate"], env, log)
            await worker.wait()
            if code := worker.ended.result():
                raise StartFailed(f"migrating {service} ended with code {code}\n{tail(log)}")

    async def _start_kafka(self) -> None:
        with self.progress.step("Kafka 4.3", self.kafka.bootstrap):
            await self.kafka.start()
            await ensure_topics(self.kafka.bootstrap)

    async def _until_ready(self) -> None:
        began, waiting = time.monotonic(), list(self.members)
        while waiting:
            answers = await asyncio.gather(*(member.ready() for member in waiting))
            for member in [member for member, up in zip(waiting, answers, strict=True) if up]:
                waiting.remove(member)
                self.progress.up(member.name, time.monotonic() - began, f"http://127.0.0.1:{member.port}")
            if waiting and time.monotonic() - began > READY_SECONDS:
                names = ", ".join(member.name for member in waiting)
                raise StartFailed(f"not ready after {READY_SECONDS:.0f} s: {names}\n{tail(waiting[0].log)}")
            await asyncio.sleep(0.03)

    def _keep_member(self, member: Member) -> None:
        async def start() -> None:
            await member.start(self.nursery)
            self._pids_changed()

        self._begin(keep_running(member.name, member.log, start=start, ended=member.ended, tell=self.progress.trouble))

    def _keep_server(self, name: str, server: Postgres | Kafka) -> None:
        async def start() -> None:
            await server.start()
            self._pids_changed()
            self.progress.say(f"{name} is back")

        async def ended() -> int:
            assert server.child is not None
            return await server.child.process.wait()

        tell = self.progress.trouble
        self._begin(keep_running(name, server.log, start=start, ended=ended, tell=tell, started=True))

    async def _train_later(self) -> None:
        await asyncio.sleep(20)  # the first minute belongs to whoever started the system
        await self.kafka.train()

    def _begin(self, work: Coroutine[object, object, None]) -> None:
        self._tasks.append(asyncio.create_task(work))

    def _pids_changed(self) -> runtime.Runtime:
        described = self.describe()
        pids = [pid for group in described["pids"].values() for pid in group]
        with contextlib.suppress(OSError):  # a full disk must not end the supervisor
            record(self.folder, pids)
            if self._runtime_file is not None:
                runtime.write(self._runtime_file, described)
        return described

    def describe(self) -> runtime.Runtime:
        """The contents of runtime.json as of now."""
        pids = {
            service: [
                m.worker.pid for m in self.members if m.service == service and m.worker and not m.worker.ended.done()
            ]
            for service in self.options.services
        }
        for name, server in (("kafka", self.kafka), ("postgres", self.postgres)):
            pids[name] = [server.child.pid] if server.child and server.child.running else []
        urls = {service: self.addresses.url(service) for service in self.options.services}
        databases = {
            service: database_urls(self.installation, self.postgres.url, service)[0]
            for service in SERVICES_WITH_DATABASE
        }
        return {
            "pid": os.getpid(),
            "services": urls,
            "kafka": self.kafka.bootstrap,
            "databases": databases,
            "pids": pids,
            "mailbox": self.addresses.mailbox,
            "api_clients": {name: self.installation.api_clients[name] for name in PEOPLE},
            "staff": {},
        }
