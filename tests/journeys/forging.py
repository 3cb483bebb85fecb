"""Puts events on the topics as a confused or a malicious sender would: late, twice, out of order, or never meant."""

from collections.abc import Iterable
from uuid import UUID, uuid4

from shared.events import Event
from shared.kit import kafka
from tests.journeys.evidence import Record, read_topics
from tests.journeys.system import Whole, until


async def forge(whole: Whole, forged: set[str], *events: Event) -> list[str]:
    """Publish events nobody committed. Returns their ids."""
    ids = [str(uuid4()) for _ in events]
    forged.update(ids)
    source = "/caibei/forged"
    await _send(
        whole,
        (
            (event.topic(), str(event.key), event.model_dump_json().encode(), _headers(id, event.type, source))
            for id, event in zip(ids, events, strict=True)
        ),
    )
    return ids


async def forge_raw(whole: Whole, forged: set[str], key: str, messages: Iterable[tuple[str, bytes]]) -> None:
    """Publish (type, payload) pairs that no model would make."""
    made = []
    for type_, payload in messages:
        id = str(uuid4())
        forged.add(id)
        made.append((".".join(type_.split(".")[:2]), key, payload, _headers(id, type_, "/caibei/forged")))
    await _send(whole, made)


async def repeat(whole: Whole, records: Iterable[Record]) -> None:
    """Publish the very same events again, as a relay does that died before it marked them."""
    await _send(whole, ((r.topic, r.key, r.payload, _headers(r.id, r.type, r.source)) for r in records))


async def about(whole: Whole, appointment_id: str) -> list[Record]:
    """All records with this key."""
    return [record for record in await read_topics(whole.runtime["kafka"]) if record.key == appointment_id]


async def heard(whole: Whole, service: str, ids: Iterable[str]) -> None:
    """Wait until the service has taken these events."""
    wanted = [UUID(id) for id in ids]
    count = "SELECT count(*) FROM inbox WHERE event_id = ANY($1::uuid[])"

    async def all_there() -> bool:
        return bool(await whole.value(service, count, wanted) == len(wanted))

    await until(all_there, f"{service} heard {len(wanted)} events")


async def _send(whole: Whole, messages: Iterable[tuple[str, str, bytes, list[tuple[str, bytes]]]]) -> None:
    producer = kafka.new_producer(whole.runtime["kafka"], "tests")
    await producer.start()
    try:
        for topic, key, value, headers in messages:
            await producer.send_and_wait(topic, value=value, key=key.encode(), headers=headers)
    finally:
        await kafka.let_go(producer.stop())


def _headers(id: str, type_: str, source: str) -> list[tuple[str, bytes]]:
    return [
        ("ce_specversion", b"1.0"),
        ("ce_id", id.encode()),
        ("ce_type", type_.encode()),
        ("ce_source", source.encode()),
        ("content-type", b"application/json"),
    ]
