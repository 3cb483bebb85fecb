"""Who gets what, when each takes one of a list of its own and nobody the same as another."""

from collections.abc import Hashable, Sequence
from typing import TypeVar

T = TypeVar("T", bound=Hashable)


def assign(wishes: Sequence[Sequence[T]]) -> list[T | None]:
    """One of each list, no two the same, for as many as possible; None for who is left without.

    Who has the fewest to choose from chooses first; each gets the first of its list that costs nobody theirs.
    """
    owner: dict[T, int] = {}

    def take(index: int, asked: set[T]) -> bool:
        for thing in wishes[index]:
            if thing in asked:
                continue
            asked.add(thing)
            if thing not in owner or take(owner[thing], asked):
                owner[thing] = index
                return True
        return False

    for index in sorted(range(len(wishes)), key=lambda index: len(wishes[index])):
        take(index, set())
    found: list[T | None] = [None] * len(wishes)
    for thing, index in owner.items():
        found[index] = thing
    return found
