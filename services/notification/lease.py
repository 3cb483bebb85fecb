"""What a sender has taken is kept from other senders while it works on it, and is given back soon after it dies."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta

from services.notification import store
from services.notification.store import Claimed
from shared.kit import logging
from shared.kit.database import Database

log = logging.get(__name__)


class Lease:
    """Messages taken by this sender, renewed a third of the lease apart. Short, because a killed sender's messages wait
    for its end; renewed, because a slow mail server must not cost it.
    """

    def __init__(self, database: Database, seconds: float) -> None:
        self._database = database
        self._seconds = seconds
        self._until = 0.0
        self._taken: list[Claimed] = []

    @property
    def holds(self) -> bool:
        """Whether nobody else can have them for a while yet. False when renewing failed: hand over nothing more."""
        return asyncio.get_running_loop().time() < self._until - self._seconds / 3

    async def take(self, most: int, *, urgent_only: bool) -> list[Claimed]:
        """The next messages that are due, urgent ones first."""
        until = self._end()
        async with self._database.transaction() as tx:
            self._taken = await store.claim(tx, most, timedelta(seconds=self._seconds), urgent_only=urgent_only)
        self._until = until
        return self._taken

    @asynccontextmanager
    async def kept(self) -> AsyncIterator[None]:
        """While the block runs, what was taken stays taken."""
        renewing = asyncio.create_task(self._renew(self._taken), name="lease")
        try:
            yield
        finally:
            renewing.cancel()
            await asyncio.gather(renewing, return_exceptions=True)

    async def _renew(self, taken: Sequence[Claimed]) -> None:
        while True:
            await asyncio.sleep(self._seconds / 3)
            until = self._end()
            try:
                async with self._database.transaction() as tx:
                    await store.keep(tx, taken, timedelta(seconds=self._seconds))
                self._until = until
            except Exception as error:  # it runs out by itself; what was handed over is still marked
                log.warning("lease not renewed", error=type(error).__name__)

    def _end(self) -> float:
        # From before the statement: the database's clock starts later, so that ours is never the longer one.
        return asyncio.get_running_loop().time() + self._seconds
