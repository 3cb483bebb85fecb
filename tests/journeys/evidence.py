"""What is on record everywhere: every database and every topic, read once, for the auditor to compare."""

import asyncio
import json
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

import asyncpg
from aiokafka.admin import AIOKafkaAdminClient

from services.notification.consumers import HANDLERS as NOTIFICATION
from services.room_equipment.consumers import HANDLERS as ROOM_EQUIPMENT
from services.scheduling.consumers import HANDLERS as SCHEDULING
from services.screening.consumers import HANDLERS as SCREENING
from shared.events import PARTITIONS, TOPICS
from shared.kit import kafka
from shared.kit.inbox import Dispatch, Handlers
from tests.journeys.system import BOOKING, Whole

CONSUMERS: dict[str, Handlers] = {
    "scheduling": SCHEDULING,
    "screening": SCREENING,
    "room_equipment": ROOM_EQUIPMENT,
    "notification": NOTIFICATION,
}
Rows = list[asyncpg.Record]


@dataclass(frozen=True, slots=True)
class Record:
    """One Kafka record. `data` is the parsed payload, {} when it is not JSON."""

    topic: str
    partition: int
    offset: int
    key: str
    id: str
    type: str
    source: str
    trace: str
    payload: bytes
    data: dict[str, Any]


@dataclass
class Evidence:
    """Rows by service, records by topic in the order they lie there."""

    records: list[Record] = field(default_factory=list)
    outbox: dict[str, Rows] = field(default_factory=dict)
    inbox: dict[str, set[str]] = field(default_factory=dict)
    dead: dict[str, Rows] = field(default_factory=dict)
    appointments: Rows = field(default_factory=list)
    history: Rows = field(default_factory=list)
    claims: Rows = field(default_factory=list)
    attention: Rows = field(default_factory=list)
    assignments: Rows = field(default_factory=list)
    rooms: Rows = field(default_factory=list)
    messages: Rows = field(default_factory=list)

    def first_seen(self) -> list[Record]:
        """Each event once, where it came first: what a consumer that drops repeats has applied."""
        seen: dict[str, Record] = {}
        for record in self.records:
            seen.setdefault(record.id, record)
        return list(seen.values())


async def gather(whole: Whole) -> Evidence:
    """Read it all. Meant for a system at rest."""
    found = Evidence(records=await read_topics(whole.runtime["kafka"]))
    for service in BOOKING:
        async with whole.database(service) as database:
            found.outbox[service] = await database.fetch("SELECT * FROM outbox ORDER BY seq")
            found.inbox[service] = {str(id) for (id,) in await database.fetch("SELECT event_id FROM inbox")}
            found.dead[service] = await database.fetch("SELECT * FROM dead_letters")
    async with whole.database("scheduling") as database:
        found.appointments = await database.fetch("SELECT * FROM appointments")
        found.history = await database.fetch("SELECT * FROM appointment_history ORDER BY appointment_id, version")
        found.claims = await database.fetch("SELECT * FROM therapist_claims")
        found.attention = await database.fetch("SELECT * FROM attention_items")
    async with whole.database("room_equipment") as database:
        found.assignments = await database.fetch("SELECT * FROM assignments")
        found.rooms = await database.fetch("SELECT * FROM rooms")
    found.messages = await whole.rows("notification", "SELECT * FROM messages")
    return found


async def read_topics(bootstrap: str) -> list[Record]:
    """Every record of every topic, in order of topic, partition and offset."""
    consumer = kafka.Consumer(bootstrap_servers=bootstrap, enable_auto_commit=False, auto_offset_reset="earliest")
    await consumer.start()
    records: list[Record] = []
    try:
        places = [kafka.TopicPartition(topic, number) for topic in TOPICS for number in range(PARTITIONS)]
        consumer.assign(places)
        await consumer.seek_to_beginning(*places)
        ends = await consumer.end_offsets(places)
        left = {place for place, end in ends.items() if end > 0}
        while left:
            for place, batch in (await consumer.getmany(timeout_ms=500)).items():
                records.extend(_record(found) for found in batch)
                if batch[-1].offset + 1 >= ends[place]:
                    left.discard(place)
            left = {place for place in left if await consumer.position(place) < ends[place]}
    finally:
        await kafka.let_go(consumer.stop())
    return sorted(records, key=lambda r: (r.topic, r.partition, r.offset))


def _record(found: Any) -> Record:
    headers = {name: value.decode("utf-8", "replace") for name, value in found.headers}
    try:
        data = json.loads(found.value or b"{}")
    except ValueError:
        data = {}
    return Record(
        topic=found.topic,
        partition=found.partition,
        offset=found.offset,
        key=(found.key or b"").decode("utf-8", "replace"),
        id=headers.get("ce_id", ""),
        type=headers.get("ce_type", ""),
        source=headers.get("ce_source", ""),
        trace=headers.get("traceparent", ""),
        payload=found.value or b"",
        data=data if isinstance(data, dict) else {},
    )


async def behind(bootstrap: str) -> dict[str, int]:
    """Records that lie on the topics and that a service has not taken yet, by service; empty when there are none.

    Offsets follow the transactions by a second, so none behind means that all is applied, repeats included.
    """
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    consumer = kafka.Consumer(bootstrap_servers=bootstrap, enable_auto_commit=False)
    await asyncio.gather(admin.start(), consumer.start())
    try:
        places = [kafka.TopicPartition(topic, number) for topic in TOPICS for number in range(PARTITIONS)]
        ends = await consumer.end_offsets(places)
        left = {}
        for service, handlers in CONSUMERS.items():
            taken = await admin.list_consumer_group_offsets(f"caibei.{service.replace('_', '-')}")
            read = Dispatch(handlers).topics
            left[service] = sum(
                end - max(0, taken[place].offset if place in taken else 0)
                for place, end in ends.items()
                if place.topic in read
            )
        return {service: count for service, count in left.items() if count}
    finally:
        await kafka.let_go(asyncio.gather(admin.close(), consumer.stop()))


async def unsettled(whole: Whole) -> list[str]:
    """What the system has still to do: unpublished or unhandled events, pending appointments, mails to send."""
    outboxes, inboxes = await asyncio.gather(
        asyncio.gather(*(whole.rows(s, "SELECT id, type, published_at FROM outbox") for s in BOOKING)),
        asyncio.gather(*(whole.rows(s, _TAKEN) for s in BOOKING)),
    )
    left: dict[str, int] = defaultdict(int)
    announced = [row for outbox in outboxes for row in outbox]
    left["events unpublished"] = sum(row["published_at"] is None for row in announced)
    for service, inbox in zip(BOOKING, inboxes, strict=True):
        taken, dispatch = {row["id"] for row in inbox}, Dispatch(CONSUMERS[service])
        left[f"events {service} has not handled"] = sum(
            dispatch.knows(row["type"]) and row["id"] not in taken for row in announced
        )
    left["appointments pending"] = await whole.value(
        "scheduling", "SELECT count(*) FROM appointments WHERE status = 'pending'"
    )
    left["mails to send"] = await whole.value(
        "notification", "SELECT count(*) FROM messages WHERE state IN ('queued', 'sending')"
    )
    for service, count in (await behind(whole.runtime["kafka"])).items():
        left[f"records {service} has not taken"] = count
    return [f"{count} {what}" for what, count in left.items() if count]


_TAKEN = """
SELECT event_id AS id FROM inbox
UNION ALL SELECT id FROM dead_letters WHERE status IN ('dead', 'waiting')
"""
