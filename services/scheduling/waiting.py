"""Who waits for an outcome: requests that hold their answer until the saga has settled.

In the process that settled it, the outcome itself is handed over after the commit. Other processes hear its id and
version by NOTIFY, which is a hint only: while somebody waits, the table is also looked at once a second.

Who asks for another slot of an appointment names the version it has by then: a hint of what was settled before, which
may come late, is no answer.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any
from uuid import UUID

import asyncpg
from fastapi import FastAPI

from services.scheduling.domain.appointment import Appointment
from shared.kit import logging
from shared.kit.backoff import Backoff
from shared.kit.database import Database

POLL_SECONDS = 1.0
log = logging.get(__name__)

Outcome = asyncio.Future[Appointment | None]


class Settled:
    """One a process. It opens nothing until `listening`."""

    def __init__(self) -> None:
        self._waiting: dict[UUID, list[tuple[int, Outcome]]] = {}
        self._mine: set[UUID] = set()

    @contextmanager
    def expect(self, id: UUID, after: int = 0) -> Iterator[Outcome]:
        """Begin to wait before the request is committed, so that no outcome can come too early; for one of a version
        higher than `after`.

        The future gives the settled appointment, or None when it is known only that it is settled.
        """
        outcome: Outcome = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(id, []).append((after, outcome))
        try:
            yield outcome
        finally:
            outcome.cancel()
            waiting = self._waiting[id]
            waiting.remove((after, outcome))
            if not waiting:
                del self._waiting[id]
                self._mine.discard(id)

    def will_tell(self, ids: Iterable[UUID]) -> None:
        """This process is about to commit their outcome: the hint, which may come first, is not needed."""
        self._mine.update(id for id in ids if id in self._waiting)

    def tell(self, appointments: Iterable[Appointment]) -> None:
        """These are settled and committed."""
        for appointment in appointments:
            self._wake(appointment.id, appointment, appointment.version)

    def hint(self, ids: Iterable[UUID]) -> None:
        """Something of these is committed that somebody may wait for (a plan's answer)."""
        for id in ids:
            self._wake(id)

    def _wake(self, id: UUID, appointment: Appointment | None = None, version: int | None = None) -> None:
        for after, outcome in self._waiting.get(id, ()):
            if not outcome.done() and (version is None or version > after):
                outcome.set_result(appointment)

    @asynccontextmanager
    async def listening(self, app: FastAPI) -> AsyncIterator[None]:
        """While the API runs: hear of outcomes that other processes settled."""
        if app.state.role == "worker":
            yield
            return
        tasks = [
            asyncio.create_task(self._listen_forever(app.state.database.url), name="settled listener"),
            asyncio.create_task(self._look_forever(app.state.database), name="settled poll"),
        ]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks, timeout=3)

    async def _listen_forever(self, url: str) -> None:
        backoff = Backoff()
        while True:
            gone = asyncio.Event()
            connection: asyncpg.Connection[Any] | None = None
            try:
                connection = await asyncpg.connect(
                    url, timeout=5, server_settings={"application_name": "caibei-settled"}
                )
                connection.add_termination_listener(lambda _, gone=gone: gone.set())
                await connection.add_listener("settled", self._heard)
                backoff.reset()
                await gone.wait()
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError) as error:
                log.info("settled listener waits", error=type(error).__name__)
            finally:
                if connection is not None:
                    with suppress(Exception):
                        await asyncio.wait_for(connection.close(), 2)
            await backoff.wait()

    def _heard(self, _: Any, __: int, ___: str, payload: object) -> None:
        if payload == "*":  # too many to name: the next look finds them
            return
        for said in str(payload).split():
            id, _, version = said.partition(":")
            if UUID(id) not in self._mine:
                self._wake(UUID(id), version=int(version) if version else None)

    async def _look_forever(self, database: Database) -> None:
        while True:
            await asyncio.sleep(POLL_SECONDS)
            if not self._waiting:
                continue
            try:
                await self._look(database)
            except Exception as error:
                log.info("settled poll waits", error=type(error).__name__)

    async def _look(self, database: Database) -> None:
        async with database.transaction() as tx:
            rows = await tx.all(
                "SELECT id, version FROM appointments WHERE id = ANY(CAST(:ids AS uuid[])) AND status <> 'pending'",
                {"ids": list(self._waiting)},
            )
        for row in rows:
            self._wake(row.id, version=row.version)


SETTLED = Settled()
