"""Entries of the waitlist: who stands in line for what."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from shared.kit.database import Transaction

# Everybody who wants some of the same time of the same treatment and branch, and came before, is ahead.
_AHEAD = """
SELECT count(DISTINCT o.entry_id) FROM waitlist_wants w JOIN waitlist_wants o ON o.branch_id = w.branch_id
    AND o.during && w.during AND o.treatment_id = w.treatment_id AND o.place < w.place
WHERE w.entry_id = e.id
"""
_SHOWN = f"""
SELECT e.*, t.screening_protocol, s.outcome,
    CASE WHEN e.state IN ('waiting', 'offered', 'accepted') THEN 1 + ({_AHEAD}) END AS position,
    (SELECT o.id FROM waitlist_offers o WHERE o.entry_id = e.id AND o.state <> 'withdrawn'
     ORDER BY o.id DESC LIMIT 1) AS offer_id
FROM waitlist_entries e JOIN treatments t ON t.id = e.treatment_id
LEFT JOIN client_standings s ON s.client_id = e.client_id AND s.protocol = t.screening_protocol
"""
GET = f"{_SHOWN} WHERE e.id = :id"
LIST = f"""{_SHOWN}
WHERE (CAST(:branches AS uuid[]) IS NULL OR e.branch_ids && CAST(:branches AS uuid[]))
  AND (CAST(:branch_id AS uuid) IS NULL OR CAST(:branch_id AS uuid) = ANY(e.branch_ids))
  AND (CAST(:treatment_id AS uuid) IS NULL OR e.treatment_id = CAST(:treatment_id AS uuid))
  AND (CAST(:client_id AS uuid) IS NULL OR e.client_id = CAST(:client_id AS uuid))
  AND e.state = ANY(CAST(:states AS text[]))
  AND e.place > CAST(:after AS bigint)
ORDER BY e.place LIMIT :limit
"""
_INSERT = """
INSERT INTO waitlist_entries
    (id, client_id, treatment_id, branch_ids, windows, therapist_id, notes, ends_at, created_by)
SELECT :id, c.id, :treatment_id, :branch_ids, CAST(:windows AS jsonb), CAST(:therapist_id AS uuid), :notes, :ends_at,
    :actor
FROM clients c WHERE c.id = :client_id AND c.erased_at IS NULL FOR KEY SHARE OF c
RETURNING place
"""
_WANT = """
INSERT INTO waitlist_wants (entry_id, number, branch_id, treatment_id, client_id, place, during)
SELECT e.id, n.number, n.branch_id, e.treatment_id, e.client_id, e.place, tstzrange(n.starts_at, n.ends_at)
FROM waitlist_entries e, jsonb_to_recordset(CAST(:wants AS jsonb)) AS n (
    number int, branch_id uuid, starts_at timestamptz, ends_at timestamptz)
WHERE e.id = :id ORDER BY n.branch_id, n.number
ON CONFLICT DO NOTHING RETURNING 1
"""
_TWIN = """
SELECT w.entry_id FROM waitlist_wants w JOIN jsonb_to_recordset(CAST(:wants AS jsonb)) AS n (
    branch_id uuid, starts_at timestamptz, ends_at timestamptz)
  ON n.branch_id = w.branch_id AND w.during && tstzrange(n.starts_at, n.ends_at)
WHERE w.client_id = :client_id AND w.treatment_id = :treatment_id AND w.entry_id <> :id
ORDER BY w.place LIMIT 1
"""
_CHANGE = """
UPDATE waitlist_entries SET treatment_id = :treatment_id, branch_ids = :branch_ids, windows = CAST(:windows AS jsonb),
    therapist_id = CAST(:therapist_id AS uuid), notes = :notes, ends_at = :ends_at, version = version + 1,
    place = CASE WHEN :keeps_place THEN place ELSE nextval('waitlist_places') END, missed = 0,
    blocked_by = CASE WHEN treatment_id = :treatment_id THEN blocked_by END, updated_at = clock_timestamp()
WHERE id = :id
"""
_FORGET_WANTS = "DELETE FROM waitlist_wants WHERE entry_id = :id"
_STATE = """
UPDATE waitlist_entries SET state = :state, ended_for = CAST(:why AS text), version = version + 1,
    missed = CASE WHEN :missed THEN missed + 1 WHEN :state IN ('withdrawn', 'expired') THEN missed ELSE 0 END,
    blocked_by = CAST(:blocked_by AS text),
    updated_at = clock_timestamp()
WHERE id = :id RETURNING missed
"""
_ZONES = "SELECT id, timezone FROM branches WHERE id = ANY(CAST(:ids AS uuid[]))"
_NAMED = """
SELECT now() AS now, EXISTS (SELECT FROM treatments t WHERE t.id = :treatment_id) AS treatment,
    EXISTS (SELECT FROM clients c WHERE c.id = :client_id AND c.erased_at IS NULL
            AND (CAST(:branches AS uuid[]) IS NULL OR c.branch_ids && CAST(:branches AS uuid[]))) AS client,
    CAST(:therapist_id AS uuid) IS NULL OR EXISTS (
        SELECT FROM therapist_branches tb WHERE tb.therapist_id = CAST(:therapist_id AS uuid)
        AND (CAST(:branches AS uuid[]) IS NULL OR tb.branch_id = ANY(CAST(:branches AS uuid[])))) AS therapist,
    CAST(:therapist_id AS uuid) IS NULL OR EXISTS (
        SELECT FROM therapist_branches tb WHERE tb.therapist_id = CAST(:therapist_id AS uuid)
        AND tb.branch_id = ANY(CAST(:branch_ids AS uuid[]))) AS therapist_there
"""
_PASSED = """
SELECT id FROM waitlist_entries WHERE state = 'waiting' AND ends_at <= clock_timestamp()
ORDER BY ends_at LIMIT 200 FOR UPDATE SKIP LOCKED
"""
_LIVE_OF_CLIENT = """
SELECT e.id, e.state FROM waitlist_entries e WHERE e.client_id = :client_id ORDER BY e.id FOR UPDATE
"""
_OF_CLIENT_FORGOTTEN = "UPDATE waitlist_entries SET notes = NULL WHERE client_id = :client_id AND notes IS NOT NULL"


async def get(tx: Transaction, id: UUID) -> Row[Any] | None:
    return await tx.first(GET, {"id": id})


async def lock(tx: Transaction, id: UUID) -> Row[Any] | None:
    """The bare entry, its row locked until the transaction ends."""
    return await tx.first("SELECT * FROM waitlist_entries WHERE id = :id FOR UPDATE", {"id": id})


async def listed(tx: Transaction, filters: dict[str, Any]) -> Sequence[Row[Any]]:
    """In the order of the line."""
    return await tx.all(LIST, filters)


async def named(tx: Transaction, values: dict[str, Any]) -> Row[Any]:
    """Whether what an entry names is there: {now, treatment, client, therapist, therapist_there}."""
    return await tx.one(_NAMED, values)


async def zones(tx: Transaction, ids: Sequence[UUID]) -> dict[UUID, str]:
    """The known ones of `ids`, with their time zones."""
    return {row.id: row.timezone for row in await tx.all(_ZONES, {"ids": list(ids)})}


async def insert(tx: Transaction, values: dict[str, Any]) -> bool:
    """False when the client has just been erased."""
    return await tx.first(_INSERT, values) is not None


async def change(tx: Transaction, values: dict[str, Any]) -> None:
    await tx.run(_FORGET_WANTS, {"id": values["id"]})
    await tx.run(_CHANGE, values)


async def want(tx: Transaction, id: UUID, wants: list[dict[str, Any]]) -> bool:
    """Stand for {number, branch_id, starts_at, ends_at} each, and be looked at; False when the client stands for some
    of it already."""
    if len(await tx.all(_WANT, {"id": id, "wants": wants})) < len(wants):
        return False
    await look_for(tx, id)
    return True


async def twin(tx: Transaction, values: dict[str, Any], wants: list[dict[str, Any]]) -> UUID | None:
    """The entry of this client that stands for some of the same."""
    found: UUID | None = await tx.scalar(_TWIN, values | {"wants": wants})
    return found


_LOOK_FOR = """
INSERT INTO waitlist_looks (branch_id, during)
SELECT w.branch_id, range_merge(range_agg(w.during)) FROM waitlist_wants w WHERE w.entry_id = :id GROUP BY w.branch_id
"""


async def look_for(tx: Transaction, id: UUID) -> None:
    """Look at what is free for this entry: it may be so already, or have become so while it was not to be asked."""
    await tx.run(_LOOK_FOR, {"id": id})


async def set_state(
    tx: Transaction, id: UUID, state: str, *, why: str | None = None, missed: bool = False,
    blocked_by: str | None = None,
) -> int:  # fmt: skip
    """The entry's new state; how many offers in a row it has missed. One that has ended wants nothing any more."""
    values = {"id": id, "state": state, "why": why, "missed": missed, "blocked_by": blocked_by}
    count = int(await tx.scalar(_STATE, values))
    if state in ("booked", "withdrawn", "expired"):
        await tx.run(_FORGET_WANTS, {"id": id})
    return count


async def lock_passed(tx: Transaction) -> list[UUID]:
    """Those whose last window is over, locked."""
    return [row.id for row in await tx.all(_PASSED)]


async def lock_of_client(tx: Transaction, client_id: UUID) -> Sequence[Row[Any]]:
    return await tx.all(_LIVE_OF_CLIENT, {"client_id": client_id})


async def forget_notes(tx: Transaction, client_id: UUID) -> None:
    await tx.run(_OF_CLIENT_FORGOTTEN, {"client_id": client_id})


_SWEEP = """
WITH again AS (
    UPDATE waitlist_entries SET blocked_by = NULL
    WHERE blocked_by = 'screening_deferred' AND updated_at < clock_timestamp() - interval '1 day'
)
INSERT INTO waitlist_looks (branch_id, during)
SELECT w.branch_id, range_merge(range_agg(w.during)) * tstzrange(clock_timestamp(), NULL)
FROM waitlist_wants w WHERE upper(w.during) > clock_timestamp() GROUP BY w.branch_id
"""


async def look_everywhere(tx: Transaction) -> int:
    """At all that anybody wants: for what becomes free without a change here, as when a treatment is shortened."""
    return await tx.run(_SWEEP)


_OFFERED = """
UPDATE waitlist_entries SET state = 'offered', version = version + 1, updated_at = clock_timestamp() WHERE id = :id
"""


async def offered(tx: Transaction, id: UUID) -> None:
    """It has an offer to answer. What it missed before stays counted until it answers one."""
    await tx.run(_OFFERED, {"id": id})
