"""The topics every service writes and reads, created before anything starts: brokers must not invent them."""

TOPICS = ("caibei.scheduling", "caibei.screening", "caibei.room-equipment", "caibei.notification")
PARTITIONS = 12


async def ensure_topics(
    bootstrap: str, *, prefix: str = "", partitions: int = PARTITIONS, replication: int = 1
) -> list[str]:
    """Create what is missing, kept for ever; answers the names created."""
    from shared.kit.kafka import create_topics  # imports aiokafka: 0.1 s that commands without a broker need not pay

    names = [f"{prefix}{topic}" for topic in TOPICS]
    return await create_topics(bootstrap, names, partitions=partitions, replication=replication)
