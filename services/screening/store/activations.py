"""Activations of protocol versions, and how far the re-run of the standing decisions has come."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from services.screening.domain.errors import UnknownActivation
from shared.kit.database import Transaction

_SHOWN = """
SELECT id, name AS protocol, version, dry_run, state, active_from, activated_by, reason, to_stricter, to_milder,
    unchanged, needs_new_answers, to_stricter + to_milder + unchanged + needs_new_answers AS done,
    greatest(total, to_stricter + to_milder + unchanged + needs_new_answers) AS total,
    created_at, started_at, finished_at
FROM protocol_activations
"""


async def insert(
    tx: Transaction,
    id: UUID,
    name: str,
    version: int,
    *,
    dry_run: bool,
    active_from: datetime,
    by: str,
    reason: str,
) -> None:
    """Store an activation; the re-run begins when its moment has come."""
    await tx.run(
        "INSERT INTO protocol_activations (id, name, version, dry_run, active_from, activated_by, reason)"
        " VALUES (:id, :name, :version, :dry_run, :active_from, :by, :reason)",
        {"id": id, "name": name, "version": version, "dry_run": dry_run, "active_from": active_from, "by": by,
         "reason": reason},
    )  # fmt: skip


async def get(tx: Transaction, id: UUID) -> Any:
    """
    Raises:
        UnknownActivation.
    """
    row = await tx.first(f"{_SHOWN} WHERE id = :id", {"id": id})
    if row is None:
        raise UnknownActivation
    return row


async def page(tx: Transaction, name: str | None, before: UUID | None, limit: int) -> Sequence[Any]:
    """Activations and dry runs, newest first."""
    return await tx.all(
        f"{_SHOWN} WHERE (CAST(:name AS text) IS NULL OR name = :name)"
        " AND (CAST(:before AS uuid) IS NULL OR id < :before) ORDER BY id DESC LIMIT :limit",
        {"name": name, "before": before, "limit": limit},
    )


async def changed_clients(
    tx: Transaction,
    id: UUID,
    branches: list[UUID] | None,
    direction: str | None,
    after: UUID | None,
    limit: int,
) -> Sequence[Any]:
    """Whose standing a run changed, as far as the caller's branches reach."""
    return await tx.all(
        "SELECT r.client_id, r.direction, r.outcome_before AS before, r.outcome_after AS after"
        " FROM redecisions r JOIN clients c ON c.id = r.client_id WHERE r.activation_id = :id"
        " AND (CAST(:branches AS uuid[]) IS NULL OR c.branch_ids && CAST(:branches AS uuid[]))"
        " AND (CAST(:direction AS text) IS NULL OR r.direction = :direction)"
        " AND (CAST(:after AS uuid) IS NULL OR r.client_id > :after) ORDER BY r.client_id LIMIT :limit",
        {"id": id, "branches": branches, "direction": direction, "after": after, "limit": limit},
    )


async def withdraw_scheduled(tx: Transaction, name: str, version: int) -> int:
    """Take back what has not begun."""
    return await tx.run(
        "UPDATE protocol_activations SET state = 'withdrawn', finished_at = clock_timestamp()"
        " WHERE name = :name AND version = :version AND NOT dry_run AND state = 'scheduled'"
        " AND active_from > clock_timestamp()",
        {"name": name, "version": version},
    )


# One process works on an activation; the others pass it by. Real ones come before dry runs, the latest first: it
# supersedes what is open of its protocol.
_CLAIM = """
SELECT *, clock_timestamp() AS now FROM protocol_activations
WHERE state IN ('scheduled', 'running') AND active_from <= clock_timestamp()
ORDER BY dry_run, active_from DESC, id DESC LIMIT 1 FOR UPDATE SKIP LOCKED
"""
# A later activation of the same protocol re-runs everybody anyway.
_BEGIN = """
WITH superseded AS (
    UPDATE protocol_activations o SET state = 'superseded', finished_at = clock_timestamp()
    FROM protocol_activations n
    WHERE n.id = :id AND NOT n.dry_run AND NOT o.dry_run AND o.name = n.name
      AND o.state IN ('scheduled', 'running') AND (o.active_from, o.id) < (n.active_from, n.id)
)
UPDATE protocol_activations a SET state = 'running', started_at = clock_timestamp(), total = (
    SELECT count(*) FROM standings s WHERE s.protocol = a.name AND s.valid_until >= CAST(:day AS date))
WHERE a.id = :id
"""


async def claim(tx: Transaction) -> Any:
    """The activation to work on, locked for this transaction; None when there is nothing to do."""
    return await tx.first(_CLAIM)


async def begin(tx: Transaction, id: UUID, day: Any) -> None:
    """Count whom it concerns, and end what it supersedes."""
    await tx.run(_BEGIN, {"id": id, "day": day})


async def advance(tx: Transaction, id: UUID, counts: Mapping[str, int], cursor: UUID | None, *, done: bool) -> None:
    """Add to the counts, in one commit with the rest of the batch: a run that dies loses and doubles nothing."""
    await tx.run(
        "UPDATE protocol_activations SET to_stricter = to_stricter + :to_stricter, to_milder = to_milder + :to_milder,"
        " unchanged = unchanged + :unchanged, needs_new_answers = needs_new_answers + :needs_new_answers,"
        " cursor = coalesce(CAST(:cursor AS uuid), cursor), state = CASE WHEN :done THEN 'done' ELSE state END,"
        " finished_at = CASE WHEN :done THEN clock_timestamp() END WHERE id = :id",
        {"id": id, "cursor": cursor, "done": done, **counts},
    )
