"""From an outbox row to its handling in another process: how long one takes, how many go through a second."""

import asyncio
import json
import statistics
import sys
import time
from uuid import UUID, uuid4

import asyncpg

from bench.report import Results
from bench.servers import Servers
from shared.events.base import Event
from shared.kit import kafka, logging
from shared.kit.consumer import ConsumerLoop
from shared.kit.database import Database, Transaction
from shared.kit.inbox import Received
from shared.kit.migrations import KIT_TABLES
from shared.kit.relay import Relay

COUNT = 20_000


class Ticked(Event, type="caibei.scheduling.bench.ticked.v1", key="clock_id"):
    clock_id: UUID
    at_ns: int


async def measure(results: Results, servers: Servers, runs: int) -> None:
    hops = [await run(servers, "hop") for _ in range(runs)]
    results.add("event_hop_p50_ms", hops, "ms",
                "commit with an outbox row here to commit of the handler's insert in another process, 40 a second")  # fmt: skip
    rates = [await run(servers, "throughput") for _ in range(runs)]
    results.add("event_throughput_per_s", rates, "1/s",
                f"{COUNT} waiting outbox rows: relay, Kafka, and a handler that inserts a row each")  # fmt: skip


async def run(servers: Servers, what: str) -> float:
    """One run on fresh databases and topics."""
    prefix = f"b{uuid4().hex[:8]}."
    await kafka.create_topics(servers.kafka, [prefix + "caibei.scheduling"], partitions=12)
    here, there = [await fresh_database(servers.postgres) for _ in range(2)]
    arguments = [there, servers.kafka, prefix, str(COUNT if what == "throughput" else 200)]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.events", *arguments, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    await process.stdout.readline()  # it is reading
    database = Database(here)
    relay = Relay(here, servers.kafka, "bench", prefix)
    if what == "throughput":
        for _ in range(COUNT // 500):
            async with database.transaction() as tx:
                tx.announce(*(Ticked(clock_id=uuid4(), at_ns=0) for _ in range(500)))
    task = asyncio.create_task(relay.run())
    started = time.perf_counter()
    if what == "hop":
        while not relay.leading:
            await asyncio.sleep(0.01)
        for _ in range(200):
            async with database.transaction() as tx:
                tx.announce(Ticked(clock_id=uuid4(), at_ns=time.time_ns()))
            await asyncio.sleep(0.025)
    median = json.loads(await process.stdout.readline())
    took = time.perf_counter() - started
    await process.wait()
    task.cancel()
    await asyncio.wait([task])
    await database.close()
    return COUNT / took if what == "throughput" else float(median)


async def fresh_database(admin_url: str) -> str:
    name = f"bench_{uuid4().hex[:12]}"
    admin = await asyncpg.connect(admin_url)
    await admin.execute(f'CREATE DATABASE "{name}"')
    await admin.close()
    url = f"{admin_url.rsplit('/', 1)[0]}/{name}"
    connection = await asyncpg.connect(url)
    for statement in (*KIT_TABLES, "CREATE TABLE ticks (clock_id uuid, at_ns bigint)"):
        await connection.execute(statement)
    await connection.close()
    return url


async def consume(url: str, bootstrap: str, prefix: str, count: int) -> None:
    """The other process: handle `count` events, then print their median latency in milliseconds."""
    latencies: list[float] = []
    done = asyncio.Event()

    async def on_tick(tx: Transaction, batch: list[Received[Ticked]]) -> None:
        await tx.run(
            "INSERT INTO ticks SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:at AS bigint[]))",
            {"ids": [r.event.clock_id for r in batch], "at": [r.event.at_ns for r in batch]},
        )

        def handled() -> None:
            now = time.time_ns()
            latencies.extend((now - r.event.at_ns) / 1e6 for r in batch)
            if len(latencies) >= count:
                done.set()

        tx.after_commit(handled)

    loop = ConsumerLoop(Database(url), {Ticked: on_tick}, bootstrap, "bench", prefix)
    task = asyncio.create_task(loop.run())
    while not loop.healthy:
        await asyncio.sleep(0.01)
    sys.stdout.write("reading\n")
    sys.stdout.flush()
    await done.wait()
    sys.stdout.write(json.dumps(statistics.median(latencies)) + "\n")
    sys.stdout.flush()
    task.cancel()
    await asyncio.wait([task])


if __name__ == "__main__":
    import uvloop

    logging.configure("bench", level="ERROR")  # stdout is for the answers
    uvloop.run(consume(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])))
