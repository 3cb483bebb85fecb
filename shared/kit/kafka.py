"""The one door to aiokafka: how a producer and a consumer are made here, and how they are let go.

Defaults are changed where they lose or repeat: idempotent and acks=all; read committed, earliest, no auto-commit.
"""

import asyncio
from collections.abc import Awaitable
from contextlib import suppress

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition
from aiokafka.abc import ConsumerRebalanceListener
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, TopicAlreadyExistsError
from aiokafka.structs import OffsetAndMetadata

STOP_SECONDS = 5.0  # a client's stop() hangs while the broker is down: safety never depends on a clean one

__all__ = [
    "ConsumerRebalanceListener",
    "ConsumerRecord",
    "KafkaError",
    "OffsetAndMetadata",
    "TopicPartition",
    "create_topics",
    "let_go",
    "new_consumer",
    "new_producer",
    "partition_counts",
]

Consumer = AIOKafkaConsumer
Producer = AIOKafkaProducer


def new_producer(bootstrap_servers: str, name: str) -> Producer:
    """Not started. Records of one key keep their order; the broker drops a batch sent twice."""
    return AIOKafkaProducer(
        bootstrap_servers=bootstrap_servers,
        client_id=name,
        acks="all",
        enable_idempotence=True,
        request_timeout_ms=10_000,
        retry_backoff_ms=50,
        linger_ms=0,
        max_batch_size=131_072,
    )


def new_consumer(bootstrap_servers: str, group: str, instance: str = "") -> Consumer:
    """Not started and not subscribed. With `instance` a static member (KIP-345): a restarted process takes the place of
    its dead predecessor at once, instead of waiting for its session to end."""
    return AIOKafkaConsumer(
        bootstrap_servers=bootstrap_servers,
        group_id=group,
        group_instance_id=instance or None,
        client_id=group,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
        max_poll_interval_ms=120_000,
        session_timeout_ms=10_000,
        heartbeat_interval_ms=2_000,
        rebalance_timeout_ms=10_000,
        request_timeout_ms=12_000,
        fetch_max_wait_ms=3_000,  # an answer comes with the first byte; this only paces empty ones
        retry_backoff_ms=50,
        metadata_max_age_ms=60_000,
    )


async def let_go(stopping: Awaitable[object]) -> None:
    """Wait for a client's stop(), but not longer than STOP_SECONDS."""
    with suppress(KafkaError, TimeoutError, asyncio.CancelledError, OSError):
        await asyncio.wait_for(asyncio.ensure_future(stopping), STOP_SECONDS)


async def create_topics(
    bootstrap_servers: str, topics: list[str], *, partitions: int, replication: int = 1
) -> list[str]:
    """Create the topics that are missing, kept for ever (erasure works by keys; events hold ids only).

    Returns the names that were created.
    """
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers)
    await admin.start()
    try:
        missing = sorted(set(topics) - set(await admin.list_topics()))
        new = [
            NewTopic(
                name,
                partitions,
                replication,
                topic_configs={
                    "retention.ms": "-1",
                    "cleanup.policy": "delete",
                    "min.insync.replicas": str(max(1, replication - 1)),
                },
            )
            for name in missing
        ]
        if new:
            with suppress(TopicAlreadyExistsError):
                await admin.create_topics(new)
        return missing
    finally:
        await let_go(admin.close())


async def partition_counts(bootstrap_servers: str) -> dict[str, int]:
    """Every topic of the brokers, with how many partitions it has."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers)
    await admin.start()
    try:
        return {topic["topic"]: len(topic["partitions"]) for topic in await admin.describe_topics()}
    finally:
        await let_go(admin.close())
