"""From an announced fact to an applied one: once, in order, whatever comes twice or breaks."""

from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from aiokafka import AIOKafkaProducer
from fastapi import FastAPI

from shared.kit.testing import TokenMint, client
from tests.servers import Topics
from tests.shared.kit import toy
from tests.shared.kit.toy import Bumped, until


async def applied(app: FastAPI, counter: UUID) -> list[int]:
    async with app.state.database.transaction() as tx:
        rows = await tx.all("SELECT step FROM applied WHERE counter_id = :id ORDER BY seq", {"id": counter})
    return [row.step for row in rows]


async def announce(app: FastAPI, *facts: tuple[UUID, int]) -> None:
    for counter, step in facts:
        async with app.state.database.transaction() as tx:
            tx.announce(Bumped(counter_id=counter, step=step))


def until_applied(app: FastAPI, counter: UUID, steps: list[int]) -> Any:
    async def there() -> bool:
        return await applied(app, counter) == steps

    return until(there)


async def test_facts_of_one_key_arrive_in_order_and_once(whole: FastAPI) -> None:
    counters = [uuid4() for _ in range(5)]
    await announce(whole, *[(counter, step) for step in range(20) for counter in counters])
    for counter in counters:
        await until_applied(whole, counter, list(range(20)))


async def test_a_rolled_back_transaction_announces_nothing(whole: FastAPI, mint: TokenMint) -> None:
    counter = uuid4()
    async with client(whole, mint.bearer("toy:write")) as http:
        await http.post("/v1/bumps", json={"counter_id": str(counter), "step": 1, "label": "refuse"})
        await http.post("/v1/bumps", json={"counter_id": str(counter), "step": 2})
    await until_applied(whole, counter, [2])


async def test_a_record_delivered_twice_is_applied_once(whole: FastAPI, topics: Topics) -> None:
    counter = uuid4()
    await announce(whole, (counter, 1))
    await until_applied(whole, counter, [1])
    async with whole.state.database.transaction() as tx:
        row = await tx.one("SELECT id, payload FROM outbox")
    await produce(topics, str(counter), row.payload.encode(), id=str(row.id))
    await announce(whole, (counter, 2))
    await until_applied(whole, counter, [1, 2])


async def produce(topics: Topics, key: str, payload: bytes, **ce: str) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=topics.bootstrap)
    await producer.start()
    headers = [("ce_type", Bumped.type.encode()), *((f"ce_{name}", value.encode()) for name, value in ce.items())]
    await producer.send_and_wait(topics.name("caibei.scheduling"), payload, key=key.encode(), headers=headers)
    await producer.stop()


async def dead(http: httpx.AsyncClient) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await http.get("/v1/ops/dead-letters")).json()["items"]
    return items


async def test_a_bad_message_parks_only_its_key_and_a_replay_drains_it_in_order(
    whole: FastAPI, mint: TokenMint
) -> None:
    sick, well = uuid4(), uuid4()
    toy.refused_steps.add(2)
    await announce(whole, (sick, 1), (sick, 2), (sick, 3), (well, 1))
    await until_applied(whole, well, [1])
    async with client(whole, mint.bearer("ops:read", "ops:write")) as http:

        async def parked() -> bool:
            return [item["status"] for item in await dead(http)] == ["dead", "waiting"]

        await until(parked)
        await announce(whole, (sick, 4), (well, 3))
        await until_applied(whole, well, [1, 3])
        assert await applied(whole, sick) == [1]
        letter = (await dead(http))[0]
        assert letter["reason"].startswith("RuntimeError") and letter["attempts"] == 5
        toy.refused_steps.clear()
        assert (await http.post(f"/v1/ops/dead-letters/{letter['id']}/replay")).status_code == 202
        await until_applied(whole, sick, [1, 2, 3, 4])
        assert await dead(http) == []


async def test_a_discarded_message_lets_its_key_go_on(whole: FastAPI, mint: TokenMint) -> None:
    counter = uuid4()
    toy.refused_steps.add(2)
    await announce(whole, (counter, 1), (counter, 2), (counter, 3))
    async with client(whole, mint.bearer("ops:read", "ops:write")) as http:

        async def parked() -> bool:
            return len(await dead(http)) == 2

        await until(parked)
        await http.post(f"/v1/ops/dead-letters/{(await dead(http))[0]['id']}/discard")
        await until_applied(whole, counter, [1, 3])


async def test_a_discarded_message_that_is_read_again_stays_discarded(
    whole: FastAPI, topics: Topics, mint: TokenMint
) -> None:
    counter = uuid4()
    toy.refused_steps.add(2)
    await announce(whole, (counter, 1), (counter, 2), (counter, 3))
    async with client(whole, mint.bearer("ops:read", "ops:write")) as http:

        async def parked() -> bool:
            return len(await dead(http)) == 2

        await until(parked)
        letter = (await dead(http))[0]["id"]
        await http.post(f"/v1/ops/dead-letters/{letter}/discard")
        await until_applied(whole, counter, [1, 3])
    toy.refused_steps.clear()  # the defect is mended, and the topic is read from its beginning
    payload = b'{"counter_id": "%s", "step": 2}' % str(counter).encode()
    await produce(topics, str(counter), payload, id=letter)
    await announce(whole, (counter, 4))
    await until_applied(whole, counter, [1, 3, 4])


@pytest.mark.parametrize(
    ("key", "header"),
    [(b"k", ("ce_note", None)), (b"k", ("traceparent", b"00-\0")), (b"k" * 9_000, ("ce_note", b"long key"))],
)
async def test_a_record_with_an_impossible_header_or_key_stops_nobody_else(
    whole: FastAPI, topics: Topics, mint: TokenMint, key: bytes, header: tuple[str, Any]
) -> None:
    """Kafka lets a header have no value; and what cannot be stored could not even be buried."""
    counter = uuid4()
    producer = AIOKafkaProducer(bootstrap_servers=topics.bootstrap)
    await producer.start()
    headers = [("ce_type", Bumped.type.encode()), ("ce_id", str(uuid4()).encode()), header]
    # Random, or PostgreSQL would compress a long key until it fits.
    key = key if len(key) < 100 else b"".join(str(uuid4()).encode() for _ in range(250))
    for place in range(3):
        await producer.send_and_wait(topics.name("caibei.scheduling"), b"{", key=key, headers=headers, partition=place)
    await producer.stop()
    await announce(whole, (counter, 1))
    await until_applied(whole, counter, [1])
    async with client(whole, mint.bearer("ops:read")) as http:

        async def buried() -> bool:
            return len(await dead(http)) >= 1

        await until(buried)


async def test_a_caller_of_single_branches_decides_on_no_dead_letter(whole: FastAPI, mint: TokenMint) -> None:
    counter = uuid4()
    toy.refused_steps.add(1)
    await announce(whole, (counter, 1))
    async with client(whole, mint.bearer("ops:read", "ops:write", branches=[uuid4()])) as http:

        async def parked() -> bool:
            return len(await dead(http)) == 1

        await until(parked)
        letter = (await dead(http))[0]["id"]
        for verb in ("replay", "discard"):
            answer = await http.post(f"/v1/ops/dead-letters/{letter}/{verb}")
            assert (answer.status_code, answer.json()["code"]) == (403, "all_branches_needed")
        assert (await dead(http))[0]["status"] == "dead"


@pytest.mark.parametrize("payload", [b"", b"{", b"\xff\x00", b'{"counter_id": "x"}'])
async def test_a_poison_message_stops_nobody_else(
    whole: FastAPI, topics: Topics, mint: TokenMint, payload: bytes
) -> None:
    counter = uuid4()
    await produce(topics, str(uuid4()), payload, id=str(uuid4()))
    await produce(topics, str(uuid4()), payload, id="not-a-uuid")
    await announce(whole, (counter, 1))
    await until_applied(whole, counter, [1])
    async with client(whole, mint.bearer("ops:read")) as http:

        async def both() -> bool:
            return len(await dead(http)) == 2

        await until(both)


async def test_the_trace_of_a_request_reaches_the_outbox(whole: FastAPI, mint: TokenMint) -> None:
    parent = f"00-{'ab' * 16}-{'cd' * 8}-01"
    async with client(whole, mint.bearer("toy:write") | {"traceparent": parent}) as http:
        await http.post("/v1/bumps", json={"counter_id": str(uuid4()), "step": 1})
    async with whole.state.database.transaction() as tx:
        assert "ab" * 16 in await tx.scalar("SELECT traceparent FROM outbox")
