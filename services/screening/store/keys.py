"""Clients' keys by the master key that wraps them."""

import asyncio
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from services.screening.domain.errors import Unreadable
from services.screening.key_shares import KeyShares, ShareDestroyed, ShareLost
from services.screening.vault import WrappedKey
from shared.kit.database import Transaction

_LOOKED_AT = 1_000


async def unopenable(tx: Transaction, known: Sequence[str]) -> int:
    """How many clients' keys are wrapped by a master key that is not among these."""
    return int(
        await tx.scalar(
            "SELECT count(*) FROM client_keys WHERE master_key_id <> ALL(CAST(:known AS text[]))",
            {"known": list(known)},
        )
    )


async def without_share(tx: Transaction, shares: KeyShares) -> int:
    """How many of the latest keys have no share at all. One that was destroyed is there: it says so."""
    rows = await tx.all(
        "SELECT master_key_id, wrapped FROM client_keys ORDER BY created_at DESC LIMIT :limit", {"limit": _LOOKED_AT}
    )
    keys = [WrappedKey(row.master_key_id, row.wrapped) for row in rows]
    return await asyncio.to_thread(lambda: sum(_lost(shares, key) for key in keys))


def _lost(shares: KeyShares, key: WrappedKey) -> bool:
    try:
        shares.get(key.key_id)
    except ShareDestroyed:
        return False
    except (ShareLost, Unreadable):
        return True
    return False


async def of_clients(tx: Transaction, ids: Sequence[UUID]) -> list[WrappedKey]:
    """The keys these clients have now."""
    rows = await tx.all(
        "SELECT master_key_id, wrapped FROM client_keys WHERE client_id = ANY(CAST(:ids AS uuid[]))", {"ids": list(ids)}
    )
    return [WrappedKey(row.master_key_id, bytes(row.wrapped)) for row in rows]


async def by_master(tx: Transaction) -> dict[str, int]:
    """How many clients' keys each master key wraps."""
    rows = await tx.all("SELECT master_key_id, count(*) AS n FROM client_keys GROUP BY master_key_id")
    return {row.master_key_id: row.n for row in rows}


async def records_by_master(tx: Transaction) -> dict[str, int]:
    """How many idempotency records, which live a day, need each master key to be compared or read."""
    rows = await tx.all(
        "SELECT encode(substring(fingerprint FROM 1 FOR 6), 'hex') AS master, count(*) AS n FROM idempotency_keys"
        " WHERE created_at > clock_timestamp() - interval '24 hours' GROUP BY 1"
    )
    return {row.master: row.n for row in rows}


async def to_rewrap(tx: Transaction, active: str, known: Sequence[str], limit: int) -> Sequence[Any]:
    """Rows of (client_id, master_key_id, wrapped) that are under an older master key, locked."""
    return await tx.all(
        "SELECT client_id, master_key_id, wrapped FROM client_keys"
        " WHERE master_key_id = ANY(CAST(:older AS text[])) ORDER BY client_id LIMIT :limit FOR UPDATE SKIP LOCKED",
        {"older": [id for id in known if id != active], "limit": limit},
    )


async def replace(tx: Transaction, keys: dict[UUID, WrappedKey]) -> int:
    """Store rewrapped keys."""
    return await tx.run(
        "UPDATE client_keys k SET master_key_id = r.master, wrapped = r.wrapped"
        " FROM unnest(CAST(:ids AS uuid[]), CAST(:masters AS text[]), CAST(:wrapped AS bytea[]))"
        " AS r (id, master, wrapped) WHERE k.client_id = r.id",
        {
            "ids": list(keys),
            "masters": [key.master_key_id for key in keys.values()],
            "wrapped": [key.wrapped for key in keys.values()],
        },
    )


async def hold_still(tx: Transaction) -> None:
    """No client gets a key, and none is rewrapped, until this transaction ends."""
    await tx.run("LOCK TABLE client_keys IN SHARE MODE")
