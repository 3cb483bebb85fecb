"""Growing waits for what is away, the same everywhere: doubled up to a limit, and shortened by chance, so that all who
wait for one server do not come back at one moment."""

import asyncio
import random


class Backoff:
    """Seconds to wait before the next attempt: at first `first`, then doubled, at most `most`; less by up to half."""

    def __init__(self, first: float = 0.1, most: float = 5.0) -> None:
        self._first, self._most = first, most
        self._next = first

    @property
    def at_most(self) -> bool:
        """Whether the waits have grown as long as they get: it is away for some time."""
        return self._next >= self._most

    def reset(self) -> None:
        """It answered: the next trouble is a new one."""
        self._next = self._first

    def next(self) -> float:
        """The seconds to wait now; the next call answers about twice as many."""
        seconds, self._next = self._next, min(self._next * 2, self._most)
        return seconds * random.uniform(0.5, 1)

    async def wait(self) -> None:
        """Sleep that long."""
        await asyncio.sleep(self.next())
