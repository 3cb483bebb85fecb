"""What could not be handled: kept with its reason, its key parked behind it, replayed in order.

A key with an open row is parked: later events of it are stored as `waiting`. An operator's replay sets the dead row to
`retry`; `drain` then applies the key's rows in order until one fails again. A discard lets the key go on without it.
"""

from collections.abc import Sequence
from typing import Any

from shared.errors import NotFound
from shared.kit import telemetry
from shared.kit.database import Database, Transaction, is_away
from shared.kit.inbox import Dispatch, Message

_PARK = """
INSERT INTO dead_letters (id, topic, message_key, type, payload, traceparent, occurred_at, status, reason, attempts)
SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:topics AS text[]), CAST(:keys AS text[]), CAST(:types AS text[]),
    CAST(:payloads AS text[]), CAST(:traces AS text[]), CAST(:times AS timestamptz[]), CAST(:statuses AS text[]),
    CAST(:reasons AS text[]), CAST(:attempts AS int[]))
ON CONFLICT (id) DO NOTHING
"""

_NEXT = """
SELECT DISTINCT ON (message_key) id, topic, message_key, type, payload, traceparent, occurred_at, status, attempts
FROM dead_letters WHERE resolved_at IS NULL ORDER BY message_key, seq
"""

_LOCK = "SELECT id FROM dead_letters WHERE id = :id AND resolved_at IS NULL FOR UPDATE SKIP LOCKED"


async def park(tx: Transaction, messages: Sequence[Message], *, dead: str = "", attempts: int = 0) -> None:
    """Store them: as dead with this reason, or waiting behind their key's dead letter."""
    status = "dead" if dead else "waiting"
    count = len(messages)
    await tx.run(
        _PARK,
        {
            "ids": [m.id for m in messages],
            "topics": [m.topic for m in messages],
            "keys": [m.key for m in messages],
            "types": [m.type for m in messages],
            "payloads": [m.payload.decode("utf-8", "replace").replace("\0", "\ufffd") for m in messages],
            "traces": [m.traceparent for m in messages],
            "times": [m.time for m in messages],
            "statuses": [status] * count,
            "reasons": [dead] * count,
            "attempts": [attempts] * count,
        },
    )


async def drain(database: Database, dispatch: Dispatch) -> int:
    """Apply every key's rows that may go on now. Returns how many were applied."""
    applied = 0
    while True:
        async with database.transaction() as tx:
            rows = await tx.all(_NEXT)
        ready = [row for row in rows if row.status in ("retry", "waiting")]
        results = [await _apply(database, dispatch, row) for row in ready]
        applied += sum(results)
        if not any(results):
            telemetry.DEAD_LETTERS.set(len(rows))
            return applied


async def _apply(database: Database, dispatch: Dispatch, row: Any) -> bool:
    message = Message(
        row.id, row.topic, row.message_key, row.type, row.payload.encode(), row.occurred_at, row.traceparent
    )
    try:
        async with database.transaction() as tx:
            if await tx.first(_LOCK, {"id": row.id}) is None:
                return False
            fresh = await tx.scalar(
                "INSERT INTO inbox (event_id) VALUES (:id) ON CONFLICT DO NOTHING RETURNING event_id", {"id": row.id}
            )
            if fresh is not None:
                with telemetry.span(f"redeliver {row.type}", row.traceparent):
                    await dispatch(tx, [message])
            await _resolve(tx, row.id, "done", "drain")
        return True
    except Exception as error:
        if is_away(error):
            raise
        async with database.transaction() as tx:
            await tx.run(
                "UPDATE dead_letters SET status = 'dead', reason = :reason, attempts = attempts + 1 WHERE id = :id",
                {"id": row.id, "reason": reason_of(error)},
            )
        return False


def reason_of(error: BaseException) -> str:
    """The kind of failure, without values: a message may hold what must not leave its vault."""
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    where = f" at {place.tb_frame.f_code.co_qualname}:{place.tb_lineno}" if place else ""
    code = getattr(error, "code", None)
    return f"{type(error).__name__}{f' {code}' if isinstance(code, str) else ''}{where}"


async def _resolve(tx: Transaction, id: Any, status: str, by: str) -> int:
    return await tx.run(
        "UPDATE dead_letters SET status = :status, resolved_at = clock_timestamp(), resolved_by = :by"
        " WHERE id = :id AND resolved_at IS NULL",
        {"id": id, "status": status, "by": by},
    )


async def replay(tx: Transaction, id: Any) -> None:
    """Let a dead letter be tried again; those parked behind it follow in order.

    Raises:
        NotFound: no open dead letter has this id.
    """
    if not await tx.run(
        "UPDATE dead_letters SET status = 'retry' WHERE id = :id AND status IN ('dead', 'retry')", {"id": id}
    ):
        raise NotFound("dead_letter_not_found", "No open dead letter has this id.")


async def discard(tx: Transaction, id: Any, by: str) -> None:
    """Give one up for good; those parked behind it follow in order. When its record is read again, it is known.

    Raises:
        NotFound: no open dead letter has this id.
    """
    if not await _resolve(tx, id, "discarded", by):
        raise NotFound("dead_letter_not_found", "No open dead letter has this id.")
    await tx.run("INSERT INTO inbox (event_id) VALUES (:id) ON CONFLICT DO NOTHING", {"id": id})
