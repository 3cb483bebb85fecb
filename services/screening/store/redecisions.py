"""The standings of a protocol in batches, and what a re-run makes of them."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from shared.kit.database import Transaction

# Locked first and read by a second statement, whose snapshot is taken when the locks are held (clients.lock).
_LOCK = """
SELECT s.client_id FROM standings s JOIN clients c ON c.id = s.client_id
WHERE s.protocol = :protocol AND s.valid_until >= CAST(:day AS date)
  AND (CAST(:cursor AS uuid) IS NULL OR s.client_id > CAST(:cursor AS uuid))
ORDER BY s.client_id LIMIT :limit FOR NO KEY UPDATE OF c
"""
_READ = """
SELECT s.client_id, s.screening_id, s.protocol_version, s.valid_until, s.declined, s.asks_again, s.until_well,
    s.deferred_until, s.needs_clearance, s.has_limits, s.letter_until, s.outdated, c.facts,
    q.protocol_version AS decided_version, q.vault, k.master_key_id, k.wrapped,
    (SELECT timezone FROM branches WHERE id = ANY(c.branch_ids) ORDER BY id LIMIT 1) AS timezone
FROM standings s
JOIN clients c ON c.id = s.client_id
JOIN screenings q ON q.id = s.screening_id
LEFT JOIN client_keys k ON k.client_id = s.client_id
WHERE s.protocol = :protocol AND s.client_id = ANY(CAST(:ids AS uuid[])) ORDER BY s.client_id
"""


async def lock(tx: Transaction, protocol: str, day: date, cursor: UUID | None, limit: int) -> list[UUID]:
    """The next clients with a standing that still holds on `day`, locked, in id order."""
    rows = await tx.all(_LOCK, {"protocol": protocol, "day": day, "cursor": cursor, "limit": limit})
    return [row.client_id for row in rows]


async def read(tx: Transaction, protocol: str, ids: Sequence[UUID]) -> Sequence[Any]:
    """Their standings, with what the answers are sealed in."""
    return await tx.all(_READ, {"protocol": protocol, "ids": list(ids)})


async def letters(tx: Transaction, screening_ids: Sequence[UUID]) -> dict[UUID, list[Any]]:
    """The letters of these screenings that can still be opened, oldest first."""
    found: dict[UUID, list[Any]] = {}
    for row in await tx.all(
        "SELECT id, screening_id, vault FROM clearances WHERE screening_id = ANY(CAST(:ids AS uuid[]))"
        " AND vault IS NOT NULL ORDER BY id",
        {"ids": list(screening_ids)},
    ):
        found.setdefault(row.screening_id, []).append(row)
    return found


_STAND = """
WITH now AS (
    SELECT * FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r (
        client_id uuid, version int, valid_until date, declined boolean, asks_again boolean, until_well boolean,
        deferred_until date, needs_clearance boolean, has_limits boolean, letter_until date)
), counted AS (
    UPDATE clients c SET facts = n.version FROM now n WHERE c.id = n.client_id
)
UPDATE standings s SET version = n.version, protocol_version = :version, valid_until = n.valid_until,
    declined = n.declined, asks_again = n.asks_again, until_well = n.until_well, deferred_until = n.deferred_until,
    needs_clearance = n.needs_clearance, has_limits = n.has_limits, letter_until = n.letter_until
FROM now n WHERE s.client_id = n.client_id AND s.protocol = :protocol
"""


async def stand(tx: Transaction, protocol: str, version: int, rows: list[dict[str, Any]]) -> None:
    """Store the standings that changed; `version` of a row is the client's new number of facts."""
    await tx.run(_STAND, {"protocol": protocol, "version": version, "rows": rows})


async def confirm(tx: Transaction, protocol: str, version: int, ids: Sequence[UUID]) -> None:
    """The others stand as they did, under the new version."""
    await tx.run(
        "UPDATE standings SET protocol_version = :version"
        " WHERE protocol = :protocol AND client_id = ANY(CAST(:ids AS uuid[]))",
        {"protocol": protocol, "version": version, "ids": list(ids)},
    )


async def record(tx: Transaction, activation_id: UUID, rows: list[dict[str, Any]]) -> None:
    """Keep who changed and which way; the keys of a row are the columns."""
    await tx.run(
        "INSERT INTO redecisions"
        " (activation_id, client_id, screening_id, direction, outcome_before, outcome_after, from_version)"
        " SELECT :activation_id, r.* FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r (client_id uuid,"
        " screening_id uuid, direction text, outcome_before text, outcome_after text, from_version int)"
        " ON CONFLICT (activation_id, client_id) DO NOTHING",
        {"activation_id": activation_id, "rows": rows},
    )
