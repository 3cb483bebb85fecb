"""A service from its parts: what `services/<name>/app.py` declares, `main` runs.

Roles: `all` (API, relay, consumer and jobs in one loop), `api`, `worker`, and `migrate`.
"""

import asyncio
import gc
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from fastapi import APIRouter, FastAPI

from shared.errors import Unavailable
from shared.kit import dead_letters, failpoints, jobs, logging, telemetry
from shared.kit.auth import Authenticator
from shared.kit.consumer import ConsumerLoop
from shared.kit.database import Database
from shared.kit.health import health
from shared.kit.http import create_app
from shared.kit.idempotency import Codec, PlainCodec
from shared.kit.inbox import Handlers
from shared.kit.jobs import Job
from shared.kit.ops import ops
from shared.kit.peers import Peers
from shared.kit.relay import Relay
from shared.kit.settings import CommonSettings, ServiceSettings

VERSION = "0.1.0"
log = logging.get(__name__)


@dataclass(frozen=True, slots=True)
class Service:
    """What one service is made of.

    Attributes:
        name: as in topics and URLs: `room-equipment`. The package is `services.room_equipment`.
        resources: opened at start in order and closed in reverse; each gets the app and may put things in `app.state`.
        codec: how idempotency records are kept.
        announces: whether it has facts to tell; a service that has none needs no relay and no broker.
    """

    name: str
    settings: type[ServiceSettings]
    routers: Sequence[APIRouter] = ()
    handlers: Handlers = field(default_factory=dict)
    jobs: Sequence[Job] = ()
    resources: Sequence[Callable[[FastAPI], AbstractAsyncContextManager[None]]] = ()
    codec: Callable[[], Codec] = PlainCodec
    has_database: bool = True
    announces: bool = True
    description: str = ""

    @property
    def package(self) -> str:
        return self.name.replace("-", "_")


def build(service: Service, role: str = "all", *, common: CommonSettings | None = None) -> FastAPI:
    """The ASGI app of one process. Nothing opens before its lifespan starts."""
    common = common or CommonSettings()
    settings = service.settings()
    routers = [health, *([ops] if service.has_database else []), *(service.routers if role in ("all", "api") else ())]

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            await _open(app, service, settings, common, role, stack)
            # What is here now stays: a full collection need not look at it again.
            gc.collect()
            gc.freeze()
            gc.set_threshold(20_000, 20, 50)
            yield

    app = create_app(
        f"Caibei {service.name}",
        routers,
        version=VERSION,
        lifespan=lifespan,
        max_body_bytes=settings.max_body_bytes,
        body_limits=settings.body_limits(),
        requests_per_second=settings.requests_per_second,
        description=service.description,
    )
    app.state.service, app.state.version, app.state.role = service.name, VERSION, role
    app.state.settings, app.state.common = settings, common
    app.state.authenticator, app.state.codec = Authenticator(common), service.codec()
    app.state.database = app.state.relay = app.state.consumer = app.state.peers = None
    return app


async def _open(
    app: FastAPI, service: Service, settings: ServiceSettings, common: CommonSettings, role: str, stack: AsyncExitStack
) -> None:
    state = app.state
    tasks = _Tasks()
    stack.push_async_callback(tasks.stop)
    state.peers = Peers(common, settings)
    stack.push_async_callback(state.peers.close)
    url = settings.database_url.get_secret_value()
    if service.has_database:
        state.database = Database(url, pool_size=settings.database_pool_size, application=f"caibei-{service.name}")
        stack.push_async_callback(state.database.close)
    for resource in service.resources:
        await stack.enter_async_context(resource(app))
    if not service.has_database or role == "api":
        return
    brokers, prefix = common.kafka_bootstrap_servers, common.topic_prefix
    if service.announces:
        state.relay = Relay(url, brokers, service.name, prefix)
        tasks.start(state.relay.run(), "relay")
    if service.handlers:
        state.consumer = ConsumerLoop(state.database, service.handlers, brokers, service.name, prefix, common.instance)
        tasks.start(state.consumer.run(), "consumer")
        tasks.start(_drain_forever(state.database, state.consumer), "dead letters")
    for job in (*jobs.KIT_JOBS, *service.jobs):
        tasks.start(jobs.run_forever(state.database, job), job.name)
    # Stopped before the database and the resources they use are closed.
    stack.push_async_callback(tasks.stop)


async def _drain_forever(database: Database, consumer: ConsumerLoop) -> None:
    while True:
        await asyncio.sleep(1)
        try:
            await dead_letters.drain(database, consumer.dispatch)
        except Unavailable:
            continue


class _Tasks:
    """Background tasks; one that ends on its own ends the process, which is then started again."""

    def __init__(self) -> None:
        self._tasks: list[asyncio.Task[None]] = []
        self._stopping = False

    def start(self, work: Coroutine[Any, Any, None], name: str) -> None:
        task = asyncio.create_task(work, name=name)
        task.add_done_callback(self._ended)
        self._tasks.append(task)

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not self._stopping and not task.cancelled():
            log.critical("background task ended", task=task.get_name(), exc_info=task.exception())
            sys.exit(70)

    async def stop(self) -> None:
        self._stopping = True
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=8)
        self._tasks.clear()


def main(service: Service, argv: list[str] | None = None) -> None:
    """`python -m services.<name> all|api|worker|migrate`."""
    arguments = sys.argv[1:] if argv is None else argv
    role = arguments[0] if arguments else "all"
    if role not in ("all", "api", "worker", "migrate") or len(arguments) > 1:
        sys.exit(f"usage: python -m services.{service.package} all|api|worker|migrate")
    common = CommonSettings()
    logging.configure(service.name, format=common.log_format, level=common.log_level)
    if role == "migrate":
        from shared.kit import migrations  # Alembic costs every start 0.3 s, and only this role needs it

        migrations.upgrade(service.package, service.settings().migration_url.get_secret_value())
        return
    if common.failpoint and common.environment == "production":
        sys.exit("CAIBEI_FAILPOINT is for tests; it is set and the environment is production.")
    failpoints.arm(common.failpoint)
    telemetry.configure(f"caibei-{service.name}")
    settings = service.settings()
    app = build(service, role, common=common)
    uvicorn.Server(
        uvicorn.Config(
            app,
            host=settings.host,
            port=settings.port,
            loop="uvloop",
            http="httptools",
            ws="none",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=10,
            timeout_keep_alive=30,
        )
    ).run()
