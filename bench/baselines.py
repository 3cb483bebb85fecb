"""What the machine can do at all, in the same run: the raw parts Caibei is made of."""

import asyncio
import statistics
import sys
import time

import aiohttp
import asyncpg
import uvicorn
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from fastapi import FastAPI

from bench.report import Results
from bench.servers import Servers
from deploy.embedded.ports import pick


async def measure(results: Results, servers: Servers, runs: int) -> None:
    results.add("baseline_http_per_s", [await http_per_s() for _ in range(runs)], "1/s",
                "FastAPI JSON on one uvicorn process, 16 at a time; the load client on the same cores")  # fmt: skip
    results.add("baseline_pg_commit_per_s", [await commits_per_s(servers) for _ in range(runs)], "1/s",
                "one-row INSERT and commit through asyncpg, 8 clients, synchronous_commit on")  # fmt: skip
    results.add("baseline_kafka_roundtrip_p50_ms", [await roundtrip_ms(servers) for _ in range(runs)], "ms",
                "aiokafka, idempotent, acks=all: sent to received, one at a time")  # fmt: skip


async def http_per_s(seconds: float = 3.0) -> float:
    port = pick()[0]
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "bench.baselines", str(port))
    done, end = 0, 0.0
    try:
        async with aiohttp.ClientSession() as http:
            url = f"http://127.0.0.1:{port}/"
            await until_up(http, url)
            end = time.perf_counter() + seconds

            async def ask() -> None:
                nonlocal done
                while time.perf_counter() < end:
                    async with http.get(url) as answer:
                        await answer.read()
                    done += 1

            await asyncio.gather(*(ask() for _ in range(16)))
    finally:
        process.terminate()
        await process.wait()
    return done / seconds


async def until_up(http: aiohttp.ClientSession, url: str) -> None:
    async with asyncio.timeout(20):
        while True:
            try:
                async with http.get(url):
                    return
            except aiohttp.ClientError:
                await asyncio.sleep(0.02)


async def commits_per_s(servers: Servers, seconds: float = 3.0) -> float:
    pool = await asyncpg.create_pool(servers.postgres, min_size=8, max_size=8)
    await pool.execute("CREATE TABLE IF NOT EXISTS baseline (id bigint GENERATED ALWAYS AS IDENTITY, x int)")
    done, end = 0, time.perf_counter() + seconds

    async def insert() -> None:
        nonlocal done
        async with pool.acquire() as connection:
            while time.perf_counter() < end:
                await connection.execute("INSERT INTO baseline (x) VALUES (1)")
                done += 1

    await asyncio.gather(*(insert() for _ in range(8)))
    await pool.close()
    return done / seconds


async def roundtrip_ms(servers: Servers, count: int = 200) -> float:
    admin = AIOKafkaAdminClient(bootstrap_servers=servers.kafka)
    await admin.start()
    if "baseline" not in await admin.list_topics():
        await admin.create_topics([NewTopic("baseline", 1, 1)])
    await admin.close()
    producer = AIOKafkaProducer(bootstrap_servers=servers.kafka, acks="all", enable_idempotence=True)
    consumer = AIOKafkaConsumer("baseline", bootstrap_servers=servers.kafka, auto_offset_reset="latest")
    await producer.start()
    await consumer.start()
    await consumer.seek_to_end()
    times = []
    for _ in range(count):
        started = time.perf_counter()
        await producer.send_and_wait("baseline", b"x" * 400)
        await consumer.getone()
        times.append((time.perf_counter() - started) * 1000)
    await consumer.stop()
    await producer.stop()
    return statistics.median(times)


def serve(port: int) -> None:
    app = FastAPI()

    @app.get("/")
    async def root() -> dict[str, str]:
        return {"status": "ok"}

    uvicorn.run(app, port=port, loop="uvloop", http="httptools", log_level="error", access_log=False)


if __name__ == "__main__":
    serve(int(sys.argv[1]))
