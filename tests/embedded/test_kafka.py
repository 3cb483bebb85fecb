"""Kafka as a child process: one real node that keeps what it acknowledged and invents nothing."""

import asyncio
import hashlib
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


def test_a_jar_with_other_content_than_the_lock_says_is_refused_wherever_it_comes_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, digest = next(iter(jars.locked().items()))
    forged = tmp_path / Path(path).name
    forged.write_bytes(b"not what was tested")
    monkeypatch.setattr(jars, "from_maven_cache", lambda _: forged.read_bytes())
    monkeypatch.setattr(jars, "download", lambda _: forged.read_bytes())
    monkeypatch.setattr(jars, "resolve", lambda _: [forged])
    with pytest.raises(jars.JarsMissing, match=forged.name):
        jars.fetch({path: digest}, tmp_path / "kafka")
    assert list((tmp_path / "kafka").iterdir()) == []


def test_a_jar_that_is_not_in_the_maven_cache_is_downloaded_and_without_a_network_left_to_jgo(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = {name: name.encode() for name in ("org/a/1/a-1.jar", "org/b/1/b-1.jar", "org/c/1/c-1.jar")}
    (tmp_path / "m2" / "org/a/1").mkdir(parents=True)
    (tmp_path / "m2" / "org/a/1/a-1.jar").write_bytes(content["org/a/1/a-1.jar"])
    (tmp_path / "c-1.jar").write_bytes(content["org/c/1/c-1.jar"])

    def repository(path: str) -> bytes:
        if "c-1" in path:
            raise OSError("no route to host")
        return content[path]

    monkeypatch.setenv("M2_REPO", str(tmp_path / "m2"))
    monkeypatch.setattr(jars, "download", repository)
    monkeypatch.setattr(jars, "resolve", lambda _: [tmp_path / "c-1.jar"])
    jars.fetch({name: hashlib.sha256(text).hexdigest() for name, text in content.items()}, tmp_path / "kafka")
    assert {jar.name: jar.read_bytes() for jar in (tmp_path / "kafka").iterdir()} == {
        Path(name).name: text for name, text in content.items()
    }


def test_the_broker_and_its_client_libraries_are_of_one_version() -> None:
    names = [Path(path).name for path in jars.locked()]
    kafka_jars = [name for name in names if name.startswith(("kafka-", "kafka_"))]
    assert len(kafka_jars) > 10
    assert all(name.endswith(f"-{jars.KAFKA_VERSION}.jar") for name in kafka_jars)
