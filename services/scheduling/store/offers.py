"""Offers of the waitlist, and what is still to be looked at. An offer is a hold with the same id."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from services.scheduling.store.availability import PLANNED_ONCE, Treatment, of_values, pack
from services.scheduling.store.claims import GIVE_WAY
from shared.kit.database import Transaction

HELD_BY = "waitlist"
# The claim outlives the offer a little: who is next gets the time before it is anybody's.
GRACE_SECONDS = 20

_LINE = "SELECT pg_advisory_xact_lock(7239004, 0)"
_SHOWN = """
SELECT o.*, e.client_id, e.treatment_id, e.branch_ids, a.status AS appointment_status,
    a.code AS appointment_code, clock_timestamp() AS now
FROM waitlist_offers o JOIN waitlist_entries e ON e.id = o.entry_id LEFT JOIN appointments a ON a.id = o.id
"""
GET = f"{_SHOWN} WHERE o.id = :id"
LIST = f"""{_SHOWN}
WHERE (CAST(:branches AS uuid[]) IS NULL OR o.branch_id = ANY(CAST(:branches AS uuid[])))
  AND (CAST(:branch_id AS uuid) IS NULL OR o.branch_id = CAST(:branch_id AS uuid))
  AND (CAST(:entry_id AS uuid) IS NULL OR o.entry_id = CAST(:entry_id AS uuid))
  AND (CAST(:ids AS uuid[]) IS NULL OR o.id = ANY(CAST(:ids AS uuid[])))
  AND (CAST(:states AS text[]) IS NULL OR o.state = ANY(CAST(:states AS text[])))
  AND (CAST(:after AS uuid) IS NULL OR o.id > CAST(:after AS uuid))
ORDER BY o.id LIMIT :limit
"""


async def take_line(tx: Transaction) -> None:
    """Nobody else hands anything on before this transaction ends: what is offered is offered in order."""
    await tx.run(_LINE)


async def get(tx: Transaction, id: UUID) -> Row[Any] | None:
    return await tx.first(GET, {"id": id})


async def lock(tx: Transaction, id: UUID) -> Row[Any] | None:
    """The offer, its row locked."""
    return await tx.first(f"{GET} FOR UPDATE OF o", {"id": id})


async def listed(tx: Transaction, filters: dict[str, Any]) -> Sequence[Row[Any]]:
    return await tx.all(LIST, filters)


# --- making one -----------------------------------------------------------------------------------------------------

_MAKE = f"""
WITH gone AS ({GIVE_WAY}), claim AS (
    INSERT INTO therapist_claims (appointment_id, attempt, therapist_id, during, expires_at)
    SELECT :id, 1, CAST(:therapist_id AS uuid), tstzrange(CAST(:starts_at AS timestamptz), :ends_at),
        CAST(:expires_at AS timestamptz) + interval '{GRACE_SECONDS} s'
    FROM (SELECT count(*) FROM gone) AS after
    ON CONFLICT DO NOTHING RETURNING 1
), hold AS (
    INSERT INTO holds (id, branch_id, treatment_id, client_id, therapist_id, therapist_named, starts_at, ends_at,
                       held_by, starts_local, expires_at)
    SELECT :id, :branch_id, e.treatment_id, e.client_id, CAST(:therapist_id AS uuid),
        e.therapist_id IS NOT NULL, CAST(:starts_at AS timestamptz), :ends_at, '{HELD_BY}',
        CAST(:starts_local AS timestamp), CAST(:expires_at AS timestamptz)
    FROM claim, waitlist_entries e WHERE e.id = :entry_id
)
INSERT INTO waitlist_offers (id, entry_id, branch_id, therapist_id, starts_at, ends_at, expires_at)
SELECT :id, :entry_id, :branch_id, CAST(:therapist_id AS uuid), CAST(:starts_at AS timestamptz), :ends_at,
    CAST(:expires_at AS timestamptz) FROM claim
RETURNING id
"""


async def make(tx: Transaction, values: dict[str, Any]) -> bool:
    """Hold {therapist_id, starts_at, ends_at} for an entry until `expires_at`; False, and nothing stored, when that
    time has been taken."""
    return await tx.first(_MAKE, values) is not None


# --- ending one -----------------------------------------------------------------------------------------------------

_END = """
UPDATE waitlist_offers SET state = :state, code = CAST(:code AS text), answered_by = CAST(:actor AS text),
    answered_at = clock_timestamp() WHERE id = :id
"""
_IS_OVER = """
(o.state = 'open' AND (o.expires_at <= clock_timestamp() OR h.state IS DISTINCT FROM 'held')
 OR o.state = 'accepted' AND a.status IS DISTINCT FROM 'pending')
"""
_OVER = f"""{_SHOWN} LEFT JOIN holds h ON h.id = o.id
WHERE {_IS_OVER} ORDER BY o.expires_at LIMIT 1 FOR UPDATE OF o SKIP LOCKED
"""
_STILL_OVER = f"{_SHOWN} LEFT JOIN holds h ON h.id = o.id WHERE o.id = :id AND {_IS_OVER}"
_OPEN_OF = f"{_SHOWN} WHERE o.entry_id = :entry_id AND o.state = 'open' FOR UPDATE OF o"
_HELD = "SELECT state FROM holds WHERE id = :id"


async def end(tx: Transaction, id: UUID, state: str, actor: str, code: str | None = None) -> None:
    await tx.run(_END, {"id": id, "state": state, "actor": actor, "code": code})


async def lock_over(tx: Transaction) -> Row[Any] | None:
    """One to be settled: its time is over, its hold was confirmed or released, or its booking is decided.

    Read again once it is locked: who said yes in its last moment is seen with the offer's row, their booking is not.
    """
    found = await tx.first(_OVER)
    return None if found is None else await tx.first(_STILL_OVER, {"id": found.id})


async def lock_open(tx: Transaction, entry_id: UUID) -> Row[Any] | None:
    """The one an entry is to answer now, locked."""
    return await tx.first(_OPEN_OF, {"entry_id": entry_id})


async def hold_state(tx: Transaction, id: UUID) -> str | None:
    state: str | None = await tx.scalar(_HELD, {"id": id})
    return state


# --- what is to be looked at ----------------------------------------------------------------------------------------

# All that has become free within some days, in the branch that has waited longest to be looked at, is one look.
_NEXT = """
WITH first AS (
    SELECT f.branch_id, f.at, f.at + make_interval(days => CAST(:days AS int)) AS until FROM (
        SELECT l.branch_id, greatest(min(coalesce(lower(l.during), clock_timestamp())), clock_timestamp()) AS at
        FROM waitlist_looks l WHERE l.due_at <= clock_timestamp() AND l.branch_id = (
            SELECT branch_id FROM waitlist_looks WHERE due_at <= clock_timestamp() ORDER BY due_at, id LIMIT 1)
        GROUP BY l.branch_id) f
)
SELECT l.id, l.branch_id, greatest(lower(l.during), f.at) AS starts_at, f.until,
    least(upper(l.during), f.until) AS ends_at, upper(l.during) IS NULL OR upper(l.during) > f.until AS goes_on
FROM waitlist_looks l JOIN first f ON f.branch_id = l.branch_id
WHERE l.due_at <= clock_timestamp() AND (lower(l.during) IS NULL OR lower(l.during) < f.until)
ORDER BY l.id LIMIT 200 FOR UPDATE OF l SKIP LOCKED
"""
_ANYTHING = """
SELECT EXISTS (SELECT FROM waitlist_looks WHERE due_at <= clock_timestamp())
    OR EXISTS (SELECT FROM waitlist_offers WHERE state IN ('open', 'accepted'))
    OR EXISTS (SELECT FROM waitlist_entries WHERE state = 'waiting' AND ends_at <= clock_timestamp())
"""
_DONE = "DELETE FROM waitlist_looks WHERE id = ANY(CAST(:ids AS uuid[]))"
_NO_REST = """
DELETE FROM waitlist_looks l WHERE l.id = ANY(CAST(:ids AS uuid[])) AND NOT EXISTS (
    SELECT FROM waitlist_wants w WHERE w.branch_id = l.branch_id
    AND w.during && tstzrange(CAST(:from AS timestamptz), upper(l.during)))
"""
_REST = """
UPDATE waitlist_looks SET during = tstzrange(CAST(:from AS timestamptz), upper(during))
WHERE id = ANY(CAST(:ids AS uuid[]))
"""
_FAILED = """
UPDATE waitlist_looks SET failed = failed + 1, due_at = clock_timestamp() + interval '10 s' * (failed + 1)
WHERE id = ANY(CAST(:ids AS uuid[]))
"""


async def anything(tx: Transaction) -> bool:
    """Whether there may be something to do. Asked every second, so that an idle chain pays for nothing more."""
    return bool(await tx.scalar(_ANYTHING))


async def next_looks(tx: Transaction, days: int) -> Sequence[Row[Any]]:
    """The oldest look and those near it, of one branch, locked; another process skips them."""
    return await tx.all(_NEXT, {"days": days})


async def looked(tx: Transaction, ids: Sequence[UUID]) -> None:
    await tx.run(_DONE, {"ids": list(ids)})


async def look_on(tx: Transaction, ids: Sequence[UUID], from_: datetime) -> None:
    """What lies before is looked at; the rest is still to be, if anybody wants some of it."""
    await tx.run(_NO_REST, {"ids": list(ids), "from": from_})
    await tx.run(_REST, {"ids": list(ids), "from": from_})


async def look_later(tx: Transaction, ids: Sequence[UUID]) -> None:
    """It failed: others first, then this again."""
    await tx.run(_FAILED, {"ids": list(ids)})


# --- who is next ----------------------------------------------------------------------------------------------------

_IN_LINE = """
FROM waitlist_entries e JOIN treatments t ON t.id = e.treatment_id
LEFT JOIN client_standings s ON s.client_id = e.client_id AND s.protocol = t.screening_protocol
WHERE e.id IN (SELECT w.entry_id FROM waitlist_wants w
               WHERE w.branch_id = :branch_id AND w.during && tstzrange(:from, :to))
  AND e.state = 'waiting' AND e.blocked_by IS NULL
  AND (t.screening_protocol IS NULL OR s.outcome IN ('cleared', 'deferred'))
"""
_TREATMENTS = f"""
SELECT DISTINCT t.id, t.skill, t.duration_minutes, t.turnover_minutes, t.equipment, {PLANNED_ONCE} {_IN_LINE}
ORDER BY t.id
"""
_ORDER = f"SELECT e.id {_IN_LINE} AND e.treatment_id = ANY(CAST(:treatment_ids AS uuid[])) ORDER BY e.place"
# What an entry was asked before and did not take is not asked again; nor what the client is busy in.
_DETAILS = f"""
SELECT e.id, e.client_id, e.treatment_id, e.branch_ids, e.windows, e.therapist_id, e.version,
    CASE WHEN t.screening_protocol IS NOT NULL AND s.outcome = 'cleared' THEN s.valid_until END AS valid_until,
    (SELECT {pack("x.during")} FROM (
        SELECT tstzrange(a.starts_at, a.ends_at) AS during FROM appointments a WHERE a.client_id = e.client_id
            AND a.starts_at > CAST(:from AS timestamptz) - interval '1 day' AND a.starts_at < :to
            AND a.status IN ('pending', 'confirmed', 'needs_attention', 'checked_in', 'in_progress')
        UNION ALL
        SELECT tstzrange(h.starts_at, h.ends_at) FROM holds h
        WHERE h.client_id = e.client_id AND h.state = 'held' AND h.expires_at > clock_timestamp()
        UNION ALL
        SELECT tstzrange(o.starts_at, o.ends_at) FROM waitlist_offers o WHERE o.entry_id = e.id
            AND o.branch_id = :branch_id AND o.state IN ('declined', 'lapsed', 'refused')
    ) x) AS busy
{_IN_LINE} AND e.id = ANY(CAST(:ids AS uuid[]))
ORDER BY e.place FOR UPDATE OF e
"""
_KEPT = """
SELECT h.starts_at, h.ends_at + make_interval(mins => greatest(t.turnover_minutes, r.turnover)) AS ends_at
FROM holds h JOIN treatments t ON t.id = h.treatment_id CROSS JOIN (
    SELECT coalesce(max(turnover_minutes), 0) AS turnover FROM rooms WHERE branch_id = :branch_id) r
WHERE h.branch_id = :branch_id AND h.state = 'held' AND h.expires_at > clock_timestamp()
  AND h.starts_at < CAST(:to AS timestamptz) + interval '1 day'
  AND h.ends_at > CAST(:from AS timestamptz) - interval '1 day'
"""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A branch, from when to when."""

    branch_id: UUID
    from_: datetime
    to: datetime

    @property
    def values(self) -> dict[str, Any]:
        return {"branch_id": self.branch_id, "from": self.from_, "to": self.to}


async def treatments_in_line(tx: Transaction, stretch: Stretch) -> list[Treatment]:
    """What is waited for there."""
    return [of_values(*tuple(row)[:5]) for row in await tx.all(_TREATMENTS, stretch.values)]


async def in_line(tx: Transaction, stretch: Stretch, treatment_ids: Sequence[UUID]) -> list[UUID]:
    """The entries that wait for one of these there, first come first."""
    rows = await tx.all(_ORDER, stretch.values | {"treatment_ids": list(treatment_ids)})
    return [row.id for row in rows]


async def details(tx: Transaction, stretch: Stretch, ids: Sequence[UUID]) -> Sequence[Row[Any]]:
    """These entries in order, as far as they still wait, locked: windows, and as `busy` when not to ask them."""
    return await tx.all(_DETAILS, stretch.values | {"ids": list(ids)})


async def kept(tx: Transaction, stretch: Stretch) -> list[tuple[datetime, datetime]]:
    """When somebody who is deciding would need a room of the branch, turnover included: holds and offers."""
    return [(row.starts_at, row.ends_at) for row in await tx.all(_KEPT, stretch.values)]


# --- what its client sees -------------------------------------------------------------------------------------------

_OF_PAGE = """
SELECT o.*, a.status AS appointment_status, clock_timestamp() AS now, c.locale, t.name AS treatment_name,
    p.name AS therapist_name, b.name AS branch_name, b.phone AS branch_phone,
    b.contact_email AS branch_email, b.timezone
FROM waitlist_offers o JOIN waitlist_entries e ON e.id = o.entry_id
JOIN clients c ON c.id = e.client_id AND c.erased_at IS NULL
JOIN treatments t ON t.id = e.treatment_id JOIN therapists p ON p.id = o.therapist_id
JOIN branches b ON b.id = o.branch_id LEFT JOIN appointments a ON a.id = o.id
WHERE o.id = :id
"""


async def of_page(tx: Transaction, id: UUID) -> Row[Any] | None:
    """The offer with all that its page names; None when there is none, or its client was erased."""
    return await tx.first(_OF_PAGE, {"id": id})


async def of_letters(tx: Transaction, ids: Sequence[UUID], branches: list[UUID] | None) -> Sequence[Row[Any]]:
    """Those of `ids` in these branches (None: all)."""
    filters = {"branches": branches, "branch_id": None, "entry_id": None, "states": None, "after": None}
    return await listed(tx, filters | {"ids": list(ids), "limit": len(ids)})
