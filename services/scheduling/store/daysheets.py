"""What stands on a branch's day sheet. Of a session no note, no answer, no wish: nothing that could be about health."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from services.scheduling.domain.opening import Interval
from shared.kit.database import Transaction

# The slot that holds: while another is asked for, still the old one.
_SLOT = """
    a.id, coalesce(a.resume ->> 'status', a.status) AS status, a.treatment_id, a.client_id, a.requires_bar, a.walk_in,
    coalesce(CAST(a.resume ->> 'starts_at' AS timestamptz), a.starts_at) AS starts_at,
    coalesce(CAST(a.resume ->> 'ends_at' AS timestamptz), a.ends_at) AS ends_at,
    coalesce(CAST(a.resume ->> 'therapist_id' AS uuid), a.therapist_id) AS therapist_id,
    CASE WHEN a.resume IS NULL THEN a.room_id ELSE CAST(a.resume ->> 'room_id' AS uuid) END AS room_id
"""
SESSIONS = f"""
SELECT s.*, t.name AS treatment_name, p.name AS therapist_name, r.code AS room_code, c.name AS client_name,
    c.phone AS client_phone
FROM (
    SELECT {_SLOT} FROM appointments a
    WHERE a.branch_id = :branch AND a.starts_at >= :from AND a.starts_at < :to AND a.resume IS NULL
      AND a.status NOT IN ('rejected', 'cancelled')
    UNION ALL
    SELECT {_SLOT} FROM appointments a
    WHERE a.status = 'pending' AND a.resume IS NOT NULL
      AND coalesce(CAST(a.resume ->> 'branch_id' AS uuid), a.branch_id) = :branch
      AND CAST(a.resume ->> 'starts_at' AS timestamptz) >= CAST(:from AS timestamptz)
      AND CAST(a.resume ->> 'starts_at' AS timestamptz) < CAST(:to AS timestamptz)
) s
JOIN treatments t ON t.id = s.treatment_id JOIN clients c ON c.id = s.client_id
LEFT JOIN therapists p ON p.id = s.therapist_id LEFT JOIN rooms r ON r.id = s.room_id
ORDER BY s.starts_at, s.id
"""
ROOMS = """
SELECT r.id, r.code, r.in_service, r.heard_at,
    (SELECT jsonb_agg(jsonb_build_array(lower(c.during), upper(c.during)) ORDER BY c.during)
     FROM room_clearances c WHERE c.room_id = r.id AND c.during && tstzrange(:from, NULL)) AS cleared,
    (SELECT jsonb_agg(jsonb_build_array(lower(g.during), upper(g.during), g.reason) ORDER BY g.during)
     FROM room_gaps g WHERE g.room_id = r.id AND g.during && tstzrange(:from, :to)) AS gaps,
    (SELECT jsonb_agg(jsonb_build_array(lower(x.during), upper(x.during), coalesce(x.reason, '')) ORDER BY x.during)
     FROM room_closures x WHERE x.room_id = r.id AND x.during && tstzrange(:from, :to)) AS closures
FROM rooms r WHERE r.branch_id = :branch ORDER BY length(r.code), r.code, r.id
"""
PEOPLE = """
SELECT t.id, t.name, jsonb_agg(jsonb_build_array(lower(w.during), upper(w.during)) ORDER BY w.during) AS shifts,
    (SELECT jsonb_agg(jsonb_build_array(lower(o.during), upper(o.during)) ORDER BY o.during)
     FROM time_off o WHERE o.therapist_id = t.id AND o.during && tstzrange(:from, :to)) AS away
FROM shift_windows w JOIN therapists t ON t.id = w.therapist_id AND t.active
WHERE w.branch_id = :branch AND w.during && tstzrange(:from, :to)
GROUP BY t.id ORDER BY t.name, t.id
"""
CLOSURES = """
SELECT lower(during) AS starts_at, upper(during) AS ends_at, reason FROM closures
WHERE branch_id = :branch AND during && tstzrange(:from, :to) ORDER BY during
"""
ATTENTION = """
SELECT i.id, i.appointment_id, i.kind, i.reason FROM attention_items i
WHERE i.resolved_at IS NULL AND i.appointment_id = ANY(CAST(:ids AS uuid[])) ORDER BY i.id
"""


@dataclass(frozen=True, slots=True)
class Day:
    """All of it, as rows. `cleared` of a room goes beyond the day: until when it is cleared is to be said."""

    now: datetime
    sessions: list[Any]
    rooms: list[Any]
    people: list[Any]
    closures: list[Any]
    attention: list[Any]


async def read(tx: Transaction, branch: UUID, day: Interval) -> Day:
    """In the transaction's one moment as far as times go; rows are what is committed."""
    asked = {"branch": branch, "from": day.start, "to": day.end}
    sessions = list(await tx.all(SESSIONS, asked))
    return Day(
        now=await tx.scalar("SELECT now()"),
        sessions=sessions,
        rooms=list(await tx.all(ROOMS, asked)),
        people=list(await tx.all(PEOPLE, asked)),
        closures=list(await tx.all(CLOSURES, {**asked})),
        attention=list(await tx.all(ATTENTION, {"ids": [session.id for session in sessions]})),
    )
