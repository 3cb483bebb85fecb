"""The relay: brings outbox rows to Kafka, each key in order, at least once.

One relay works per outbox: it holds an advisory lock on the same connection it reads and marks with, so losing the
connection is losing the lease. Sequence order is not commit order, so it reads unsent rows, never "after the last id".
Two transactions that touch one aggregate are serialised by that aggregate's row lock, so its rows keep their order.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from shared.kit import failpoints, kafka, logging, telemetry
from shared.kit.backoff import Backoff

LEASE = 7239002
BATCH = 500
# Under load the next round waits for company, twice as long as this one took: fewer, larger batches cost everybody
# less, and the busier the machine, the more that counts.
GATHER, GATHER_AT_MOST_SECONDS = 2.0, 0.030
POLL_SECONDS = 1.0  # NOTIFY is a hint: this is how late a lost one can make us
PUBLISH_DEADLINE_SECONDS = 15.0  # an idempotent send never times out by itself

log = logging.get(__name__)

_READ = """
SELECT seq, id, aggregatetype, aggregateid, type, payload, traceparent, occurred_at
FROM outbox WHERE published_at IS NULL ORDER BY seq LIMIT $1
"""
_COUNT = "SELECT count(*) FROM outbox WHERE published_at IS NULL"
_MARK = "UPDATE outbox SET published_at = clock_timestamp() WHERE seq = ANY($1::bigint[])"


class Relay:
    """Runs until cancelled; waits out a broker or a database that is away.

    Attributes:
        healthy: False while the broker or the database cannot be reached.
        leading: True while this process is the one that publishes.
    """

    def __init__(self, database_url: str, bootstrap_servers: str, service: str, topic_prefix: str = "") -> None:
        self._database_url = database_url
        self._bootstrap = bootstrap_servers
        self._service = service
        self._prefix = topic_prefix
        self._wake = asyncio.Event()
        self.healthy = False
        self.leading = False

    async def run(self) -> None:
        backoff = Backoff()
        while True:
            try:
                async with self._connected() as connection:
                    await self._lead(connection)
                    # Before the broker is asked for: while it is away, each retry tells how much waits.
                    await self._measure(connection, await connection.fetch(_READ, BATCH))
                    async with self._producing() as producer:
                        self.healthy = self.leading = True
                        backoff.reset()
                        log.info("relay is publishing")
                        await self._publish_forever(connection, producer)
            except asyncio.CancelledError:
                raise
            except Exception as error:
                if self.healthy or backoff.at_most:
                    log.warning("relay waits", error=repr(error))
                await backoff.wait()
            finally:
                self.healthy = self.leading = False

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[asyncpg.Connection[Any]]:
        connection = await asyncpg.connect(
            self._database_url,
            timeout=5,
            command_timeout=15,
            server_settings={
                "application_name": f"caibei-{self._service}-relay",
                "jit": "off",
                "enable_seqscan": "off",
            },
        )
        try:
            await connection.add_listener("outbox", lambda *_: self._wake.set())
            yield connection
        finally:
            await _close(connection)

    async def _lead(self, connection: asyncpg.Connection[Any]) -> None:
        """Wait for the lease. A relay that only waits is healthy."""
        while not await connection.fetchval("SELECT pg_try_advisory_lock($1)", LEASE):
            self.healthy = True
            await asyncio.sleep(POLL_SECONDS)

    @asynccontextmanager
    async def _producing(self) -> AsyncIterator[kafka.Producer]:
        producer = kafka.new_producer(self._bootstrap, f"caibei-{self._service}-relay")
        try:
            await asyncio.wait_for(producer.start(), PUBLISH_DEADLINE_SECONDS)
            yield producer
        finally:
            await kafka.let_go(producer.stop())

    async def _publish_forever(self, connection: asyncpg.Connection[Any], producer: kafka.Producer) -> None:
        looked = 0.0
        while True:
            self._wake.clear()
            began = time.monotonic()
            rows = await connection.fetch(_READ, BATCH)
            if time.monotonic() - looked > 1:
                looked = time.monotonic()
                await self._measure(connection, rows)
            if rows:
                await self._publish(producer, rows)
                failpoints.reach("relay.after_publish")
                await connection.execute(_MARK, [row["seq"] for row in rows])
                failpoints.reach("relay.after_mark")
            if 1 < len(rows) < BATCH:
                await asyncio.sleep(min(GATHER * (time.monotonic() - began), GATHER_AT_MOST_SECONDS))
            if len(rows) < BATCH:
                try:
                    await asyncio.wait_for(self._wake.wait(), POLL_SECONDS)
                except TimeoutError:
                    continue

    async def _publish(self, producer: kafka.Producer, rows: list[asyncpg.Record]) -> None:
        async with asyncio.timeout(PUBLISH_DEADLINE_SECONDS):
            acks = [
                await producer.send(
                    self._prefix + row["aggregatetype"],
                    value=row["payload"].encode(),
                    key=row["aggregateid"].encode(),
                    headers=headers(row, self._service),
                    timestamp_ms=int(row["occurred_at"].timestamp() * 1000),
                )
                for row in rows
            ]
            failpoints.reach("relay.while_publishing")
            await asyncio.gather(*acks)
        for row in rows:
            telemetry.EVENTS_PUBLISHED.labels(row["type"]).inc()

    async def _measure(self, connection: asyncpg.Connection[Any], rows: list[asyncpg.Record]) -> None:
        """What waits, `rows` being the first of it. Counted only when there is more than one batch."""
        telemetry.OUTBOX_UNPUBLISHED.set(len(rows) if len(rows) < BATCH else await connection.fetchval(_COUNT))
        oldest = time.time() - rows[0]["occurred_at"].timestamp() if rows else 0.0
        telemetry.OUTBOX_OLDEST_SECONDS.set(oldest)


def headers(row: asyncpg.Record, service: str) -> list[tuple[str, bytes]]:
    """CloudEvents 1.0 attributes in Kafka's binary mode."""
    found = [
        ("ce_specversion", b"1.0"),
        ("ce_id", str(row["id"]).encode()),
        ("ce_type", row["type"].encode()),
        ("ce_source", f"/caibei/{service}".encode()),
        ("ce_subject", row["aggregateid"].encode()),
        ("ce_time", row["occurred_at"].isoformat().encode()),
        ("content-type", b"application/json"),
    ]
    if row["traceparent"]:
        found.append(("traceparent", row["traceparent"].encode()))
    return found


async def _close(connection: asyncpg.Connection[Any]) -> None:
    try:
        await connection.close(timeout=2)
    except Exception:
        connection.terminate()
