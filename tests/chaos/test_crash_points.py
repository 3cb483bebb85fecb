"""kill -9 of every service at the moments where a message could be lost or applied twice, under load."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable

import pytest

from tests.chaos.conftest import UnderLoad
from tests.journeys.system import BOOKING, Whole, until

Heals = Callable[[], Awaitable[None]]

POINTS = (
    "relay.while_publishing",  # committed, not yet acknowledged by Kafka
    "relay.after_publish",  # published, not marked: it will be published again
    "consumer.before_offset",  # handled and committed, offset not: it will come again
    "consumer.after_commit",  # handled, and what it announced is not published
    "consumer.before_commit",  # everything done, nothing committed
    "relay.after_mark",
)


async def die_at(whole: Whole, points: dict[str, str], chance: random.Random) -> None:
    """Arm each service with its point, and see each of them die there and come back."""
    began = time.monotonic()
    await whole.arm({service: f"{point}:{chance.randint(1, 4)}" for service, point in points.items()})
    armed = {service: set(whole.pids(service)) for service in points}

    async def all_died() -> bool:
        return all(set(whole.pids(service)) - pids for service, pids in armed.items())

    await until(all_died, f"every service died at its point {points}", 45)
    died = time.monotonic()
    await asyncio.gather(*(whole.up(service) for service in points))
    print(f"{points}: all dead after {died - began:.1f} s, all up after {time.monotonic() - died:.1f} s more")


@pytest.mark.parametrize("turn", range(3))
async def test_every_service_killed_at_its_worst_moments_at_once(
    whole: Whole, under_load: UnderLoad, heals: Heals, chance: random.Random, turn: int
) -> None:
    """Three turns: after them each service has died between commit and publish, publish and mark, commit and offset."""
    worst = POINTS[:3]
    points = {service: worst[(turn + i) % len(worst)] for i, service in enumerate(BOOKING)}
    async with under_load(rate=25) as load:
        await die_at(whole, points, chance)
    await heals()
    assert load.commands["book"] > 20
    assert load.answered[201]
    assert load.answered[409]


@pytest.mark.long
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("service", BOOKING)
async def test_each_service_killed_at_each_point(
    whole: Whole, under_load: UnderLoad, heals: Heals, chance: random.Random, service: str, point: str, seed: int
) -> None:
    async with under_load(rate=40):
        await die_at(whole, {service: point}, chance)
    await heals()
