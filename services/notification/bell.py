"""Tells the sender of this process that there is something to send. A hint: the sender also looks by itself."""

import asyncio


class Bell:
    """Rung after a commit; rings that come while the sender works are one ring."""

    def __init__(self) -> None:
        self._rung = asyncio.Event()
        self._urgent = asyncio.Event()

    def ring(self, *, urgent: bool) -> None:
        self._rung.set()
        if urgent:
            self._urgent.set()

    async def wait(self, longest: float, not_before: float) -> None:
        """Wait for a ring, `longest` seconds at most, and then until the loop's time is `not_before`.

        What comes meanwhile goes in the same batch. An urgent ring waits for nothing.
        """
        try:
            await asyncio.wait_for(self._rung.wait(), longest)
            async with asyncio.timeout_at(not_before):
                await self._urgent.wait()
        except TimeoutError:
            pass
        self._rung.clear()
        self._urgent.clear()


BELL = Bell()
"""This process's."""
