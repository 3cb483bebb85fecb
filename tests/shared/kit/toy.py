"""A toy service of counters: the kit under test, with no spa in it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, ClassVar
from uuid import UUID

import asyncpg
from fastapi import Response
from pydantic_settings import SettingsConfigDict

from shared.errors import Refused
from shared.events.base import Event
from shared.kit.auth import Principal, requires
from shared.kit.body import Answer, Body, Instant, Name
from shared.kit.database import Transaction
from shared.kit.inbox import Received
from shared.kit.migrations import KIT_TABLES
from shared.kit.service import Service
from shared.kit.settings import ServiceSettings
from shared.kit.unit import Tx, Unit, router
from tests.servers import ServiceDatabase

api = router("/v1", "counters")


class Bumped(Event, type="caibei.scheduling.counter.bumped.v1", key="counter_id"):
    counter_id: UUID
    step: int


class Settings(ServiceSettings):
    service: ClassVar[str] = "toy"
    model_config = SettingsConfigDict(env_prefix="CAIBEI_TOY_", extra="ignore", frozen=True)


class NewBump(Body):
    counter_id: UUID
    step: int
    label: Name = "one"
    at: Instant | None = None


class Bump(Answer):
    counter_id: UUID
    step: int


@api.post("/bumps", status_code=201)
async def bump(tx: Tx, body: NewBump, response: Response, who: Principal = requires("toy:write")) -> Bump:
    await tx.run("INSERT INTO bumps (counter_id, step) VALUES (:id, :step)", {"id": body.counter_id, "step": body.step})
    tx.announce(Bumped(counter_id=body.counter_id, step=body.step))
    if body.label == "refuse":
        raise Refused("slot_taken", "It is taken.", appointment_id=str(body.counter_id))
    if body.label == "break":
        raise RuntimeError("canary-in-an-exception")
    return Bump(counter_id=body.counter_id, step=body.step)


@api.post("/slow-bumps", status_code=202)
async def slow_bump(unit: Unit, body: NewBump, who: Principal = requires("toy:write")) -> dict[str, Any]:
    if unit.replayed is None:
        tx = await unit.begin()
        await tx.run("INSERT INTO bumps (counter_id, step) VALUES (:id, :step)", {"id": body.counter_id, "step": 1})
        await unit.commit(body.counter_id)
    tx = await unit.begin()
    count = await tx.scalar("SELECT count(*) FROM bumps WHERE counter_id = :id", {"id": body.counter_id})
    return {"counter_id": body.counter_id, "present": count}


refused_steps: set[int] = set()


async def on_bumped(tx: Transaction, batch: list[Received[Bumped]]) -> None:
    assert len({received.key for received in batch}) == len(batch), "one event a key in a batch"
    for received in batch:
        if received.event.step in refused_steps:
            raise RuntimeError("cannot")
    await tx.run(
        "INSERT INTO applied (event_id, counter_id, step)"
        " SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:counters AS uuid[]), CAST(:steps AS int[]))",
        {
            "ids": [received.id for received in batch],
            "counters": [received.event.counter_id for received in batch],
            "steps": [received.event.step for received in batch],
        },
    )


TOY = Service(name="toy", settings=Settings, routers=[api], handlers={Bumped: on_bumped})

TABLES = (
    *KIT_TABLES,
    "CREATE TABLE bumps (counter_id uuid NOT NULL, step int NOT NULL)",
    "CREATE TABLE applied (seq bigint GENERATED ALWAYS AS IDENTITY, event_id uuid, counter_id uuid, step int)",
)


async def create_tables(database: ServiceDatabase) -> None:
    """As owner, and used as owner: roles are the services' tests' affair."""
    connection = await asyncpg.connect(database.owner_url)
    for statement in TABLES:
        await connection.execute(statement)
    await connection.close()


async def until(condition: Callable[[], Awaitable[bool]], seconds: float = 20) -> None:
    """Wait for a condition, not for a time."""
    async with asyncio.timeout(seconds):
        while not await condition():
            await asyncio.sleep(0.02)
