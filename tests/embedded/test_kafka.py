"""Kafka as a child process: one real node that keeps what it acknowledged and invents nothing."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError

from deploy.embedded import jars
from deploy.embedded.kafka import Kafka, user_cache
from deploy.embedded.topics import PARTITIONS, TOPICS, ensure_topics
from shared.kit.kafka import new_producer, partition_counts

TOPIC = TOPICS[0]


@pytest.fixture(scope="module")
async def kafka(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Kafka]:
    folder = tmp_path_factory.mktemp("kafka")
    server = Kafka(folder / "kafka", folder / "kafka.log", user_cache())
    await server.start()
    await ensure_topics(server.bootstrap)
    yield server
    await server.stop()


async def write(server: Kafka, value: bytes) -> None:
    producer = new_producer(server.bootstrap, "test")
    await producer.start()
    try:
        await producer.send_and_wait(TOPIC, value, key=b"k")
    finally:
        await producer.stop()


async def first(server: Kafka) -> bytes | None:
    consumer = AIOKafkaConsumer(TOPIC, bootstrap_servers=server.bootstrap, auto_offset_reset="earliest")
    await consumer.start()
    try:
        return (await consumer.getone()).value
    finally:
        await consumer.stop()


async def test_every_topic_has_twelve_partitions_and_making_them_again_changes_nothing(kafka: Kafka) -> None:
    assert await ensure_topics(kafka.bootstrap) == []
    counts = await partition_counts(kafka.bootstrap)
    assert {topic: counts[topic] for topic in TOPICS} == dict.fromkeys(TOPICS, PARTITIONS)


async def test_a_topic_that_nobody_made_is_not_invented(kafka: Kafka) -> None:
    producer = new_producer(kafka.bootstrap, "test")
    await producer.start()
    try:
        with pytest.raises((TimeoutError, KafkaError)):
            await asyncio.wait_for(producer.partitions_for("caibei.typing-error"), 1)
    finally:
        await producer.stop()
    assert "caibei.typing-error" not in await partition_counts(kafka.bootstrap)


async def test_what_was_acknowledged_is_there_after_a_kill_minus_9_and_the_port_stays(kafka: Kafka) -> None:
    await write(kafka, b"kept")
    before = kafka.bootstrap
    assert kafka.child is not None
    os.kill(kafka.child.pid, signal.SIGKILL)
    await kafka.child.process.wait()
    await kafka.start()
    assert kafka.bootstrap == before
    assert await first(kafka) == b"kept"


async def test_a_broker_that_a_killed_supervisor_left_is_ended_before_a_new_one_starts(kafka: Kafka) -> None:
    assert kafka.child is not None
    left = psutil.Process(kafka.child.pid)
    newcomer = Kafka(kafka.folder, kafka.log, kafka.cache, kafka.port)
    await newcomer.start()
    assert not left.is_running() or left.status() == psutil.STATUS_ZOMBIE
    kafka.child = newcomer.child


def test_a_jar_with_other_content_than_the_lock_says_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, digest = next(iter(jars.locked().items()))
    forged = tmp_path / name
    forged.write_bytes(b"not what was tested")
    monkeypatch.setattr(jars, "resolve", lambda _: [forged])
    with pytest.raises(jars.JarsMissing, match=name):
        jars.fetch({name: digest}, tmp_path / "kafka")
    assert not (tmp_path / "kafka" / name).exists()


def test_the_broker_and_its_client_libraries_are_of_one_version() -> None:
    kafka_jars = [name for name in jars.locked() if name.startswith(("kafka-", "kafka_"))]
    assert len(kafka_jars) > 10
    assert all(name.endswith(f"-{jars.KAFKA_VERSION}.jar") for name in kafka_jars)
