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

    async def wait(self, longest: float, gather: float) -> None:
        """Wait for a ring, then `gather` seconds for more that go in the same batch; not for an urgent one."""
        try:
            await asyncio.wait_for(self._rung.wait(), longest)
            await asyncio.wait_for(self._urgent.wait(), gather)
        except TimeoutError:
            pass
        self._rung.clear()
        self._urgent.clear()


BELL = Bell()
"""This process's."""
