"""Prints off the event loop: one document at a time, and only so many waiting.

One thread, because the work is Python's own and a second would only share its lock, and because the library keeps its
fonts for the whole process. The library is imported by the first print: who never prints does not pay for it.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from functools import cache

from shared.errors import Unavailable
from shared.kit.papers.paper import Labels, Paper

MOST_WAITING = 16
_waiting = 0


async def press(paper: Paper | Labels) -> bytes:
    """The PDF. Hold no transaction while waiting for it.

    Raises:
        Unavailable: too many are being printed already.
    """
    global _waiting
    if _waiting >= MOST_WAITING:
        raise Unavailable("printing_busy", "Too many documents are being made just now; try again in a moment.")
    _waiting += 1
    try:
        return await asyncio.get_running_loop().run_in_executor(_thread(), _printed, paper)
    finally:
        _waiting -= 1


@cache
def _thread() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, "press")


def _printed(paper: Paper | Labels) -> bytes:
    from shared.kit.papers import labels, setting  # costs 0.3 s and 14 MB, once

    return labels.pdf(paper) if isinstance(paper, Labels) else setting.pdf(paper)
