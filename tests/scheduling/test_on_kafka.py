"""The whole service on a real broker: the saga with the other two services' answers coming over Kafka."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from services.scheduling.app import SERVICE
from services.scheduling.settings import settings
from shared.events.base import Event
from shared.events.room_equipment import RoomAssigned
from shared.events.scheduling import AppointmentRequested
from shared.events.screening import AppointmentCleared
from shared.kit.ids import new_id
from shared.kit.testing import TokenMint, client, running
from tests.conftest import MakeDatabase
from tests.scheduling.builders import Chain, Place, tomorrow
from tests.servers import Topics

Answers = Callable[[AppointmentRequested], list[Event]]


@asynccontextmanager
async def whole(
    database: MakeDatabase, topics: Topics, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, **more: str
) -> AsyncIterator[Chain]:
    """API, relay, consumer and jobs in this process."""
    made, mint = database("scheduling"), TokenMint()
    for name, value in {**made.environment, **topics.environment, **mint.environment(tmp_path), **more}.items():
        monkeypatch.setenv(name, value)
    settings.cache_clear()
    async with (
        running(SERVICE, "all") as app,
        client(app, mint.bearer("scheduling:read", "scheduling:write")) as http,
    ):
        yield Chain(http, app.state.database, mint, made)
    settings.cache_clear()


@asynccontextmanager
async def answering(topics: Topics, answers: Answers) -> AsyncIterator[None]:
    """Reads scheduling's topic and answers each request; every answer comes twice, as after a relay's crash."""
    producer = AIOKafkaProducer(bootstrap_servers=topics.bootstrap)
    consumer = AIOKafkaConsumer(
        topics.name("caibei.scheduling"), bootstrap_servers=topics.bootstrap, auto_offset_reset="earliest"
    )
    await producer.start()
    await consumer.start()

    async def answer() -> None:
        async for record in consumer:
            if dict(record.headers)["ce_type"].decode() != AppointmentRequested.type:
                continue
            for event in answers(AppointmentRequested.model_validate_json(record.value)):
                headers = [("ce_type", event.type.encode()), ("ce_id", str(new_id()).encode())]
                for _ in range(2):
                    topic = topics.name(event.topic())
                    await producer.send(
                        topic, event.model_dump_json().encode(), str(event.key).encode(), headers=headers
                    )

    task = asyncio.create_task(answer())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])
        await consumer.stop()
        await producer.stop()


def yes(room: UUID) -> Answers:
    def answers(asked: AppointmentRequested) -> list[Event]:
        assert asked.therapist_id is not None
        said: list[Event] = [
            AppointmentCleared(appointment_id=asked.appointment_id, attempt=asked.attempt, client_id=asked.client_id),
            RoomAssigned(
                appointment_id=asked.appointment_id, attempt=asked.attempt, assignment_version=1,
                branch_id=asked.branch_id, room_id=room, therapist_id=asked.therapist_id, starts_at=asked.starts_at,
                ends_at=asked.ends_at, blocked_until=asked.ends_at,
            ),
        ]  # fmt: skip
        random.shuffle(said)
        return said

    return answers


async def test_thirty_posts_wait_for_their_confirmation_over_kafka_and_are_confirmed_once_each(
    database: MakeDatabase, topics: Topics, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with whole(database, topics, tmp_path, monkeypatch) as chain:
        place = await chain.place()
        room = UUID(place.room_ids[0])
        async with answering(topics, yes(room)):
            posts = [
                chain.http.post(
                    "/v1/appointments", json=place.wish(tomorrow(hour, days=day)), headers={"Prefer": "wait=20"}
                )
                for day in (1, 2)
                for hour in range(15)
            ]
            answers = await asyncio.gather(*posts)
        assert [(answer.status_code, answer.json().get("status")) for answer in answers] == [(201, "confirmed")] * 30
        for answer in answers:
            assert await chain.announced(answer.json()["id"]) == ["requested", "confirmed"]


async def test_a_request_nobody_answers_is_timed_out_and_the_waiting_post_hears_it(
    database: MakeDatabase, topics: Topics, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    short = {"CAIBEI_SCHEDULING_ANSWER_SECONDS": "1"}
    async with whole(database, topics, tmp_path, monkeypatch, **short) as chain:
        place: Place = await chain.place()
        answer = await chain.http.post("/v1/appointments", json=place.wish(tomorrow(10)), headers={"Prefer": "wait=20"})
        assert (answer.status_code, answer.json()["code"]) == (409, "timed_out")
        assert await chain.announced(answer.json()["appointment_id"]) == ["requested", "rejected"]
