"""Clients and branches as scheduling announced them, and each client's key."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from services.screening.domain.calendar import local_day, zone
from services.screening.vault import ClientVault, Vault, WrappedKey
from shared.kit.database import Transaction


@dataclass(frozen=True)
class Client:
    """A client who is locked for this transaction.

    `facts` is the number of the fact this transaction announces about the client; `now` the database's clock.
    """

    id: UUID
    branch_ids: list[UUID]
    facts: int
    now: datetime
    zone: ZoneInfo | None
    key: WrappedKey | None

    @property
    def today(self) -> date:
        """The local day at the first of the client's branches."""
        return local_day(self.now, self.zone)


_LOCK = "UPDATE clients SET facts = facts + 1 WHERE id = :id AND NOT erased RETURNING branch_ids, facts"

# A second statement on purpose: its snapshot is taken when the lock is held, so a key destroyed meanwhile is not used.
_KEY = """
SELECT clock_timestamp() AS now, k.master_key_id, k.wrapped,
       (SELECT timezone FROM branches WHERE id = ANY(CAST(:branch_ids AS uuid[])) ORDER BY id LIMIT 1) AS timezone
FROM (VALUES (CAST(:id AS uuid))) AS c (id) LEFT JOIN client_keys k ON k.client_id = c.id
"""


async def lock(tx: Transaction, id: UUID) -> Client | None:
    """The client, so that nobody else decides on or erases the same one now; None if unknown or erased."""
    row = await tx.first(_LOCK, {"id": id})
    return await _locked(tx, id, row) if row is not None else None


async def hold(tx: Transaction, id: UUID) -> Client | None:
    """The client, locked like by `lock`, with nothing to announce about them; None if unknown or erased."""
    row = await tx.first(
        "SELECT branch_ids, facts FROM clients WHERE id = :id AND NOT erased FOR NO KEY UPDATE", {"id": id}
    )
    return await _locked(tx, id, row) if row is not None else None


async def _locked(tx: Transaction, id: UUID, row: Any) -> Client:
    more = await tx.one(_KEY, {"id": id, "branch_ids": row.branch_ids})
    key = WrappedKey(more.master_key_id, more.wrapped) if more.wrapped else None
    return Client(id, row.branch_ids, row.facts, more.now, zone(more.timezone), key)


async def branches_of(tx: Transaction, id: UUID) -> list[UUID] | None:
    """The branches a client belongs to; None if unknown or erased."""
    found: list[UUID] | None = await tx.scalar(
        "SELECT branch_ids FROM clients WHERE id = :id AND NOT erased", {"id": id}
    )
    return found


async def vault_of(tx: Transaction, vault: Vault, client: Client) -> ClientVault:
    """The locked client's vault, with a fresh key if there is none."""
    if client.key is not None:
        return vault.unwrap(client.id, client.key)
    opened, key = await asyncio.to_thread(vault.new_key, client.id)  # it waits for a disk
    await tx.run(
        "INSERT INTO client_keys (client_id, master_key_id, wrapped) VALUES (:id, :master, :wrapped)",
        {"id": client.id, "master": key.master_key_id, "wrapped": key.wrapped},
    )
    return opened


async def existing_vault(tx: Transaction, vault: Vault, client_id: UUID) -> ClientVault | None:
    """For reading: None when the key was destroyed or never made."""
    row = await tx.first("SELECT master_key_id, wrapped FROM client_keys WHERE client_id = :id", {"id": client_id})
    return vault.unwrap(client_id, WrappedKey(row.master_key_id, row.wrapped)) if row else None


_ERASE = (
    "DELETE FROM client_keys WHERE client_id = ANY(CAST(:ids AS uuid[]))",
    "DELETE FROM standings WHERE client_id = ANY(CAST(:ids AS uuid[]))",
    "DELETE FROM arrivals WHERE client_id = ANY(CAST(:ids AS uuid[]))",
    "DELETE FROM redecisions WHERE client_id = ANY(CAST(:ids AS uuid[]))",
    "DELETE FROM clearance_documents WHERE client_id = ANY(CAST(:ids AS uuid[]))",
    # Not deleted: the same POST sent again must not bring back what was erased. \x02 reads as "erased".
    "UPDATE idempotency_keys SET body = CAST('\\x02' AS bytea) WHERE subject_id = ANY(CAST(:ids AS uuid[]))",
    "UPDATE screenings SET vault = NULL WHERE client_id = ANY(CAST(:ids AS uuid[])) AND vault IS NOT NULL",
    "UPDATE clearances SET vault = NULL WHERE client_id = ANY(CAST(:ids AS uuid[])) AND vault IS NOT NULL",
    # A link from before opens nothing: who is asked again gets a new one.
    "UPDATE invitations SET draft = NULL, revoked_at = clock_timestamp()"
    " WHERE client_id = ANY(CAST(:ids AS uuid[])) AND completed_at IS NULL AND revoked_at IS NULL",
)


async def destroy_answers(tx: Transaction, ids: Sequence[UUID]) -> None:
    """Destroy their keys, and with them every answer, reason, limit and document. The decisions taken stay."""
    for statement in _ERASE:
        await tx.run(statement, {"ids": list(ids)})


_SAVE = """
INSERT INTO clients AS c (id, version, branch_ids)
SELECT * FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r (id uuid, version int, branch_ids uuid[])
ON CONFLICT (id) DO UPDATE SET version = excluded.version, branch_ids = excluded.branch_ids
WHERE c.version < excluded.version
"""


async def save(tx: Transaction, rows: list[dict[str, Any]]) -> None:
    """Take over {id, version, branch_ids}; an older version changes nothing."""
    await tx.run(_SAVE, {"rows": rows})


_MARK_ERASED = """
INSERT INTO clients AS c (id, version, branch_ids, erased, facts)
SELECT id, version, '{}', true, 1 FROM unnest(CAST(:ids AS uuid[]), CAST(:versions AS int[])) AS e (id, version)
ON CONFLICT (id) DO UPDATE
SET version = greatest(c.version, excluded.version), branch_ids = '{}', erased = true, facts = c.facts + 1
RETURNING id, facts
"""


async def mark_erased(tx: Transaction, erased: dict[UUID, int]) -> Sequence[Any]:
    """Erased by scheduling, {id: version}: nobody is screened under these ids again. Rows of (id, facts)."""
    return await tx.all(_MARK_ERASED, {"ids": list(erased), "versions": list(erased.values())})


_SAVE_BRANCHES = """
INSERT INTO branches AS b (id, version, timezone)
SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:versions AS int[]), CAST(:timezones AS text[]))
ON CONFLICT (id) DO UPDATE SET version = excluded.version, timezone = excluded.timezone
WHERE b.version < excluded.version
"""


async def save_branches(tx: Transaction, ids: list[UUID], versions: list[int], timezones: list[str]) -> None:
    """Take over branches' time zones; an older version changes nothing."""
    await tx.run(_SAVE_BRANCHES, {"ids": ids, "versions": versions, "timezones": timezones})
