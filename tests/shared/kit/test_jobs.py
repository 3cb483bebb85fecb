"""Jobs: one process at a time, paced by the database's clock."""

import asyncio
import sys
import traceback
from datetime import timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy.exc import DBAPIError

from shared.kit import jobs
from shared.kit.database import Transaction
from shared.kit.jobs import KIT_JOBS, Job, run_once
from tests.shared.kit.toy import until

TYPED = "canary@example.test"  # named, because a traceback shows lines of source


def job(run: list[int], every: float = 3600) -> Job:
    async def work(tx: Transaction) -> int:
        run.append(1)
        await tx.scalar("SELECT 1")
        return 1

    return Job("toy.work", timedelta(seconds=every), work)


async def test_a_turn_is_taken_by_one_of_many_processes(app: FastAPI) -> None:
    runs: list[int] = []
    await asyncio.gather(*(run_once(app.state.database, job(runs)) for _ in range(5)))
    assert len(runs) == 1


async def test_the_next_turn_comes_only_after_the_pause_by_the_databases_clock(app: FastAPI) -> None:
    runs: list[int] = []
    await run_once(app.state.database, job(runs))
    await run_once(app.state.database, job(runs))
    assert len(runs) == 1
    async with app.state.database.transaction() as tx:
        await tx.run("UPDATE job_runs SET last_started_at = last_started_at - interval '1 hour'")
    await run_once(app.state.database, job(runs))
    assert len(runs) == 2


async def test_a_clock_that_was_set_back_does_not_stop_a_job(app: FastAPI) -> None:
    runs: list[int] = []
    await run_once(app.state.database, job(runs))
    async with app.state.database.transaction() as tx:
        await tx.run("UPDATE job_runs SET last_started_at = last_started_at + interval '1 day'")
    await run_once(app.state.database, job(runs))
    assert len(runs) == 2


async def test_a_failed_run_takes_no_turn_and_keeps_nothing(app: FastAPI) -> None:
    async def fail(tx: Transaction) -> int:
        await tx.run("INSERT INTO bumps (counter_id, step) VALUES (gen_random_uuid(), 1)")
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await run_once(app.state.database, Job("toy.fails", timedelta(hours=1), fail))
    async with app.state.database.transaction() as tx:
        assert await tx.scalar("SELECT count(*) FROM bumps") == 0
        assert await tx.scalar("SELECT count(*) FROM job_runs WHERE job = 'toy.fails'") == 0


async def test_a_failed_run_is_logged_without_what_was_in_its_statement(
    app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines: list[str] = []

    class Log:
        def error(self, event: str, *, exc_info: Any, **more: Any) -> None:
            lines.append(
                event + "".join(traceback.format_exception(*(sys.exc_info() if exc_info is True else exc_info)))
            )

    async def fail(tx: Transaction) -> int:
        # The driver's message quotes the value, and SQLAlchemy's the parameters.
        await tx.run("INSERT INTO bumps (counter_id, step) VALUES (:id, 1)", {"id": TYPED})
        return 1

    monkeypatch.setattr(jobs, "log", Log())
    task = asyncio.create_task(jobs.run_forever(app.state.database, Job("toy.fails", timedelta(hours=1), fail)))

    async def logged() -> bool:
        return bool(lines)

    await until(logged)
    task.cancel()
    assert lines[0].startswith("job failed") and "in fail" in lines[0]
    assert "canary" not in lines[0]


async def test_an_error_of_the_database_names_no_parameter(app: FastAPI) -> None:
    with pytest.raises(DBAPIError) as raised:
        async with app.state.database.transaction() as tx:
            await tx.run("SELECT 1 / 0, CAST(:mail AS text)", {"mail": "canary@example.test"})
    assert "canary" not in str(raised.value)


async def test_the_kits_own_jobs_run(app: FastAPI) -> None:
    for own in KIT_JOBS:
        assert await run_once(app.state.database, own) == 0


async def test_a_job_that_drains_goes_on_at_once_until_nothing_is_left(app: FastAPI) -> None:
    left = [3]
    ended = asyncio.Event()

    async def work(tx: Transaction) -> int:
        await tx.scalar("SELECT 1")
        if not left[0]:
            ended.set()
            return 0
        left[0] -= 1
        return 1

    draining = Job("toy.drain", timedelta(hours=1), work, drains=True)
    task = asyncio.create_task(jobs.run_forever(app.state.database, draining))
    await asyncio.wait_for(ended.wait(), 10)
    task.cancel()
    assert left == [0]
