"""Invitations to the client's own page. Whether one can still be used is judged here, by the database's clock."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from shared.kit.database import Transaction

_STATE = """
CASE
    WHEN i.completed_at IS NOT NULL THEN 'completed'
    WHEN i.revoked_at < i.expires_at OR c.erased THEN 'revoked'
    WHEN i.expires_at <= clock_timestamp() THEN 'expired'
    WHEN i.opened_at IS NOT NULL THEN 'opened'
    ELSE 'sent'
END
"""
_ROWS = f"""
SELECT i.*, {_STATE} AS state, c.branch_ids, b.timezone, clock_timestamp() AS now,
    coalesce(i.completed_at > clock_timestamp() - interval '10 minutes', false) AS just_completed
FROM invitations i JOIN clients c ON c.id = i.client_id LEFT JOIN branches b ON b.id = i.branch_id
"""
LIVE = frozenset({"sent", "opened"})


async def read(tx: Transaction, id: UUID) -> Any:
    """An invitation with its state and its client's branches; None if there is none."""
    return await tx.first(f"{_ROWS} WHERE i.id = :id", {"id": id})


async def lock(tx: Transaction, id: UUID) -> Any:
    """The same, locked. Its client must be locked before, as everything that erases does."""
    await tx.run("SELECT FROM invitations WHERE id = :id FOR UPDATE", {"id": id})
    return await read(tx, id)


async def page(
    tx: Transaction,
    branches: Sequence[UUID] | None,
    *,
    client_id: UUID | None,
    appointment_id: UUID | None,
    state: str | None,
    before: UUID | None,
    limit: int,
) -> Sequence[Any]:
    """Newest first (their ids rise with time), of clients in these branches; None: all."""
    return await tx.all(
        f"SELECT * FROM ({_ROWS}) AS i"
        " WHERE (CAST(:branches AS uuid[]) IS NULL OR branch_ids && CAST(:branches AS uuid[]))"
        " AND (CAST(:client_id AS uuid) IS NULL OR client_id = :client_id)"
        " AND (CAST(:appointment_id AS uuid) IS NULL OR appointment_id = :appointment_id)"
        " AND (CAST(:state AS text) IS NULL OR state = :state)"
        " AND (CAST(:before AS uuid) IS NULL OR id < :before) ORDER BY id DESC LIMIT :limit",
        {"branches": branches, "client_id": client_id, "appointment_id": appointment_id, "state": state,
         "before": before, "limit": limit},
    )  # fmt: skip


_REPLACE = """
UPDATE invitations SET revoked_at = clock_timestamp(), draft = NULL
WHERE client_id = :client_id AND protocol = :protocol AND completed_at IS NULL AND revoked_at IS NULL
"""
_INSERT = """
INSERT INTO invitations (id, client_id, branch_id, protocol, appointment_id, locale, created_by, expires_at)
VALUES (:id, :client_id, :branch_id, :protocol, :appointment_id, :locale, :created_by, date_trunc('second',
    least(clock_timestamp() + make_interval(days => CAST(:days AS int)), CAST(:latest AS timestamptz))))
"""


async def insert(
    tx: Transaction,
    *,
    id: UUID,
    client_id: UUID,
    branch_id: UUID,
    protocol: str,
    appointment_id: UUID | None,
    locale: str | None,
    created_by: str,
    days: int,
    latest: datetime | None,
) -> None:
    """A new one, `latest` at the latest until then; it takes the place of the locked client's other for the protocol,
    whose draft goes with it."""
    await tx.run(_REPLACE, {"client_id": client_id, "protocol": protocol})
    await tx.run(
        _INSERT,
        {"id": id, "client_id": client_id, "branch_id": branch_id, "protocol": protocol,
         "appointment_id": appointment_id, "locale": locale, "created_by": created_by, "days": days, "latest": latest},
    )  # fmt: skip


async def live(tx: Transaction, client_id: UUID, protocol: str) -> Any:
    """The id of the one that can still be used, or None."""
    return await tx.scalar(
        "SELECT id FROM invitations WHERE client_id = :client_id AND protocol = :protocol AND completed_at IS NULL"
        " AND revoked_at IS NULL AND expires_at > clock_timestamp() + interval '1 hour'",
        {"client_id": client_id, "protocol": protocol},
    )


async def several(tx: Transaction, branches: Sequence[UUID] | None, ids: Sequence[UUID]) -> Sequence[Any]:
    """Those of these that can still be used, of clients in these branches; None: all."""
    return await tx.all(
        f"SELECT * FROM ({_ROWS}) AS i WHERE id = ANY(CAST(:ids AS uuid[])) AND state IN ('sent', 'opened')"
        " AND (CAST(:branches AS uuid[]) IS NULL OR branch_ids && CAST(:branches AS uuid[])) ORDER BY id",
        {"ids": list(ids), "branches": branches},
    )


async def revoke(tx: Transaction, id: UUID) -> None:
    """It opens nothing any more, and what was answered so far is gone."""
    await tx.run("UPDATE invitations SET revoked_at = clock_timestamp(), draft = NULL WHERE id = :id", {"id": id})


async def save(tx: Transaction, id: UUID, locale: str, draft: bytes) -> None:
    """Keep what was answered so far, in which language."""
    await tx.run(
        "UPDATE invitations SET opened_at = coalesce(opened_at, clock_timestamp()), locale = :locale, draft = :draft"
        " WHERE id = :id",
        {"id": id, "locale": locale, "draft": draft},
    )


async def complete(tx: Transaction, id: UUID, screening_id: UUID, sent_as: bytes) -> None:
    """It was used: the answers are a screening now, and the draft is gone."""
    await tx.run(
        "UPDATE invitations SET completed_at = clock_timestamp(), opened_at = coalesce(opened_at, clock_timestamp()),"
        " screening_id = :screening_id, sent_as = :sent_as, draft = NULL WHERE id = :id",
        {"id": id, "screening_id": screening_id, "sent_as": sent_as},
    )


async def forget_drafts(tx: Transaction) -> int:
    """Drop what was answered under links whose time is over."""
    return await tx.run(
        "UPDATE invitations SET draft = NULL WHERE draft IS NOT NULL AND expires_at <= clock_timestamp()"
    )
