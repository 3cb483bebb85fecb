"""What reports are made of: one statement of counts, one of times, whatever is asked for. Buckets are stretches of
local days of a branch, worked out before, so that every instant falls into the right day of its branch.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from shared.kit.database import Transaction

_KEYS = """
    {0}.first,
    CASE WHEN CAST(:by_branch AS boolean) THEN {0}.branch_id END AS branch_id,
    CASE WHEN CAST(:by_treatment AS boolean) THEN {0}.treatment_id END AS treatment_id,
    CASE WHEN CAST(:by_therapist AS boolean) THEN {0}.therapist_id END AS therapist_id
"""
_BUCKETS = """
jsonb_to_recordset(CAST(:buckets AS jsonb)) AS k (
    branch_id uuid, first date, starts_at timestamptz, ends_at timestamptz, open text)
"""
# `certain`: it was confirmed once. `moved`: given another room at its time by the system. `asked`: put to a person.
COUNTS = f"""
WITH a AS MATERIALIZED (
    SELECT k.first, a.id, a.branch_id, a.treatment_id, a.therapist_id, a.status, a.cancel_reason, a.cancelled, a.prices
    FROM {_BUCKETS} JOIN appointments a
        ON a.branch_id = k.branch_id AND a.starts_at >= k.starts_at AND a.starts_at < k.ends_at
        AND a.status NOT IN ('pending', 'rejected')
), s AS (
    SELECT a.first, a.branch_id, a.treatment_id, a.therapist_id, a.status, a.cancel_reason AS reason,
        a.status <> 'cancelled' OR EXISTS (
            SELECT FROM appointment_history h WHERE h.appointment_id = a.id AND h.status = 'confirmed') AS certain,
        coalesce(CAST(a.cancelled ->> 'late' AS boolean), false) AS late,
        a.cancelled -> 'fee' AS fee, a.prices -> CAST(a.treatment_id AS text) AS price,
        coalesce(d.moved, false) AS moved, coalesce(d.asked, false) AS asked
    FROM a LEFT JOIN LATERAL (
        SELECT bool_or(h.status = 'needs_attention') AS asked,
            bool_or(h.status IN ('confirmed', 'checked_in') AND h.before = h.status AND h.room_id <> h.room_before
                    AND h.starts_at = h.start_before) AS moved
        FROM (
            SELECT h.status, h.room_id, h.starts_at, lag(h.status) OVER w AS before,
                lag(h.room_id) OVER w AS room_before, lag(h.starts_at) OVER w AS start_before
            FROM appointment_history h WHERE h.appointment_id = a.id WINDOW w AS (ORDER BY h.version)
        ) h
    ) d ON CAST(:displaced AS boolean)
)
SELECT {_KEYS.format("s")}, status, reason, certain, late, fee ->> 'currency' AS fee_currency,
    price ->> 'currency' AS currency, moved, asked, count(*) AS sessions,
    CAST(coalesce(sum(CAST(price ->> 'amount' AS bigint)), 0) AS bigint) AS price,
    CAST(coalesce(sum(CAST(fee ->> 'amount' AS bigint)), 0) AS bigint) AS fee
FROM s GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12
"""


def _minutes(times: str) -> str:
    """Of a multirange."""
    return f"(SELECT coalesce(sum(extract(epoch FROM upper(r) - lower(r))), 0) FROM unnest({times}) AS u (r)) / 60"


TIMES = f"""
WITH k AS (
    SELECT branch_id, first, tstzrange(starts_at, ends_at) AS during, CAST(open AS tstzmultirange) AS open
    FROM {_BUCKETS}
), on_shift AS (
    SELECT k.branch_id, k.first, w.therapist_id, range_agg(w.during) AS shifts
    FROM k JOIN shift_windows w ON w.branch_id = k.branch_id AND w.during && k.during GROUP BY 1, 2, 3
), busy AS (
    SELECT k.branch_id, k.first, a.therapist_id, range_agg(tstzrange(a.starts_at, a.ends_at)) AS booked,
        count(*) FILTER (WHERE a.starts_at >= lower(k.during)) AS sessions
    FROM k JOIN appointments a ON a.branch_id = k.branch_id AND a.starts_at > lower(k.during) - interval '1 day'
        AND a.starts_at < upper(k.during) AND a.ends_at > lower(k.during) AND a.therapist_id IS NOT NULL
        AND a.status IN ('confirmed', 'needs_attention', 'checked_in', 'in_progress', 'completed', 'no_show')
    GROUP BY 1, 2, 3
), t AS (
    SELECT k.first, k.branch_id, CAST(NULL AS uuid) AS treatment_id, therapist_id, coalesce(b.sessions, 0) AS sessions,
        coalesce(b.booked * tstzmultirange(k.during), '{{}}') AS booked,
        coalesce(s.shifts * k.open, '{{}}') - coalesce((
            SELECT range_agg(o.during) FROM time_off o
            WHERE o.therapist_id = coalesce(s.therapist_id, b.therapist_id) AND o.during && k.during
        ), '{{}}') AS available
    FROM on_shift s FULL JOIN busy b USING (branch_id, first, therapist_id) JOIN k USING (branch_id, first)
)
SELECT {_KEYS.format("t")}, CAST(sum(sessions) AS int) AS sessions, round(sum({_minutes("available")})) AS available,
    round(sum({_minutes("booked")})) AS booked, round(sum({_minutes("booked * available")})) AS within
FROM t GROUP BY 1, 2, 3, 4
"""
BRANCHES = """
SELECT b.id, b.code, b.name, b.timezone, b.opening_hours FROM branches b
WHERE (CAST(:ids AS uuid[]) IS NULL OR b.id = ANY(CAST(:ids AS uuid[])))
  AND (CAST(:seen AS uuid[]) IS NULL OR b.id = ANY(CAST(:seen AS uuid[])))
ORDER BY b.code
"""
CLOSURES = """
SELECT branch_id, lower(during) AS starts_at, upper(during) AS ends_at FROM closures
WHERE branch_id = ANY(CAST(:ids AS uuid[])) AND during && tstzrange(:from, :to)
"""


async def counts(tx: Transaction, buckets: list[dict[str, Any]], keys: dict[str, bool], *, displaced: bool) -> Any:
    """Sessions by key, status and what became of them; `price` and `fee` in the currency beside them."""
    return await tx.all(COUNTS, {"buckets": buckets, "displaced": displaced, **keys})


async def times(tx: Transaction, buckets: list[dict[str, Any]], keys: dict[str, bool]) -> Sequence[Row[Any]]:
    """Minutes on shift while the branch is open, booked ones, and the booked ones among the former."""
    return await tx.all(TIMES, {"buckets": buckets, **keys})


async def branches(tx: Transaction, ids: list[UUID] | None, seen: list[UUID] | None) -> Sequence[Row[Any]]:
    """Those of `ids` (None: all) that are in `seen` (None: all), by code."""
    return await tx.all(BRANCHES, {"ids": ids, "seen": seen})


async def closures(tx: Transaction, ids: list[UUID], start: Any, end: Any) -> Sequence[Row[Any]]:
    return await tx.all(CLOSURES, {"ids": ids, "from": start, "to": end})


async def names(tx: Transaction, noun: str, ids: set[UUID]) -> dict[UUID, Row[Any]]:
    """{id: (code, name)} of treatments or therapists."""
    assert noun in ("treatments", "therapists")
    rows = await tx.all(f"SELECT id, code, name FROM {noun} WHERE id = ANY(CAST(:ids AS uuid[]))", {"ids": list(ids)})
    return {row.id: row for row in rows}
