"""Transactions: all or nothing, and an honest word when the database is away."""

from uuid import uuid4

import pytest
from fastapi import FastAPI
from sqlalchemy.exc import IntegrityError

from shared.errors import Unavailable
from shared.kit.database import Database, constraint, is_away
from tests.shared.kit.toy import Bumped


async def count(app: FastAPI, table: str) -> int:
    async with app.state.database.transaction() as tx:
        return int(await tx.scalar(f"SELECT count(*) FROM {table}"))


async def test_a_failed_savepoint_takes_back_its_rows_and_its_facts_only(app: FastAPI) -> None:
    async with app.state.database.transaction() as tx:
        tx.announce(Bumped(counter_id=uuid4(), step=1))
        with pytest.raises(ValueError, match="inside"):
            async with tx.savepoint():
                tx.announce(Bumped(counter_id=uuid4(), step=2))
                await tx.run("INSERT INTO bumps VALUES (gen_random_uuid(), 2)")
                raise ValueError("inside")
    assert (await count(app, "bumps"), await count(app, "outbox")) == (0, 1)


async def test_what_was_announced_before_a_savepoint_and_written_in_it_is_not_lost_with_it(app: FastAPI) -> None:
    before = await count(app, "outbox")
    async with app.state.database.transaction() as tx:
        tx.announce(Bumped(counter_id=uuid4(), step=1))
        with pytest.raises(ValueError, match="inside"):
            async with tx.savepoint():
                await tx.flush()
                raise ValueError("inside")
    assert await count(app, "outbox") == before + 1


async def test_after_commit_is_called_after_the_commit_and_not_after_a_rollback(app: FastAPI) -> None:
    called: list[int] = []
    async with app.state.database.transaction() as tx:
        tx.after_commit(lambda: called.append(1))
        assert not called
    with pytest.raises(ValueError, match="no"):
        async with app.state.database.transaction() as tx:
            tx.after_commit(lambda: called.append(2))
            raise ValueError("no")
    assert called == [1]


async def test_a_database_nobody_answers_for_is_unavailable_with_a_time_to_come_back() -> None:
    database = Database("postgresql://nobody:x@127.0.0.1:1/none")
    with pytest.raises(Unavailable) as refused:
        async with database.transaction() as tx:
            await tx.scalar("SELECT 1")
    assert refused.value.retry_after >= 1
    await database.close()


async def test_a_pool_with_no_free_connection_is_unavailable_and_not_an_error(app: FastAPI) -> None:
    database = Database(app.state.database.url, pool_size=1)
    database.engine.sync_engine.pool._timeout = 0.1  # type: ignore[attr-defined]
    async with database.transaction() as tx:
        await tx.scalar("SELECT 1")
        with pytest.raises(Unavailable):
            async with database.transaction() as second:
                await second.scalar("SELECT 1")
    await database.close()


async def test_a_lock_that_is_waited_for_too_long_says_nothing_about_the_work(app: FastAPI) -> None:
    async with app.state.database.transaction() as tx:
        await tx.run("LOCK TABLE bumps")
        with pytest.raises(Unavailable):
            async with app.state.database.transaction() as other:
                await other.run("SET LOCAL lock_timeout = '50ms'")
                await other.run("INSERT INTO bumps VALUES (gen_random_uuid(), 1)")


async def test_the_constraint_that_refused_is_named(app: FastAPI) -> None:
    id = uuid4()
    with pytest.raises(IntegrityError) as refused:
        async with app.state.database.transaction() as tx:
            for _ in range(2):
                await tx.run("INSERT INTO inbox (event_id) VALUES (:id)", {"id": id})
    assert constraint(refused.value) == "inbox_pkey"
    assert not is_away(refused.value)


async def test_jsonb_goes_in_and_out_as_objects(app: FastAPI) -> None:
    async with app.state.database.transaction() as tx:
        value = {"a": [1, None, "é"]}
        assert await tx.scalar("SELECT CAST(:value AS jsonb)", {"value": value}) == value
