"""The gauges by which an alert knows that the broker is away."""

import asyncio
from uuid import uuid4

from shared.kit import telemetry
from shared.kit.relay import BATCH, Relay
from shared.kit.testing import running
from tests.shared.kit import toy
from tests.shared.kit.test_messaging import announce
from tests.shared.kit.toy import until

NOWHERE = "127.0.0.1:1"


async def test_what_waits_and_since_when_is_told_while_the_broker_is_away(environment: None) -> None:
    counter = uuid4()
    async with running(toy.TOY) as api:
        await announce(api, *[(counter, step) for step in range(BATCH + 7)])
        telemetry.OUTBOX_UNPUBLISHED.set(0)
        telemetry.OUTBOX_OLDEST_SECONDS.set(0)
        relay = asyncio.create_task(Relay(api.state.database.url, NOWHERE, "toy").run())

        async def told() -> bool:
            return value(telemetry.OUTBOX_UNPUBLISHED) >= BATCH + 7 and value(telemetry.OUTBOX_OLDEST_SECONDS) > 0

        try:
            await until(told)
        finally:
            relay.cancel()
            await asyncio.wait([relay])


def value(gauge: object) -> float:
    (metric,) = gauge.collect()  # type: ignore[attr-defined]
    return float(metric.samples[0].value)
