"""The life of a master key: made, moved to, and destroyed once nothing needs it."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from services.screening.domain.errors import (
    MasterKeyActive,
    MasterKeyInUse,
    MasterKeyNotFound,
    MasterKeysKeptElsewhere,
    Unreadable,
)
from services.screening.master_keys import MasterKey, MasterKeys
from services.screening.metrics import KEYS_TO_REWRAP
from services.screening.opening import open_vault
from services.screening.store import keys
from services.screening.vault import Vault, WrappedKey
from shared.kit import audit, logging
from shared.kit.auth import Principal
from shared.kit.database import Transaction

BATCH = 1_000
log = logging.get(__name__)


@dataclass(frozen=True)
class KeyState:
    """A master key and what still needs it. `id` is a short hash of it."""

    id: str
    active: bool
    client_keys: int
    records: int
    present: bool = True

    @property
    def destroyable(self) -> bool:
        return self.present and not (self.active or self.client_keys or self.records)


async def state(tx: Transaction, vault: Vault) -> list[KeyState]:
    """Every master key, newest first; one that is needed and not there comes last."""
    wrapped, records = await keys.by_master(tx), await keys.records_by_master(tx)
    known = [key.id for key in vault.keys.keys]
    return [
        KeyState(id, id == known[0], wrapped.get(id, 0), records.get(id, 0), id in known)
        for id in [*known, *sorted(set(wrapped) - set(known))]
    ]


async def rotate(tx: Transaction, vault: Vault, who: Principal, reason: str) -> list[KeyState]:
    """A new master key wraps from now on; the job moves clients' keys over to it.

    Raises:
        MasterKeysKeptElsewhere: they come from the environment, or from a file that may not be written.
    """
    _writable(vault)
    fresh = MasterKey.fresh()
    await audit.record(tx, who, "rotated", "master_key", fresh.id, reason=reason)
    await asyncio.to_thread(vault.keys.source.change, lambda held: MasterKeys((fresh, *held.keys)))
    return await state(tx, vault)


async def rewrap(tx: Transaction, vault: Vault, limit: int = BATCH) -> int:
    """Move the next clients' keys under the newest master key. What one batch moved stays moved.

    A key that does not open is left where it is, and keeps its old master key from being destroyed.
    """
    known = [key.id for key in vault.keys.keys]
    rows = await keys.to_rewrap(tx, known[0], known, limit)
    moved = await asyncio.to_thread(_rewrapped, vault, rows)
    if len(moved) < len(rows):
        log.error("clients' keys do not open and stay under an old master key", keys=len(rows) - len(moved))
    return await keys.replace(tx, moved) if moved else 0


def _rewrapped(vault: Vault, rows: Sequence[Any]) -> dict[UUID, WrappedKey]:
    moved = {}
    for row in rows:
        try:
            moved[row.client_id] = vault.rewrap(row.client_id, WrappedKey(row.master_key_id, bytes(row.wrapped)))
        except Unreadable:
            continue
    return moved


async def rewrap_keys(tx: Transaction) -> int:
    """The job: a batch at a time, until none is left under an old master key."""
    vault = open_vault()
    moved = await rewrap(tx, vault)
    KEYS_TO_REWRAP.set(sum(key.client_keys for key in await state(tx, vault) if not key.active))
    return moved


async def destroy(tx: Transaction, vault: Vault, who: Principal, id: str, reason: str) -> None:
    """Take a master key out of its file, for good.

    Raises:
        MasterKeyNotFound, MasterKeysKeptElsewhere.
        MasterKeyActive: it wraps new keys; rotate first.
        MasterKeyInUse: clients' keys, or idempotency records of the last day, are still under it.
    """
    _writable(vault)
    await keys.hold_still(tx)
    found = next((key for key in await state(tx, vault) if key.id == id and key.present), None)
    if found is None:
        raise MasterKeyNotFound
    if found.active:
        raise MasterKeyActive
    if not found.destroyable:
        raise MasterKeyInUse(found.client_keys, found.records)
    await audit.record(tx, who, "destroyed", "master_key", id, reason=reason)
    await asyncio.to_thread(
        vault.keys.source.change, lambda held: MasterKeys(tuple(key for key in held.keys if key.id != id))
    )


def _writable(vault: Vault) -> None:
    if not vault.keys.source.writable:
        raise MasterKeysKeptElsewhere
