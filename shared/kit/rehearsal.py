"""What would happen if: the change is made, its outcome taken down, and everything taken back."""

from collections.abc import Awaitable
from typing import TypeVar

from shared.kit.database import Transaction

T = TypeVar("T")


class _TakenBack(Exception):
    pass


async def rehearse(tx: Transaction, change: Awaitable[T]) -> T:
    """What `change` answers, with none of its rows and none of its events left.

    It runs the very code of the change under the same locks, so that what it says is what would be. A refusal is
    raised as it would be.
    """
    found: list[T] = []
    try:
        async with tx.savepoint():
            found.append(await change)
            raise _TakenBack
    except _TakenBack:
        return found[0]
