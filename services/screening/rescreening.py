"""The background work of re-running standing decisions, in every process that works (roles `all` and `worker`)."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from services.screening.handlers.rescreen import next_batch
from services.screening.vault import Vault
from shared.errors import Unavailable
from shared.kit import logging
from shared.kit.database import RETRYABLE, Database, sqlstate

LOOK_SECONDS = 2.0  # how soon a run begins that another process was asked for, or whose moment came
STOP_SECONDS = 8.0
log = logging.get(__name__)


class Rescreening:
    """Works batch by batch while there is something to do, and looks again every two seconds, or when it is woken."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database = database
        self._vault = vault
        self._wake = asyncio.Event()
        self._stopping = False

    def wake(self) -> None:
        """An activation was committed in this process."""
        self._wake.set()

    def stop(self) -> None:
        self._stopping = True
        self._wake.set()

    async def run(self) -> None:
        while not self._stopping:
            try:
                if await self._batch():
                    continue
            except Unavailable:
                pass
            except Exception as error:
                if sqlstate(error) not in RETRYABLE:
                    log.error("re-running decisions failed", exc_info=logging.without_values(error))
            try:
                await asyncio.wait_for(self._wake.wait(), LOOK_SECONDS * random.uniform(0.9, 1.1))
            except TimeoutError:
                pass
            self._wake.clear()

    async def _batch(self) -> bool:
        async with self._database.transaction() as tx:
            return await next_batch(tx, self._vault)


@asynccontextmanager
async def rescreening(app: FastAPI) -> AsyncIterator[None]:
    """Opened after the vault, closed before it; a batch that runs is let finish."""
    app.state.rescreening = None
    if app.state.role == "api":
        yield
        return
    work = Rescreening(app.state.database, app.state.vault)
    app.state.rescreening = work
    task = asyncio.create_task(work.run(), name="rescreening")
    try:
        yield
    finally:
        work.stop()
        await asyncio.wait([task], timeout=STOP_SECONDS)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
