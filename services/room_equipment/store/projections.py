"""Branches, treatments and therapists as scheduling announced them; an older version never overwrites a newer one."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from shared.kit.database import Transaction

_BRANCHES = """
INSERT INTO branches AS b (id, version, code, timezone)
SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:versions AS int[]), CAST(:codes AS text[]), CAST(:timezones AS text[]))
ON CONFLICT (id) DO UPDATE SET version = excluded.version, code = excluded.code, timezone = excluded.timezone
WHERE b.version < excluded.version
"""

_TREATMENTS = """
INSERT INTO treatments AS t (id, version, code, duration_minutes, turnover_minutes, requires_bar, screening_protocol)
SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:versions AS int[]), CAST(:codes AS text[]), CAST(:durations AS int[]),
                     CAST(:turnovers AS int[]), CAST(:requires_bar AS boolean[]), CAST(:protocols AS text[]))
ON CONFLICT (id) DO UPDATE SET version = excluded.version, code = excluded.code,
    duration_minutes = excluded.duration_minutes, turnover_minutes = excluded.turnover_minutes,
    requires_bar = excluded.requires_bar, screening_protocol = excluded.screening_protocol
WHERE t.version < excluded.version
"""

# Branches come as one comma-separated text each: SQL has no array of arrays of different lengths.
_THERAPISTS = """
INSERT INTO therapists AS t (id, version, branch_ids, active)
SELECT id, version, CAST(string_to_array(branches, ',') AS uuid[]), active
FROM unnest(CAST(:ids AS uuid[]), CAST(:versions AS int[]), CAST(:branches AS text[]), CAST(:active AS boolean[]))
    AS e (id, version, branches, active)
ON CONFLICT (id) DO UPDATE SET version = excluded.version, branch_ids = excluded.branch_ids, active = excluded.active
WHERE t.version < excluded.version
"""


async def put_branches(tx: Transaction, columns: Mapping[str, Any]) -> None:
    await tx.run(_BRANCHES, columns)


async def put_treatments(tx: Transaction, columns: Mapping[str, Any]) -> None:
    await tx.run(_TREATMENTS, columns)


async def put_therapists(tx: Transaction, columns: Mapping[str, Any]) -> None:
    await tx.run(_THERAPISTS, columns)


async def branch(tx: Transaction, id: UUID) -> Row[Any] | None:
    return await tx.first("SELECT id, code, timezone FROM branches WHERE id = :id", {"id": id})


async def treatment(tx: Transaction, id: UUID) -> Row[Any] | None:
    return await tx.first("SELECT * FROM treatments WHERE id = :id", {"id": id})


async def therapist(tx: Transaction, id: UUID) -> Row[Any] | None:
    return await tx.first("SELECT * FROM therapists WHERE id = :id", {"id": id})


async def forget_clients(tx: Transaction, ids: Sequence[UUID]) -> None:
    """A session stays on record, but no longer whose it was."""
    for table in ("assignments", "assignment_history"):
        await tx.run(
            f"UPDATE {table} SET client_id = NULL WHERE client_id = ANY (CAST(:ids AS uuid[]))",
            {"ids": list(ids)},
        )
