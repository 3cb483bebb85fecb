"""Screenings, their letters, and the standings that follow from them."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from typing import Any
from uuid import UUID

from services.screening.domain.standing import Standing
from services.screening.store.clients import Client
from shared.kit.database import Transaction

_INSERT = """
WITH decided AS (
    INSERT INTO screenings
        (id, client_id, protocol, protocol_version, outcome, valid_until, decided_at, recorded_by, vault)
    VALUES (:id, :client_id, :protocol, :protocol_version, :outcome, :valid_until, :now, :recorded_by, :vault)
)
INSERT INTO standings
    (client_id, protocol, version, screening_id, protocol_version, valid_until, declined, asks_again, until_well,
     deferred_until, needs_clearance, has_limits, letter_until)
VALUES (:client_id, :protocol, :version, :id, :protocol_version, :valid_until, :declined, :asks_again, :until_well,
        :deferred_until, :needs_clearance, :has_limits, :letter_until)
ON CONFLICT (client_id, protocol) DO UPDATE SET
    version = excluded.version, screening_id = excluded.screening_id, protocol_version = excluded.protocol_version,
    valid_until = excluded.valid_until, declined = excluded.declined, asks_again = excluded.asks_again,
    until_well = excluded.until_well, deferred_until = excluded.deferred_until,
    needs_clearance = excluded.needs_clearance, has_limits = excluded.has_limits,
    letter_until = excluded.letter_until, expiry_announced = false, outdated = false
"""


async def insert(
    tx: Transaction,
    client: Client,
    standing: Standing,
    *,
    id: UUID,
    protocol: str,
    protocol_version: int,
    outcome: str,
    recorded_by: str,
    vault: bytes,
) -> None:
    """Store a decision and make it the client's standing."""
    await tx.run(
        _INSERT,
        asdict(standing)
        | {"id": id, "client_id": client.id, "version": client.facts, "now": client.now, "protocol": protocol,
           "protocol_version": protocol_version, "outcome": outcome, "recorded_by": recorded_by, "vault": vault},
    )  # fmt: skip


_READ = """
SELECT s.id, s.client_id, s.protocol, s.protocol_version, s.outcome, s.valid_until, s.decided_at, s.vault,
       c.branch_ids, coalesce(t.screening_id = s.id, false) AS is_current,
       CASE WHEN t.screening_id = s.id THEN t.protocol_version END AS standing_version
FROM screenings s JOIN clients c ON c.id = s.client_id
LEFT JOIN standings t ON t.client_id = s.client_id AND t.protocol = s.protocol
WHERE s.id = :id
"""


async def read(tx: Transaction, id: UUID) -> Any:
    """A screening with its client's branches; None if there is none."""
    return await tx.first(_READ, {"id": id})


async def page_of_client(
    tx: Transaction, client_id: UUID, protocol: str | None, before: UUID | None, limit: int
) -> Sequence[Any]:
    """A client's screenings, newest first (their ids rise with time)."""
    return await tx.all(
        _READ.replace(
            "WHERE s.id = :id",
            "WHERE s.client_id = :client_id AND (CAST(:protocol AS text) IS NULL OR s.protocol = :protocol)"
            " AND (CAST(:before AS uuid) IS NULL OR s.id < :before) ORDER BY s.id DESC LIMIT :limit",
        ),
        {"client_id": client_id, "protocol": protocol, "before": before, "limit": limit},
    )


def standing_of(row: Any) -> Standing:
    """The standing in a row of `standings`."""
    return Standing(
        valid_until=row.valid_until,
        declined=row.declined,
        asks_again=row.asks_again,
        until_well=row.until_well,
        deferred_until=row.deferred_until,
        needs_clearance=row.needs_clearance,
        has_limits=row.has_limits,
        letter_until=row.letter_until,
    )


async def current(tx: Transaction, client_id: UUID, protocol: str) -> Any:
    """The row of `standings`, or None."""
    return await tx.first(
        "SELECT * FROM standings WHERE client_id = :client_id AND protocol = :protocol",
        {"client_id": client_id, "protocol": protocol},
    )


_LETTER = """
WITH letter AS (
    INSERT INTO clearances (id, screening_id, client_id, recorded_at, recorded_by, vault)
    VALUES (:id, :screening_id, :client_id, :now, :recorded_by, :vault)
)
UPDATE standings SET version = :version, declined = :declined, needs_clearance = :needs_clearance,
    has_limits = :has_limits, letter_until = :letter_until
WHERE client_id = :client_id AND protocol = :protocol
"""


async def insert_letter(
    tx: Transaction,
    client: Client,
    standing: Standing,
    *,
    id: UUID,
    screening_id: UUID,
    protocol: str,
    recorded_by: str,
    vault: bytes,
) -> None:
    """Store a letter and what it makes of the standing."""
    await tx.run(
        _LETTER,
        {"id": id, "screening_id": screening_id, "client_id": client.id, "now": client.now, "version": client.facts,
         "protocol": protocol, "recorded_by": recorded_by, "vault": vault, "declined": standing.declined,
         "needs_clearance": standing.needs_clearance, "has_limits": standing.has_limits,
         "letter_until": standing.letter_until},
    )  # fmt: skip


_OUTDATE = """
WITH ranked AS (
    SELECT protocol, row_number() OVER (ORDER BY protocol) - 1 AS place FROM standings WHERE client_id = :client_id
), counted AS (
    UPDATE clients SET facts = facts + greatest((SELECT count(*) FROM ranked) - 1, 0) WHERE id = :client_id
)
UPDATE standings s SET version = :version + r.place, asks_again = true, outdated = true
FROM ranked r WHERE s.client_id = :client_id AND s.protocol = r.protocol RETURNING s.*
"""


async def outdate(tx: Transaction, client: Client) -> Sequence[Any]:
    """Something changed since the answers were given, for whatever treatment: they are asked again. The standings."""
    return await tx.all(_OUTDATE, {"client_id": client.id, "version": client.facts})


async def letters(tx: Transaction, screening_id: UUID) -> Sequence[Any]:
    """The letters of a screening that can still be opened, oldest first."""
    return await tx.all(
        "SELECT id, recorded_at, vault FROM clearances WHERE screening_id = :id AND vault IS NOT NULL ORDER BY id",
        {"id": screening_id},
    )


_EXPIRE = """
WITH lapsed AS (
    SELECT client_id, protocol FROM standings
    WHERE NOT expiry_announced AND valid_until < CAST(:day AS date) ORDER BY client_id, protocol LIMIT :limit
    FOR UPDATE SKIP LOCKED
), marked AS (
    UPDATE standings s SET expiry_announced = true FROM lapsed l
    WHERE s.client_id = l.client_id AND s.protocol = l.protocol
), counted AS (
    UPDATE clients c SET facts = c.facts + n.many
    FROM (SELECT client_id, count(*) AS many FROM lapsed GROUP BY client_id) AS n
    WHERE c.id = n.client_id RETURNING c.id, c.facts
)
SELECT l.client_id, l.protocol,
       c.facts - row_number() OVER (PARTITION BY l.client_id ORDER BY l.protocol DESC) + 1 AS facts
FROM lapsed l JOIN counted c ON c.id = l.client_id ORDER BY l.client_id, facts
"""


async def expire(tx: Transaction, day: date, limit: int) -> Sequence[Any]:
    """Mark the standings that ended before `day`. Rows of (client_id, protocol, facts)."""
    return await tx.all(_EXPIRE, {"day": day, "limit": limit})
