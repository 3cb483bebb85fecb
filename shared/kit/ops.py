"""The same in every service: `/v1/ops/…` for the people who keep it running, and `/v1/audit`."""

from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import Request

from shared.errors import Forbidden, NotFound
from shared.kit import audit, dead_letters
from shared.kit.auth import Principal, requires
from shared.kit.body import Answer
from shared.kit.paging import Cursor, Limit, Page, number, page
from shared.kit.unit import Tx, router

ops = router("/v1", "operations")


class OutboxState(Answer):
    """`oldest_seconds`: how long the oldest unpublished row has waited; null when there is none."""

    unpublished: int
    oldest_seconds: float | None
    publishing_here: bool


class ConsumerState(Answer):
    """`lag`: records behind the end of each topic."""

    group: str
    healthy: bool
    lag: dict[str, int]
    parked_keys: int


class DeadLetter(Answer):
    id: UUID
    topic: str
    message_key: str
    type: str
    occurred_at: datetime
    parked_at: datetime
    status: str
    reason: str
    attempts: int
    trace_id: str | None = None
    waiting_behind: int = 0


class AuditEntry(Answer):
    id: int
    at: datetime
    actor: str
    action: str
    subject_kind: str
    subject_id: str
    branch_id: UUID | None
    reason: str
    trace_id: str | None


@ops.get("/ops/outbox")
async def outbox(request: Request, tx: Tx, _: Principal = requires("ops:read")) -> OutboxState:
    """How much is waiting to be published."""
    row = await tx.one(
        "SELECT count(*) AS n, extract(epoch FROM clock_timestamp() - min(occurred_at))::float8 AS oldest"
        " FROM outbox WHERE published_at IS NULL"
    )
    relay = request.app.state.relay
    return OutboxState(unpublished=row.n, oldest_seconds=row.oldest, publishing_here=bool(relay and relay.leading))


@ops.get("/ops/consumers")
async def consumers(request: Request, tx: Tx, _: Principal = requires("ops:read")) -> Page[ConsumerState]:
    """How far this process's consumer is behind."""
    parked = await tx.scalar("SELECT count(DISTINCT message_key) FROM dead_letters WHERE resolved_at IS NULL")
    consumer = request.app.state.consumer
    if consumer is None:
        return Page(items=[])
    group = f"caibei.{request.app.state.service}"
    return Page(items=[ConsumerState(group=group, healthy=consumer.healthy, lag=consumer.lag, parked_keys=parked)])


_LIST = """
SELECT d.seq, d.id, d.topic, d.message_key, d.type, d.occurred_at, d.parked_at, d.status, d.reason, d.attempts,
       split_part(d.traceparent, '-', 2) AS trace_id,
       (SELECT count(*) FROM dead_letters w
        WHERE w.message_key = d.message_key AND w.status = 'waiting') AS waiting_behind
FROM dead_letters d
WHERE (CAST(:id AS uuid) IS NULL OR d.id = :id) AND d.seq > :after AND (:resolved OR d.resolved_at IS NULL)
ORDER BY d.seq LIMIT :limit
"""


@ops.get("/ops/dead-letters")
async def list_dead_letters(
    tx: Tx, limit: Limit = 50, cursor: Cursor = None, resolved: bool = False, _: Principal = requires("ops:read")
) -> Page[DeadLetter]:
    """What could not be handled, oldest first, and what waits behind it."""
    params = {"id": None, "after": number(cursor) or 0, "resolved": resolved, "limit": limit + 1}
    rows, after = page(await tx.all(_LIST, params), limit, lambda row: row.seq)
    return Page(items=[DeadLetter.model_validate(row) for row in rows], next_cursor=after)


@ops.get("/ops/dead-letters/{id}")
async def show_dead_letter(tx: Tx, id: UUID, _: Principal = requires("ops:read")) -> DeadLetter:
    """One of them. Its payload is not shown: it is on its topic, under its id."""
    row = await tx.first(_LIST, {"id": id, "after": 0, "resolved": True, "limit": 1})
    if row is None:
        raise NotFound("dead_letter_not_found", "No dead letter has this id.")
    return DeadLetter.model_validate(row)


@ops.post("/ops/dead-letters/{id}/replay", status_code=202)
async def replay_dead_letter(tx: Tx, id: UUID, who: Principal = requires("ops:write")) -> dict[str, Any]:
    """Try it again, and then what waits behind it, in order."""
    _of_the_chain(who)
    await dead_letters.replay(tx, id)
    await audit.record(tx, who, "replayed", "dead_letter", id)
    return {"id": id, "status": "retry"}


@ops.post("/ops/dead-letters/{id}/discard", status_code=202)
async def discard_dead_letter(tx: Tx, id: UUID, who: Principal = requires("ops:write")) -> dict[str, Any]:
    """Give it up for good; what waits behind it goes on."""
    _of_the_chain(who)
    await dead_letters.discard(tx, id, who.subject)
    await audit.record(tx, who, "discarded", "dead_letter", id)
    return {"id": id, "status": "discarded"}


def _of_the_chain(who: Principal) -> None:
    """A dead letter names no branch, and giving one up loses what happened in it."""
    if who.branches is not None:
        raise Forbidden("all_branches_needed", "Only a caller who sees every branch may decide on a dead letter.")


_AUDIT = """
SELECT id, at, actor, action, subject_kind, subject_id, branch_id, reason, trace_id FROM audit_log
WHERE (CAST(:branches AS uuid[]) IS NULL OR branch_id = ANY(CAST(:branches AS uuid[])))
  AND (CAST(:subject AS text) IS NULL OR subject_id = :subject) AND (CAST(:before AS bigint) IS NULL OR id < :before)
ORDER BY id DESC LIMIT :limit
"""


@ops.get("/audit")
async def read_audit(
    tx: Tx,
    limit: Limit = 50,
    cursor: Cursor = None,
    subject_id: str | None = None,
    who: Principal = requires("ops:read"),
) -> Page[AuditEntry]:
    """Who did what, newest first."""
    params = {"branches": who.branch_list, "subject": subject_id, "before": number(cursor), "limit": limit + 1}
    rows, after = page(await tx.all(_AUDIT, params), limit, lambda row: row.id)
    return Page(items=[AuditEntry.model_validate(row) for row in rows], next_cursor=after)
