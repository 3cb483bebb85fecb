"""How long answers are kept, and whose are past it."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from shared.kit.database import Transaction

# The last time a client was here or a decision about them held: a session of a screened treatment has answers at its
# door. A client of several branches is kept as long as the one that keeps longest.
_DUE = """
WITH present AS (
    SELECT k.client_id, c.branch_ids, greatest(
        k.created_at,
        (SELECT max(greatest(s.decided_at, CAST(s.valid_until AS timestamptz))) FROM screenings s
         WHERE s.client_id = k.client_id),
        (SELECT max(a.answered_at) FROM arrivals a WHERE a.client_id = k.client_id),
        (SELECT max(l.recorded_at) FROM clearances l WHERE l.client_id = k.client_id),
        (SELECT max(CAST(t.letter_until AS timestamptz)) FROM standings t WHERE t.client_id = k.client_id),
        (SELECT max(p.ends_at) FROM appointments p WHERE p.client_id = k.client_id),
        (SELECT max(i.expires_at) FROM invitations i WHERE i.client_id = k.client_id)) AS last
    FROM client_keys k JOIN clients c ON c.id = k.client_id
), ruled AS (
    SELECT p.client_id, p.last,
        CASE WHEN bool_or(m.months IS NULL) THEN NULL ELSE max(m.months) END AS months
    FROM present p
    CROSS JOIN LATERAL unnest(
        CASE WHEN p.branch_ids = '{}' THEN CAST(ARRAY[NULL] AS uuid[]) ELSE p.branch_ids END) AS b (id)
    LEFT JOIN retention_rules own ON own.branch_id = b.id
    LEFT JOIN retention_rules chain ON chain.branch_id IS NULL
    CROSS JOIN LATERAL (SELECT CASE WHEN own.changed_at IS NOT NULL THEN own.months
                                    WHEN chain.changed_at IS NOT NULL THEN chain.months
                                    ELSE CAST(:default AS int) END AS months) AS m
    GROUP BY p.client_id, p.last
)
SELECT client_id, months, count(*) OVER () AS due FROM ruled
WHERE last + make_interval(months => months) < clock_timestamp() ORDER BY client_id LIMIT :limit
"""


async def due(tx: Transaction, default: int | None, limit: int) -> Sequence[Any]:
    """Rows of (client_id, months, due), `due` being how many there are in all. `default`: without any rule."""
    return await tx.all(_DUE, {"default": default, "limit": limit})


async def rules(tx: Transaction) -> Sequence[Any]:
    """Rows of (branch_id, months), the chain's first."""
    return await tx.all("SELECT branch_id, months FROM retention_rules ORDER BY branch_id NULLS FIRST")


async def save(tx: Transaction, branch_id: UUID | None, months: int | None) -> None:
    await tx.run(
        "INSERT INTO retention_rules (branch_id, months) VALUES (CAST(:branch_id AS uuid), :months)"
        " ON CONFLICT (branch_id) DO UPDATE SET months = excluded.months, changed_at = clock_timestamp()",
        {"branch_id": branch_id, "months": months},
    )


async def bump(tx: Transaction, ids: Sequence[UUID]) -> Sequence[Any]:
    """The next number of what is announced about each. Rows of (id, facts)."""
    return await tx.all(
        "UPDATE clients SET facts = facts + 1 WHERE id = ANY(CAST(:ids AS uuid[])) RETURNING id, facts",
        {"ids": list(ids)},
    )
