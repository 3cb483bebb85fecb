"""The relay: one at a time, and nothing lost when it dies, or when the database or the broker goes away."""

import asyncio
from uuid import uuid4

import asyncpg
from fastapi import FastAPI

from shared.errors import Unavailable
from shared.kit.relay import Relay
from shared.kit.testing import running
from tests.servers import Topics
from tests.shared.kit import toy
from tests.shared.kit.test_messaging import announce, until_applied
from tests.shared.kit.toy import until


def relay_of(app: FastAPI, topics: Topics) -> Relay:
    return Relay(app.state.database.url, topics.bootstrap, "toy", topics.prefix)


async def test_only_one_relay_of_an_outbox_publishes_and_the_next_takes_over(app: FastAPI, topics: Topics) -> None:
    relays = [relay_of(app, topics) for _ in range(2)]
    tasks = [asyncio.create_task(relay.run()) for relay in relays]

    async def one_leads() -> bool:
        return sum(relay.leading for relay in relays) == 1

    async def both_healthy() -> bool:
        return all(relay.healthy for relay in relays)

    await until(one_leads)
    await until(both_healthy)
    leader = next(relay for relay in relays if relay.leading)
    tasks[relays.index(leader)].cancel()
    other = next(relay for relay in relays if relay is not leader)

    async def other_leads() -> bool:
        return other.leading and not leader.leading

    await until(other_leads)
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)


async def test_a_relay_whose_connection_is_cut_comes_back_and_publishes_the_rest(whole: FastAPI) -> None:
    counter = uuid4()
    await announce(whole, (counter, 1))
    await until_applied(whole, counter, [1])
    connection = await asyncpg.connect(whole.state.database.url)
    await connection.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
        " AND pid <> pg_backend_pid()"
    )
    await connection.close()

    async def reachable() -> bool:
        try:
            async with whole.state.database.transaction() as tx:
                return bool(await tx.scalar("SELECT true"))
        except Unavailable:
            return False

    await until(reachable)
    await announce(whole, (counter, 2), (counter, 3))
    await until_applied(whole, counter, [1, 2, 3])


async def test_what_was_announced_while_no_relay_ran_is_published_in_order_when_one_does(environment: None) -> None:
    counter = uuid4()
    async with running(toy.TOY) as api:
        await announce(api, *[(counter, step) for step in range(1200)])
    async with running(toy.TOY, "all") as app:
        await until_applied(app, counter, list(range(1200)))


async def test_every_published_row_carries_its_mark(whole: FastAPI) -> None:
    counter = uuid4()
    await announce(whole, (counter, 1))
    await until_applied(whole, counter, [1])

    async def marked() -> bool:
        async with whole.state.database.transaction() as tx:
            return bool(await tx.scalar("SELECT bool_and(published_at IS NOT NULL) FROM outbox"))

    await until(marked)
