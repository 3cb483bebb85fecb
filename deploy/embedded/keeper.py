"""Keeping a process running: when it ends it is started again, at once first, then with growing pauses."""

import asyncio
import signal
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import NoReturn

from deploy.embedded.process import tail

FIRST_PAUSE, LONGEST_PAUSE = 0.1, 10.0
HEALTHY_SECONDS = 20.0  # after this long a death is a new story, and the pause is short again


async def keep_running(
    name: str,
    log: Path,
    *,
    start: Callable[[], Awaitable[object]],
    ended: Callable[[], Awaitable[int]],
    tell: Callable[[str], object],
    started: bool = False,
) -> NoReturn:
    """Start it (unless `started`), wait until it has `ended`, and again, for ever. `tell` hears of each death."""
    pause = FIRST_PAUSE
    while True:
        began = time.monotonic()
        try:
            if not started:
                await start()
            reason = f"ended with {describe(await ended())}\n{tail(log, 3)}".rstrip()
        except Exception as error:  # whatever it was: giving up would leave the system without this process
            reason = f"did not start: {error or repr(error)}"
        started = False
        if time.monotonic() - began > HEALTHY_SECONDS:
            pause = FIRST_PAUSE
        tell(f"{name} {reason}\n{name} is started again in {pause:.1f} s; its log is {log}")
        await asyncio.sleep(pause)
        pause = min(pause * 3, LONGEST_PAUSE)


def describe(code: int) -> str:
    """An exit code, or the signal's name."""
    return signal.Signals(-code).name if code < 0 else f"code {code}"
