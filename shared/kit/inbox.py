"""The inbox: which events this service has applied, and who handles which.

An inbox row, the handler's changes and what it announces are one transaction; the offset follows the commit. So an
event that comes twice is applied once.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from shared.events.base import Event
from shared.kit.database import Transaction

E = TypeVar("E", bound=Event)


@dataclass(frozen=True, slots=True)
class Received(Generic[E]):
    """An event as it came in. `key` is the aggregate's id, `time` when it was announced."""

    id: UUID
    key: str
    time: datetime
    event: E


Handler = Callable[[Transaction, list[Received[Any]]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Ordered:
    """A handler that takes several events of one key in one batch, in the order they came."""

    handler: Handler


Handlers = Mapping[type[Event] | tuple[type[Event], ...], Handler | Ordered]
"""What a service listens to. A tuple of classes shares one handler, which gets them mixed."""


@dataclass(frozen=True, slots=True)
class Message:
    """A Kafka record of a type this service listens to, not yet parsed."""

    id: UUID
    topic: str
    key: str
    type: str
    payload: bytes
    time: datetime
    traceparent: str | None


CLAIM = """
WITH incoming AS (
    SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:keys AS text[])) AS e (id, key)
), parked AS (
    SELECT DISTINCT message_key FROM dead_letters
    WHERE resolved_at IS NULL AND message_key = ANY(CAST(:keys AS text[]))
), fresh AS (
    INSERT INTO inbox (event_id)
    SELECT id FROM incoming WHERE key NOT IN (SELECT message_key FROM parked)
    ON CONFLICT DO NOTHING RETURNING event_id
)
SELECT ARRAY(SELECT event_id FROM fresh) AS fresh, ARRAY(SELECT message_key FROM parked) AS parked
"""


async def claim(tx: Transaction, messages: Sequence[Message]) -> tuple[set[UUID], set[str]]:
    """Take the new ones into the inbox. Returns their ids, and the keys that wait behind a dead letter."""
    row = await tx.one(CLAIM, {"ids": [m.id for m in messages], "keys": [m.key for m in messages]})
    return set(row.fresh), set(row.parked)


class Dispatch:
    """Finds the handler of a type and calls handlers with batches."""

    def __init__(self, handlers: Handlers) -> None:
        self._by_type: dict[str, tuple[type[Event], Handler | Ordered]] = {}
        for classes, handler in handlers.items():
            for event in classes if isinstance(classes, tuple) else (classes,):
                self._by_type[event.type] = (event, handler)

    def knows(self, type_: str) -> bool:
        return type_ in self._by_type

    @property
    def topics(self) -> list[str]:
        return sorted({event.topic() for event, _ in self._by_type.values()})

    async def __call__(self, tx: Transaction, messages: Iterable[Message]) -> None:
        """Apply them: of one key in order, of different keys side by side in one call where they can be."""
        for handler, batch in self._plan(messages):
            await handler(tx, batch)

    def _plan(self, messages: Iterable[Message]) -> list[tuple[Handler, list[Received[Any]]]]:
        # An event joins a later call than every earlier event of its key, unless one call takes both.
        last: dict[str, tuple[int, object]] = {}
        calls: dict[tuple[int, int], tuple[Handler, list[Received[Any]]]] = {}
        for message in messages:
            event, entry = self._by_type[message.type]
            handler = entry.handler if isinstance(entry, Ordered) else entry
            wave, previous = last.get(message.key, (-1, None))
            if not (isinstance(entry, Ordered) and previous is handler):
                wave += 1
            last[message.key] = (wave, handler)
            received = Received(message.id, message.key, message.time, event.model_validate_json(message.payload))
            calls.setdefault((wave, id(handler)), (handler, []))[1].append(received)
        return [calls[place] for place in sorted(calls, key=lambda place: place[0])]
