"""What needs a person, and what can be proposed to them."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from shared.kit.database import Transaction

_SHOWN = """
SELECT i.*, a.status, a.client_id, a.therapist_id, a.therapist_named, a.treatment_id, a.starts_at, a.ends_at, a.version,
    a.attempt, a.branch_id AS branch_now, a.timezone, clock_timestamp() AS now,
    (SELECT g.id FROM group_bookings g WHERE g.id = a.party_id) AS group_id
FROM attention_items i JOIN appointments a ON a.id = i.appointment_id
"""
# Those whose new slot is being asked for are left alone until that is settled.
_CAN_BE_ANSWERED = """
i.resolved_at IS NULL AND (i.kind = 'displaced' AND a.status = 'needs_attention'
    OR i.kind = 'therapist_needed' AND a.status IN ('confirmed', 'checked_in'))
"""
LIST = f"""{_SHOWN}
WHERE i.resolved_at IS NULL
  AND (CAST(:branches AS uuid[]) IS NULL OR i.branch_id = ANY(CAST(:branches AS uuid[])))
  AND (CAST(:branch_id AS uuid) IS NULL OR i.branch_id = CAST(:branch_id AS uuid))
  AND (CAST(:kind AS text) IS NULL OR i.kind = CAST(:kind AS text))
  AND (CAST(:owner AS text) IS NULL OR i.owner = CAST(:owner AS text))
  AND (CAST(:after AS uuid) IS NULL OR i.id > CAST(:after AS uuid))
ORDER BY i.id LIMIT :limit
"""
GET = f"{_SHOWN} WHERE i.id = :id"
TO_ANSWER = f"{_SHOWN} WHERE i.appointment_id = :id AND {_CAN_BE_ANSWERED} ORDER BY i.kind LIMIT 1"
RESOLVE = """
UPDATE attention_items SET resolved_at = clock_timestamp(), resolution = :resolution
WHERE id = :id AND resolved_at IS NULL
"""
TO_FILL = f"""{_SHOWN}
WHERE i.kind IN ('displaced', 'therapist_needed') AND {_CAN_BE_ANSWERED} AND a.starts_at > clock_timestamp()
  AND (i.alternatives_at IS NULL
       OR i.alternatives_at < clock_timestamp() - make_interval(mins => CAST(:refill_minutes AS int)))
ORDER BY i.alternatives_at NULLS FIRST, i.id LIMIT :limit FOR UPDATE OF i SKIP LOCKED
"""
FILL = """
UPDATE attention_items i SET alternatives = f.alternatives, alternatives_at = clock_timestamp()
FROM jsonb_to_recordset(CAST(:filled AS jsonb)) AS f (id uuid, alternatives jsonb) WHERE i.id = f.id
"""
FORGET = """
UPDATE attention_items SET alternatives = NULL, alternatives_at = NULL
WHERE appointment_id = :id AND kind IN ('displaced', 'therapist_needed') AND resolved_at IS NULL
"""


async def listed(tx: Transaction, filters: dict[str, Any]) -> Sequence[Row[Any]]:
    """Open items, oldest first."""
    return await tx.all(LIST, filters)


async def get(tx: Transaction, id: UUID) -> Row[Any] | None:
    return await tx.first(GET, {"id": id})


async def to_answer(tx: Transaction, appointment_id: UUID) -> Row[Any] | None:
    """The open item of an appointment for which another slot can be chosen now."""
    return await tx.first(TO_ANSWER, {"id": appointment_id})


async def resolve(tx: Transaction, id: UUID, resolution: str) -> bool:
    return bool(await tx.run(RESOLVE, {"id": id, "resolution": resolution}))


async def to_fill(tx: Transaction, limit: int, refill_minutes: int) -> Sequence[Row[Any]]:
    """Items that nothing has been proposed for yet, then those with old proposals; locked."""
    return await tx.all(TO_FILL, {"limit": limit, "refill_minutes": refill_minutes})


async def fill(tx: Transaction, filled: list[dict[str, Any]]) -> None:
    """{id, alternatives}."""
    await tx.run(FILL, {"filled": filled})


async def forget_alternatives(tx: Transaction, appointment_id: UUID) -> None:
    """What was proposed is no longer true; it is computed again."""
    await tx.run(FORGET, {"id": appointment_id})


WITHDRAW = """
UPDATE attention_items SET resolved_at = clock_timestamp(), resolution = 'no longer so'
WHERE branch_id = :branch_id AND kind = :kind AND reason = :reason AND resolved_at IS NULL
  AND appointment_id <> ALL(CAST(:keep AS uuid[]))
"""


async def withdraw(tx: Transaction, branch_id: UUID, kind: str, reason: str, *, keep: Sequence[UUID]) -> None:
    """What called for a person is so no more, but for these appointments."""
    await tx.run(WITHDRAW, {"branch_id": branch_id, "kind": kind, "reason": reason, "keep": list(keep)})
