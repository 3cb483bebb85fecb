"""The consumer: reads the topics a service listens to and applies each event once, each key in order.

A whole fetched batch is one transaction. When that fails, its messages are tried one by one, so that a bad one stops
only its own key. While the database or the broker is away it waits: nothing is dropped, nothing dead-lettered.
"""

import asyncio
import time
from datetime import UTC, datetime
from uuid import NAMESPACE_URL, UUID, uuid5

from pydantic import ValidationError

from shared.errors import CaibeiError, Unavailable
from shared.kit import dead_letters, failpoints, inbox, kafka, logging, telemetry
from shared.kit.backoff import Backoff
from shared.kit.database import RETRYABLE, Database, is_away, sqlstate
from shared.kit.inbox import Dispatch, Handlers, Message

BATCH = 500
ATTEMPTS = 5  # 0.05 + 0.1 + 0.2 + 0.4 s: what may pass has passed by then
# Under load the next batch waits for company, as long as this one took: ten cost little more than two.
GATHER, GATHER_AT_MOST_SECONDS = 1.0, 0.020
COMMIT_SECONDS = 1.0  # offsets follow the transactions; what a crash repeats, the inbox drops
COMMIT_DEADLINE_SECONDS = 3.0  # a commit hangs while the broker is down: give up, join again
LONGEST_KEY = 500  # ours are ids; a longer one would not fit an index, and its record could not even be buried
LATEST_MS = 4_102_444_800_000  # the year 2100
STALL_SECONDS = 60.0  # alive and not consuming, seen after broker restarts: rebuild the client

log = logging.get(__name__)


class ConsumerLoop:
    """Runs until cancelled.

    Attributes:
        healthy: False while the broker or the database cannot be reached.
        lag: records behind the end, by topic, as of the last batch.
    """

    def __init__(
        self,
        database: Database,
        handlers: Handlers,
        bootstrap_servers: str,
        service: str,
        topic_prefix: str = "",
        instance: str = "",
    ) -> None:
        self.dispatch = Dispatch(handlers)
        self.healthy = False
        self.lag: dict[str, int] = {}
        self._database = database
        self._bootstrap = bootstrap_servers
        self._service = service
        self._prefix = topic_prefix
        self._instance = instance
        self._moved = time.monotonic()
        self._done: dict[kafka.TopicPartition, int] = {}

    async def run(self) -> None:
        backoff = Backoff()
        while True:
            consumer = kafka.new_consumer(self._bootstrap, f"{self._prefix}caibei.{self._service}", self._instance)
            try:
                consumer.subscribe([self._prefix + topic for topic in self.dispatch.topics])
                await asyncio.wait_for(consumer.start(), 15)
                self._done.clear()
                self.healthy = True
                backoff.reset()
                log.info("consumer is reading", topics=self.dispatch.topics)
                await self._read_forever(consumer)
            except asyncio.CancelledError:
                raise
            except Exception as error:
                if self.healthy or backoff.at_most:
                    log.warning("consumer waits", error=repr(error))
                self.healthy = False
                await backoff.wait()
            finally:
                await kafka.let_go(consumer.stop())

    async def _read_forever(self, consumer: kafka.Consumer) -> None:
        committing: asyncio.Task[None] | None = None
        committed = self._moved = time.monotonic()
        try:
            while True:
                fetched = await consumer.getmany(timeout_ms=500, max_records=BATCH)
                now = time.monotonic()
                if fetched:
                    self._moved = now
                    await self._apply([r for records in fetched.values() for r in records])
                    failpoints.reach("consumer.before_offset")
                    self._done |= {place: records[-1].offset + 1 for place, records in fetched.items()}
                    if 1 < sum(map(len, fetched.values())) < BATCH:
                        await asyncio.sleep(min(GATHER * (time.monotonic() - now), GATHER_AT_MOST_SECONDS))
                elif now - self._moved > STALL_SECONDS:
                    await self._check_progress(consumer)
                if committing is not None and committing.done():
                    committing.result()
                    committing = None
                if self._done and committing is None and now - committed > COMMIT_SECONDS:
                    committed = now
                    committing = asyncio.create_task(self._commit(consumer))
        finally:
            if committing is not None:
                await kafka.let_go(committing)
            if self._done:
                await kafka.let_go(self._commit(consumer))

    async def _commit(self, consumer: kafka.Consumer) -> None:
        """Tell the broker how far we are; partitions that were taken away meanwhile are left out."""
        done, self._done = self._done, {}
        mine = consumer.assignment()
        offsets = {place: offset for place, offset in done.items() if place in mine}
        self._measure(consumer, offsets)
        if offsets:
            try:
                await asyncio.wait_for(consumer.commit(offsets), COMMIT_DEADLINE_SECONDS)
            except kafka.KafkaError as error:
                # A rebalance under way: whoever has the partition reads a few again, and drops them.
                self._done = offsets | self._done
                log.info("offsets not committed", error=repr(error))

    def _measure(self, consumer: kafka.Consumer, applied: dict[kafka.TopicPartition, int]) -> None:
        lag: dict[str, int] = dict.fromkeys(self.dispatch.topics, 0)
        for place, offset in applied.items():
            end = consumer.highwater(place)
            if end is not None:
                lag[place.topic.removeprefix(self._prefix)] += max(0, end - offset)
        self.lag = lag
        for topic, behind in lag.items():
            telemetry.CONSUMER_LAG.labels(topic).set(behind)

    async def _check_progress(self, consumer: kafka.Consumer) -> None:
        """Silence is fine only when there is nothing to read."""
        places = consumer.assignment()
        ends = await asyncio.wait_for(consumer.end_offsets(places), 10)
        positions = {place: await asyncio.wait_for(consumer.position(place), 10) for place in places}
        if not places or any(ends[place] > positions[place] for place in places):
            raise RuntimeError("alive and not consuming: the client is rebuilt")
        self._moved = time.monotonic()

    async def _apply(self, records: list[kafka.ConsumerRecord[bytes, bytes]]) -> None:
        messages, unreadable = self._read(records)
        # The inbox drops what came in an earlier batch; what comes twice within one must be dropped here.
        once: dict[UUID, Message] = {}
        for message in messages:
            once.setdefault(message.id, message)
        messages = list(once.values())
        for message in unreadable:
            await self._bury(message, "not a CloudEvent: ce_type and a UUID ce_id are needed", 0)
        if not messages:
            return
        backoff = Backoff()
        while True:
            try:
                await self._together(messages)
                self.healthy = True
                return
            except Exception as error:
                if not (is_away(error) or isinstance(error, Unavailable)):
                    if sqlstate(error) not in RETRYABLE:
                        log.warning("batch failed, trying one by one", reason=dead_letters.reason_of(error))
                    break
                if self.healthy:
                    log.warning("consumer waits for its database", error=type(error).__name__)
                self.healthy = False
            await backoff.wait()
        for message in messages:
            await self._alone(message)

    async def _together(self, messages: list[Message]) -> None:
        """One transaction for all of them."""
        # A batch may hold many requests' events: what is announced about a key goes on in that key's trace.
        traces = {m.key: m.traceparent for m in messages if m.traceparent}
        parent = messages[0].traceparent if len(messages) == 1 else None
        with telemetry.span(f"handle {messages[0].type}", parent):
            async with self._database.transaction() as tx:
                tx.traces = traces
                fresh, parked = await inbox.claim(tx, messages)
                await self.dispatch(tx, [m for m in messages if m.id in fresh])
                waiting = [m for m in messages if m.key in parked]
                if waiting:
                    await dead_letters.park(tx, waiting)
                failpoints.reach("consumer.before_commit")
        failpoints.reach("consumer.after_commit")
        now = datetime.now(UTC)
        for message in messages:
            result = "applied" if message.id in fresh else "parked" if message.key in parked else "repeated"
            telemetry.EVENTS_HANDLED.labels(message.type, result).inc()
            telemetry.EVENT_HOP_SECONDS.labels(message.type).observe((now - message.time).total_seconds())

    async def _alone(self, message: Message) -> None:
        """Try it a few times; then it is dead and its key parked."""
        attempt, backoff = 0, Backoff(first=0.05)
        while True:
            try:
                await self._together([message])
                return
            except Exception as error:
                away = is_away(error) or isinstance(error, Unavailable)
                attempt += not away
                permanent = isinstance(error, (CaibeiError, ValidationError)) and not away
                if permanent or attempt >= ATTEMPTS:
                    await self._bury(message, dead_letters.reason_of(error), attempt)
                    return
            await backoff.wait()

    async def _bury(self, message: Message, reason: str, attempts: int) -> None:
        backoff = Backoff()
        while True:
            try:
                async with self._database.transaction() as tx:
                    await dead_letters.park(tx, [message], dead=reason, attempts=attempts)
                break
            except Unavailable:
                await backoff.wait()
        telemetry.EVENTS_HANDLED.labels(message.type, "dead").inc()
        log.error("event is dead-lettered", event_id=str(message.id), type=message.type, key=message.key, reason=reason)

    def _read(self, records: list[kafka.ConsumerRecord[bytes, bytes]]) -> tuple[list[Message], list[Message]]:
        """The messages this service listens to, and the records nobody could read."""
        messages: list[Message] = []
        unreadable: list[Message] = []
        for record in records:
            headers = {name: _text(value) for name, value in record.headers}
            type_ = headers.get("ce_type", "")
            if type_ and not self.dispatch.knows(type_):
                continue
            try:
                id, readable = UUID(headers.get("ce_id", "")), bool(type_)
            except ValueError:
                # Derived from its place, so that reading it twice does not store it twice.
                id, readable = uuid5(NAMESPACE_URL, f"{record.topic}/{record.partition}/{record.offset}"), False
            message = Message(
                id=id,
                topic=record.topic.removeprefix(self._prefix),
                key=_text(record.key)[:LONGEST_KEY],
                type=type_ or "(none)",
                payload=record.value or b"",
                time=datetime.fromtimestamp(min(max(record.timestamp, 0), LATEST_MS) / 1000, UTC),
                traceparent=headers.get("traceparent"),
            )
            (messages if readable else unreadable).append(message)
        return messages, unreadable


def _text(raw: bytes | None) -> str:
    """What a record says, whatever it holds: a header may have no value, and no text of ours holds a NUL."""
    return (raw or b"").decode("utf-8", "replace").replace("\0", "\ufffd")
