"""The whole service on a real broker: requests in, one answer each out, and not a word of health on the way."""

import asyncio
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from services.screening.app import SERVICE
from services.screening.handlers import screen as screen_handler
from shared.events import scheduling
from shared.events.base import Event
from shared.kit.ids import new_id
from shared.kit.testing import TokenMint, running
from tests.conftest import MakeDatabase
from tests.screening.chain import CLINICIAN, Chain, at_the_door, letter, questionnaire
from tests.servers import Topics

CANARY = "CANARY-91be"


@asynccontextmanager
async def whole(
    database: MakeDatabase, topics: Topics, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Chain]:
    """API, relay, consumer and jobs in this process."""
    made, mint = database("screening"), TokenMint()
    environment = {
        **made.environment,
        **topics.environment,
        **mint.environment(tmp_path),
        "CAIBEI_SCREENING_MASTER_KEY_FILE": str(tmp_path / "master.key"),
        "CAIBEI_SCREENING_KEY_SHARES_DIR": str(tmp_path / "shares"),
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    async with running(SERVICE, "all") as app:
        yield Chain(app, mint, made)


async def produce(topics: Topics, *events: Event, times: int = 1) -> None:
    """Each event `times` times, as scheduling's relay would after a crash."""
    producer = AIOKafkaProducer(bootstrap_servers=topics.bootstrap)
    await producer.start()
    try:
        for event in events:
            id = str(new_id()).encode()
            for _ in range(times):
                await producer.send_and_wait(
                    topics.name(event.topic()),
                    event.model_dump_json().encode(),
                    key=str(event.key).encode(),
                    headers=[("ce_type", event.type.encode()), ("ce_id", id)],
                )
    finally:
        await producer.stop()


async def records(topics: Topics, until: int) -> list[Any]:
    """What screening published, once there are so many records."""
    consumer = AIOKafkaConsumer(
        topics.name("caibei.screening"), bootstrap_servers=topics.bootstrap, auto_offset_reset="earliest"
    )
    await consumer.start()
    try:
        found: list[Any] = []
        async with asyncio.timeout(20):
            while len(found) < until:
                for batch in (await consumer.getmany(timeout_ms=200)).values():
                    found += batch
        for batch in (await consumer.getmany(timeout_ms=300)).values():
            found += batch
        return found
    finally:
        await consumer.stop()


async def test_each_request_is_answered_once_and_no_canary_leaves_the_vault(
    database: MakeDatabase,
    topics: Topics,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    logged: io.StringIO,
) -> None:
    async with whole(database, topics, tmp_path, monkeypatch) as chain:
        client_id = new_id()
        await produce(
            topics,
            scheduling.BranchRegistered(
                branch_id=chain.branch_id, version=1, code="b", timezone="Europe/Berlin", opening_hours={}
            ),
            scheduling.ClientRegistered(client_id=client_id, version=1, branch_ids=[chain.branch_id]),
        )
        await _until_known(chain, client_id)
        body = questionnaire(client_id, cancer="yes") | {"signed_by": {"name": CANARY, "relationship": "self"}}
        screening = (await chain.post("/v1/screenings", body, *CLINICIAN)).json()
        blocked = chain.request(client_id)
        await produce(topics, blocked, times=3)
        await _settle(chain, blocked.appointment_id)
        written = letter(verdict="limits", limits=[CANARY], document=CANARY)
        await chain.post(f"/v1/screenings/{screening['id']}/clearances", written, *CLINICIAN)
        cleared = chain.request(client_id)
        await produce(topics, cleared, times=3)
        await _settle(chain, cleared.appointment_id)
        await chain.post("/v1/arrivals", at_the_door(client_id, cleared.appointment_id, fever_today=CANARY), *CLINICIAN)
        await _broken(chain, monkeypatch, client_id)
        published = await records(topics, until=4)
    types = [dict(record.headers)["ce_type"].decode().removeprefix("caibei.screening.") for record in published]
    assert sorted(types) == [
        "appointment.blocked.v1", "appointment.cleared.v1", "standing.changed.v1", "standing.changed.v1"
    ]  # fmt: skip
    for place in (logged.getvalue(), *(str((record.headers, record.value)) for record in published)):
        assert CANARY not in place
        assert "cancer" not in place
    assert "unexpected error" in logged.getvalue()


async def _broken(chain: Chain, monkeypatch: pytest.MonkeyPatch, client_id: Any) -> None:
    """A bug in the middle of deciding: its traceback is logged, and what it was deciding on is not."""

    def bug(*inputs: Any) -> Any:
        raise RuntimeError(repr(inputs))

    monkeypatch.setattr(screen_handler, "decide", bug)
    body = questionnaire(client_id, cancer="yes") | {"signed_by": {"name": CANARY, "relationship": "self"}}
    response = await chain.post("/v1/screenings", body, *CLINICIAN)
    assert response.status_code == 500
    assert CANARY not in response.text


async def _until_known(chain: Chain, client_id: Any) -> None:
    async with asyncio.timeout(20):
        while True:
            async with chain.app.state.database.transaction() as tx:
                known = await tx.scalar(
                    "SELECT count(*) FROM clients, branches WHERE clients.id = :id", {"id": client_id}
                )
            if known:
                return
            await asyncio.sleep(0.02)


async def _settle(chain: Chain, appointment_id: Any) -> None:
    async with asyncio.timeout(20):
        while not [e for e in await chain.announced() if e.get("appointment_id") == str(appointment_id)]:
            await asyncio.sleep(0.02)
