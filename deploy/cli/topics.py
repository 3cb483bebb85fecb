"""`caibei topics`: what there is on the broker, and what is missing."""

import asyncio
import os
from typing import Annotated, Any

import typer

from deploy.cli.console import DataDir, Json, fail, running, show
from deploy.embedded.topics import PARTITIONS, TOPICS, ensure_topics

app = typer.Typer()


@app.command()
def topics(
    create: Annotated[bool, typer.Option("--create", help="Create the missing ones; never changes one.")] = False,
    bootstrap: Annotated[str, typer.Option(envvar="CAIBEI_KAFKA_BOOTSTRAP_SERVERS", help="Brokers.")] = "",
    partitions: Annotated[int, typer.Option(min=1, help="Of topics that are created.")] = PARTITIONS,
    replication: Annotated[int, typer.Option(min=1, help="Of topics that are created; 3 on a cluster.")] = 1,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Caibei's topics with their partitions and records. Ends with 1 if one is missing."""
    brokers = bootstrap or running(data_dir)["kafka"]
    try:
        rows = asyncio.run(listed(brokers, create, partitions, replication))
    except (OSError, RuntimeError) as error:
        fail(f"the broker at {brokers} does not answer: {error}")
    show(rows, as_json)
    raise typer.Exit(int(any(row["partitions"] == 0 for row in rows)))


async def listed(brokers: str, create: bool, partitions: int, replication: int) -> list[dict[str, Any]]:
    """One row a topic; a missing one has no partitions."""
    from shared.kit.kafka import TopicPartition, let_go, new_consumer, partition_counts

    prefix = os.environ.get("CAIBEI_TOPIC_PREFIX", "")
    created = []
    if create:
        created = await ensure_topics(brokers, prefix=prefix, partitions=partitions, replication=replication)
    reader = new_consumer(brokers, "caibei.topics")
    rows = []
    try:
        await asyncio.wait_for(reader.start(), 10)
        counts = await partition_counts(brokers)
        for topic in (f"{prefix}{name}" for name in TOPICS):
            places = [TopicPartition(topic, number) for number in range(counts.get(topic, 0))]
            records = sum((await reader.end_offsets(places)).values()) if places else 0
            rows.append({"topic": topic, "partitions": len(places), "records": records, "created": topic in created})
    finally:
        await let_go(reader.stop())
    return rows
