"""Every query of notification."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

from services.notification.domain.messages import Occasion, Purpose, Recipient
from shared.kit.database import Transaction

Row = Any


class NewMessage(NamedTuple):
    """One row of `messages`, as its event asks for it."""

    id: UUID
    event_id: UUID
    recipient: Recipient
    template: Purpose
    appointment_id: UUID | None
    branch_id: UUID
    client_id: UUID | None
    starts_at: Any
    room_id: UUID | None
    urgent: bool
    traceparent: str | None
    asset_id: UUID | None = None
    invitation_id: UUID | None = None


_QUEUE = """
INSERT INTO messages
    (id, event_id, recipient, channel, template, appointment_id, branch_id, client_id, starts_at, room_id, urgent,
     traceparent, asset_id, invitation_id)
SELECT n.id, n.event_id, n.recipient, 'email', n.template, n.appointment_id, n.branch_id, n.client_id, n.starts_at,
       n.room_id, n.urgent, n.traceparent, n.asset_id, n.invitation_id
FROM unnest(CAST(:id AS uuid[]), CAST(:event_id AS uuid[]), CAST(:recipient AS text[]), CAST(:template AS text[]),
            CAST(:appointment_id AS uuid[]), CAST(:branch_id AS uuid[]), CAST(:client_id AS uuid[]),
            CAST(:starts_at AS timestamptz[]), CAST(:room_id AS uuid[]), CAST(:urgent AS boolean[]),
            CAST(:traceparent AS text[]), CAST(:asset_id AS uuid[]), CAST(:invitation_id AS uuid[]))
    AS n (id, event_id, recipient, template, appointment_id, branch_id, client_id, starts_at, room_id, urgent,
          traceparent, asset_id, invitation_id)
LEFT JOIN clients c ON c.client_id = n.client_id
WHERE n.recipient = 'branch' OR NOT COALESCE(c.erased, false)
ON CONFLICT DO NOTHING
"""


async def queue(tx: Transaction, messages: Sequence[NewMessage]) -> int:
    """Store them, those of an event that was handled before left out, and those to a client who was erased."""
    if not messages:
        return 0
    return await tx.run(_QUEUE, {name: [getattr(m, name) for m in messages] for name in NewMessage._fields})


_CLAIM = """
WITH due AS (
    SELECT id FROM messages
    WHERE state IN ('queued', 'sending') AND next_attempt_at <= now() AND (urgent OR NOT CAST(:urgent_only AS boolean))
    ORDER BY urgent DESC, next_attempt_at LIMIT :most FOR UPDATE SKIP LOCKED
)
UPDATE messages m SET state = 'sending', claims = m.claims + 1, next_attempt_at = now() + CAST(:lease AS interval)
FROM due LEFT JOIN LATERAL (
    SELECT 'email' = ANY(p.channels) AS wanted FROM messages d JOIN preferences p ON p.client_id = d.client_id
    WHERE d.id = due.id AND d.recipient = 'client'
) preference ON true
WHERE m.id = due.id
RETURNING m.*, now() AS now, COALESCE(preference.wanted, true) AS wanted
"""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A message this sender has until its lease ends. `now` is the database's clock at the claim."""

    id: UUID
    claims: int
    attempts: int
    event_id: UUID
    recipient: Recipient
    appointment_id: UUID | None
    branch_id: UUID
    client_id: UUID | None
    occasion: Occasion
    wanted: bool
    now: Any
    asset_id: UUID | None = None
    invitation_id: UUID | None = None


async def claim(tx: Transaction, most: int, lease: Any, *, urgent_only: bool = False) -> list[Claimed]:
    """Take the next messages, urgent ones first. Of several senders each gets others."""
    rows = await tx.all(_CLAIM, {"most": most, "lease": lease, "urgent_only": urgent_only})
    return [
        Claimed(
            id=row.id,
            claims=row.claims,
            attempts=row.attempts,
            event_id=row.event_id,
            recipient=Recipient(row.recipient),
            appointment_id=row.appointment_id,
            branch_id=row.branch_id,
            client_id=row.client_id,
            occasion=Occasion(Purpose(row.template), row.starts_at, row.room_id),
            wanted=row.wanted,
            now=row.now,
            asset_id=row.asset_id,
            invitation_id=row.invitation_id,
        )
        for row in sorted(rows, key=lambda row: (not row.urgent, row.id))
    ]


_KEEP = """
UPDATE messages m SET next_attempt_at = now() + CAST(:lease AS interval)
FROM unnest(CAST(:id AS uuid[]), CAST(:claims AS int[])) AS o (id, claims)
WHERE m.id = o.id AND m.claims = o.claims AND m.state = 'sending'
"""


async def keep(tx: Transaction, taken: Sequence[Claimed], lease: Any) -> None:
    """The lease of those still under way begins anew; what another sender has taken since is left alone."""
    await tx.run(_KEEP, {"id": [m.id for m in taken], "claims": [m.claims for m in taken], "lease": lease})


class Outcome(NamedTuple):
    """What became of a claimed message. `wait` is until the next attempt, for one that goes back to `queued`."""

    id: UUID
    claims: int
    state: str
    reason: str
    attempts: int
    wait: Any
    sent_to: str | None
    locale: str | None


_MARK = """
UPDATE messages m SET state = o.state, reason = o.reason, attempts = o.attempts, next_attempt_at = now() + o.wait,
    sent_to = o.sent_to, locale = o.locale, sent_at = CASE WHEN o.state = 'sent' THEN now() END
FROM unnest(CAST(:id AS uuid[]), CAST(:claims AS int[]), CAST(:state AS text[]), CAST(:reason AS text[]),
            CAST(:attempts AS int[]), CAST(:wait AS interval[]), CAST(:sent_to AS text[]), CAST(:locale AS text[]))
    AS o (id, claims, state, reason, attempts, wait, sent_to, locale)
WHERE m.id = o.id AND m.claims = o.claims AND m.state = 'sending'
RETURNING m.id, m.state, m.reason, m.appointment_id, m.template, m.channel, m.traceparent
"""


async def mark(tx: Transaction, outcomes: Sequence[Outcome]) -> Sequence[Row]:
    """Write down what became of them. A message whose lease ended and that another sender took since is left alone.

    Returns the rows that were marked.
    """
    return await tx.all(_MARK, {name: [getattr(o, name) for o in outcomes] for name in Outcome._fields})


_SAVE_CLIENTS = """
INSERT INTO clients AS c (client_id, version, branch_ids, erased)
SELECT n.client_id, n.version, ARRAY(SELECT CAST(jsonb_array_elements_text(n.branch_ids) AS uuid)), n.erased
FROM jsonb_to_recordset(CAST(:clients AS jsonb)) AS n (client_id uuid, version int, branch_ids jsonb, erased boolean)
ON CONFLICT (client_id) DO UPDATE SET version = excluded.version, erased = excluded.erased,
    branch_ids = CASE WHEN excluded.erased THEN c.branch_ids ELSE excluded.branch_ids END
WHERE c.version < excluded.version AND NOT c.erased
"""


async def save_clients(tx: Transaction, clients: Sequence[dict[str, Any]]) -> None:
    """What scheduling says of them; an older version changes nothing, and an erased client stays erased."""
    await tx.run(_SAVE_CLIENTS, {"clients": clients})


async def forget_clients(tx: Transaction, client_ids: Sequence[UUID]) -> None:
    """Nothing more is sent to them, and nothing is kept of where it was sent."""
    ids = {"ids": client_ids}
    await tx.run(
        "UPDATE messages SET sent_to = NULL, locale = NULL WHERE recipient = 'client' AND client_id = ANY(:ids)", ids
    )
    await tx.run(
        "UPDATE messages SET state = 'dropped', reason = 'client_erased'"
        " WHERE recipient = 'client' AND client_id = ANY(:ids) AND state IN ('queued', 'sending')",
        ids,
    )
    await tx.run("DELETE FROM preferences WHERE client_id = ANY(:ids)", ids)
    await tx.run("UPDATE clients SET erased_at = now() WHERE client_id = ANY(:ids) AND erased_at IS NULL", ids)


_LIST = """
SELECT * FROM messages
WHERE (CAST(:branches AS uuid[]) IS NULL OR branch_id = ANY(CAST(:branches AS uuid[])))
  AND (CAST(:id AS uuid) IS NULL OR id = :id)
  AND (CAST(:branch_id AS uuid) IS NULL OR branch_id = :branch_id)
  AND (CAST(:appointment_id AS uuid) IS NULL OR appointment_id = :appointment_id)
  AND (CAST(:client_id AS uuid) IS NULL OR client_id = :client_id)
  AND (CAST(:state AS text) IS NULL OR state = :state)
  AND (CAST(:template AS text) IS NULL OR template = :template)
  AND (CAST(:before AS uuid) IS NULL OR id < :before)
ORDER BY id DESC LIMIT :limit
"""


async def messages(tx: Transaction, **filters: Any) -> Sequence[Row]:
    """Newest first. `branches` are those the caller sees (None: all); the other filters are None where not asked."""
    names = ("branches", "id", "branch_id", "appointment_id", "client_id", "state", "template", "before", "limit")
    return await tx.all(_LIST, {name: filters.get(name) for name in names})


async def preferences(tx: Transaction, client_id: UUID, *, lock: bool = False) -> Row | None:
    """The client's branches and preferences; None for a client nobody knows, or who was erased."""
    statement = """
        SELECT c.client_id, c.branch_ids, COALESCE(p.channels, ARRAY['email']) AS channels,
               COALESCE(p.version, 0) AS version
        FROM clients c LEFT JOIN preferences p USING (client_id) WHERE c.client_id = :id AND NOT c.erased
    """
    return await tx.first(statement + (" FOR UPDATE OF c" if lock else ""), {"id": client_id})


async def save_preferences(tx: Transaction, client_id: UUID, channels: Sequence[str]) -> None:
    statement = """
        INSERT INTO preferences AS p (client_id, channels, version) VALUES (:id, :channels, 1)
        ON CONFLICT (client_id) DO UPDATE SET channels = excluded.channels, version = p.version + 1, updated_at = now()
    """
    await tx.run(statement, {"id": client_id, "channels": list(channels)})


async def forget_old(tx: Transaction, days: int) -> int:
    statement = """
        DELETE FROM messages WHERE id IN (
            SELECT id FROM messages WHERE created_at < now() - make_interval(days => :days)
            AND state IN ('sent', 'failed', 'dropped') ORDER BY id LIMIT 10000)
    """
    return await tx.run(statement, {"days": days})
