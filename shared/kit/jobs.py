"""Background jobs: each runs in one process at a time, by the database's clock, in its own transaction."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

from shared.errors import Unavailable
from shared.kit import idempotency, logging, telemetry
from shared.kit.database import Database, Transaction

log = logging.get(__name__)

_TURN = """
INSERT INTO job_runs AS r (job, last_started_at) VALUES (:job, clock_timestamp())
ON CONFLICT (job) DO UPDATE SET last_started_at = clock_timestamp()
WHERE r.last_started_at <= clock_timestamp() - CAST(:every AS interval) * 0.9
   OR r.last_started_at > clock_timestamp() + interval '1 minute'
RETURNING job
"""


@dataclass(frozen=True, slots=True)
class Job:
    """`run` does a bounded piece of work in the transaction and returns how many things it changed.

    `drains`: a run that changed something is followed by another at once, until one finds nothing left.
    """

    name: str
    every: timedelta
    run: Callable[[Transaction], Awaitable[int]]
    drains: bool = False


async def run_forever(database: Database, job: Job) -> None:
    """Run it at its pace until cancelled. A failed run is logged and tried again at the next turn."""
    pause = job.every.total_seconds()
    while True:
        try:
            pace = job.every
            while await run_once(database, job, pace) and job.drains:
                pace = timedelta(0)
            telemetry.JOB_RUNS.labels(job.name, "ok").inc()
        except Unavailable:
            telemetry.JOB_RUNS.labels(job.name, "away").inc()
        except Exception as error:
            telemetry.JOB_RUNS.labels(job.name, "failed").inc()
            log.error("job failed", job=job.name, exc_info=logging.without_values(error))
        await asyncio.sleep(pause * random.uniform(0.95, 1.05))


async def run_once(database: Database, job: Job, pace: timedelta | None = None) -> int:
    """One turn, unless another process has just had it: the row lock of the turn is held to the end of the work."""
    pace = job.every if pace is None else pace
    async with database.transaction() as tx:
        if not await tx.scalar("SELECT pg_try_advisory_xact_lock(7239003, hashtext(:job))", {"job": job.name}):
            return 0
        if await tx.first(_TURN, {"job": job.name, "every": pace}) is None:
            return 0
        with telemetry.span(f"job {job.name}"):
            changed = await job.run(tx)
    if changed:
        log.info("job changed things", job=job.name, changed=changed)
    return changed


async def _prune_inbox(tx: Transaction) -> int:
    # Consumers also keep versions per aggregate, so what is older than any replay window may go.
    return await tx.run("DELETE FROM inbox WHERE handled_at < clock_timestamp() - interval '30 days'")


async def _prune_outbox(tx: Transaction) -> int:
    return await tx.run(
        "DELETE FROM outbox WHERE published_at < clock_timestamp() - interval '30 days'"
        " AND seq <= (SELECT max(seq) - 1000000 FROM outbox)"
    )


KIT_JOBS = [
    Job("kit.prune-idempotency-keys", timedelta(minutes=10), idempotency.prune),
    Job("kit.prune-inbox", timedelta(hours=6), _prune_inbox),
    Job("kit.prune-outbox", timedelta(hours=6), _prune_outbox),
]
