"""Held slots. What holds the therapist's time is a claim with `expires_at`: same table, same constraint as bookings."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from services.scheduling.store.appointments import INSERT_HELD
from services.scheduling.store.claims import GIVE_WAY
from shared.kit.database import Transaction

# One at a time for a holder and for a client, so that two cannot both be the last that is allowed.
_QUEUE_UP = """
SELECT pg_advisory_xact_lock(hashtextextended(CAST(:held_by AS text), 1)),
       pg_advisory_xact_lock(hashtextextended(coalesce(CAST(:client_id AS text), CAST(:held_by AS text)), 2))
"""
_LIVE = """
SELECT count(*) FILTER (WHERE held_by = :held_by) AS held, min(expires_at) FILTER (WHERE held_by = :held_by) AS held_to,
    count(*) FILTER (WHERE client_id = CAST(:client_id AS uuid)) AS for_client,
    min(expires_at) FILTER (WHERE client_id = CAST(:client_id AS uuid)) AS for_client_to, clock_timestamp() AS now
FROM holds WHERE state = 'held' AND expires_at > clock_timestamp()
    AND (held_by = :held_by OR client_id = CAST(:client_id AS uuid))
"""
_PLACE = f"""
WITH gone AS ({GIVE_WAY}), claim AS (
    INSERT INTO therapist_claims (appointment_id, attempt, therapist_id, during, expires_at)
    SELECT :id, 1, CAST(:therapist_id AS uuid), tstzrange(CAST(:starts_at AS timestamptz), :ends_at),
        clock_timestamp() + make_interval(mins => CAST(:minutes AS int))
    FROM (SELECT count(*) FROM gone) AS after
    ON CONFLICT DO NOTHING RETURNING expires_at
)
INSERT INTO holds (id, branch_id, treatment_id, client_id, therapist_id, therapist_named, room_id, starts_at, ends_at,
                   held_by, starts_local, expires_at)
SELECT :id, :branch_id, :treatment_id, :client_id, CAST(:therapist_id AS uuid), :therapist_named, :room_id,
    CAST(:starts_at AS timestamptz), :ends_at, :held_by, :starts_local, claim.expires_at FROM claim
RETURNING *, clock_timestamp() AS now
"""
_GET = "SELECT *, clock_timestamp() AS now FROM holds WHERE id = :id"
_LIST = """
SELECT *, clock_timestamp() AS now FROM holds
WHERE (CAST(:branches AS uuid[]) IS NULL OR branch_id = ANY(CAST(:branches AS uuid[])))
  AND (CAST(:branch_id AS uuid) IS NULL OR branch_id = CAST(:branch_id AS uuid))
  AND (CAST(:client_id AS uuid) IS NULL OR client_id = CAST(:client_id AS uuid))
  AND (CAST(:therapist_id AS uuid) IS NULL OR therapist_id = CAST(:therapist_id AS uuid))
  AND :state = CASE WHEN state = 'held' AND expires_at <= clock_timestamp() THEN 'expired' ELSE state END
  AND (CAST(:after AS uuid) IS NULL OR id > CAST(:after AS uuid))
ORDER BY id LIMIT :limit
"""
_RELEASE = """
WITH released AS (
    UPDATE holds SET state = 'released' WHERE id = ANY(CAST(:ids AS uuid[])) AND state = 'held' RETURNING id
)
DELETE FROM therapist_claims t USING released r WHERE t.appointment_id = r.id AND t.expires_at IS NOT NULL
"""
_OF_CLIENT = "SELECT id FROM holds WHERE client_id = :client_id AND state = 'held' ORDER BY id FOR UPDATE"
_SWEEP = "DELETE FROM therapist_claims WHERE expires_at <= clock_timestamp()"
_FORGET = "DELETE FROM holds WHERE expires_at < clock_timestamp() - interval '1 day'"


async def live(tx: Transaction, held_by: str, client_id: UUID | None) -> Row[Any]:
    """How many this holder and this client have now, and when the next of each ends; nobody adds one meanwhile."""
    who = {"held_by": held_by, "client_id": client_id}
    await tx.run(_QUEUE_UP, {"held_by": held_by, "client_id": None if client_id is None else str(client_id)})
    return await tx.one(_LIVE, who)


async def place(tx: Transaction, values: dict[str, Any]) -> Row[Any] | None:
    """Take the therapist's time until it expires; None when it is taken. An expired hold gives way."""
    return await tx.first(_PLACE, values)


async def get(tx: Transaction, id: UUID, *, lock: bool = False) -> Row[Any] | None:
    return await tx.first(f"{_GET} FOR UPDATE" if lock else _GET, {"id": id})


async def listed(tx: Transaction, filters: dict[str, Any]) -> Sequence[Row[Any]]:
    """In the order they were made."""
    return await tx.all(_LIST, filters)


async def book(tx: Transaction, values: dict[str, Any]) -> bool:
    """The claim becomes the booking's in place, with what was announced, in one statement. False, and nothing stored
    or said, when it has expired or the client has just been erased."""
    return bool(await tx.scalar(INSERT_HELD, values | tx.take_announced()))


async def release(tx: Transaction, ids: list[UUID]) -> None:
    """Give the time back. What has expired or was released has none."""
    await tx.run(_RELEASE, {"ids": ids})


async def release_of_client(tx: Transaction, client_id: UUID) -> None:
    await release(tx, [row.id for row in await tx.all(_OF_CLIENT, {"client_id": client_id})])


async def sweep(tx: Transaction) -> int:
    """Tidy up. Nothing waits for this: an expired hold gives way to whoever wants its time."""
    gone = await tx.run(_SWEEP)
    await tx.run(_FORGET)
    return gone
