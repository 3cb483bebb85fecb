"""Everything a request is judged by, read in one statement."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from services.scheduling.domain.candidates import Candidate
from services.scheduling.domain.opening import Interval
from shared.kit.database import Transaction

# On shift means that the union of the windows covers the session: two adjoining shifts carry one.
# Her sessions are counted twelve hours around, not by a calendar day: that would need the database's own zone data.
# `ground` comes from the caller: one row a request with branch_id, therapist_id (or null), skill, during, day, self.
CANDIDATES = """
SELECT jsonb_agg(jsonb_build_array(p.therapist_id, p.away, coalesce(p.busy, false), p.certified_until,
                                   p.load_ready, p.sessions))
FROM (
    SELECT w.therapist_id, s.certified_until, coalesce(l.state = 'valid', false) AS load_ready,
           claims.busy, claims.sessions,
           EXISTS (SELECT FROM time_off o WHERE o.therapist_id = w.therapist_id AND o.during && g.during) AS away
    FROM (
        SELECT sw.therapist_id FROM shift_windows sw
        WHERE sw.branch_id = g.branch_id AND sw.during && g.during
          AND (g.therapist_id IS NULL OR sw.therapist_id = g.therapist_id)
        GROUP BY sw.therapist_id HAVING range_agg(sw.during) @> g.during
    ) w
    JOIN therapists t ON t.id = w.therapist_id AND t.active
    JOIN therapist_branches tb ON tb.branch_id = g.branch_id AND tb.therapist_id = w.therapist_id
    LEFT JOIN therapist_skills s ON s.therapist_id = w.therapist_id AND s.skill = g.skill
    LEFT JOIN load_profiles l ON l.therapist_id = w.therapist_id
    CROSS JOIN LATERAL (
        SELECT count(*) AS sessions, bool_or(c.during && g.during AND c.appointment_id <> g.self) AS busy
        FROM therapist_claims c WHERE c.therapist_id = w.therapist_id AND c.during && g.day
          AND (c.expires_at IS NULL OR c.expires_at > now())
    ) claims
) p
"""
GROUND = f"""
SELECT b.id AS branch_id, b.timezone, b.opening_hours, t.id AS treatment_id, t.duration_minutes, t.turnover_minutes,
    t.skill, 'balancing_bar' = ANY(t.equipment) AS requires_bar, t.price, t.screening_protocol, g.ends_at,
    clock_timestamp() AS now,
    EXISTS (SELECT FROM clients c WHERE c.id = :client_id AND c.erased_at IS NULL
            AND (CAST(:branches AS uuid[]) IS NULL OR c.branch_ids && CAST(:branches AS uuid[]))) AS client_known,
    CAST(:therapist_id AS uuid) IS NULL OR EXISTS (
        SELECT FROM therapist_branches tb WHERE tb.therapist_id = CAST(:therapist_id AS uuid)
        AND (CAST(:branches AS uuid[]) IS NULL OR tb.branch_id = ANY(CAST(:branches AS uuid[])))) AS therapist_known,
    CAST(:room_id AS uuid) IS NULL OR EXISTS (
        SELECT FROM rooms r WHERE r.id = CAST(:room_id AS uuid) AND r.branch_id = b.id) AS room_known,
    (SELECT jsonb_agg(jsonb_build_array(lower(x.during), upper(x.during)))
     FROM closures x WHERE x.branch_id = b.id AND x.during && g.during) AS closures,
    (SELECT to_jsonb(p) FROM cancellation_policies p
     WHERE (p.branch_id IS NULL OR p.branch_id = b.id) AND (p.treatment_id IS NULL OR p.treatment_id = t.id)
     ORDER BY p.branch_id IS NULL, p.treatment_id IS NULL LIMIT 1) AS cancellation,
    ({CANDIDATES}) AS candidates
FROM (VALUES (1)) AS one (row)
LEFT JOIN branches b ON b.id = :branch_id
LEFT JOIN treatments t ON t.id = :treatment_id
LEFT JOIN LATERAL (
    SELECT b.id AS branch_id, CAST(:therapist_id AS uuid) AS therapist_id, t.skill, CAST(:self AS uuid) AS self,
        e.ends_at, tstzrange(e.starts_at, e.ends_at) AS during,
        tstzrange(e.starts_at - interval '12 hours', e.ends_at + interval '12 hours') AS day
    FROM (SELECT CAST(:starts_at AS timestamptz) AS starts_at,
                 CAST(:starts_at AS timestamptz)
                     + make_interval(mins => coalesce(CAST(:minutes AS int), t.duration_minutes)) AS ends_at) e
    WHERE b.id IS NOT NULL AND t.id IS NOT NULL
) g ON true
"""


@dataclass(frozen=True, slots=True)
class Ground:
    """What is known of a requested session before it is judged. Unknown things are None or False."""

    branch_id: UUID | None
    treatment_id: UUID | None
    zone: ZoneInfo
    opening_hours: dict[str, list[list[str]]]
    closures: list[Interval]
    ends_at: datetime
    turnover_minutes: int
    skill: str | None
    requires_bar: bool
    screening_protocol: str | None
    client_known: bool
    therapist_known: bool
    room_known: bool
    candidates: list[Candidate]
    now: datetime
    price: dict[str, Any] | None
    cancellation: dict[str, Any] | None


async def ground(tx: Transaction, wish: dict[str, Any]) -> Ground:
    """Read it all for {branch_id, treatment_id, client_id, therapist_id, room_id, starts_at, branches, self, minutes?}.

    `minutes`: of a session that is booked already, which keeps its length.
    """
    row = await tx.one(GROUND, {"minutes": None} | wish)
    return Ground(
        branch_id=row.branch_id,
        treatment_id=row.treatment_id,
        zone=ZoneInfo(row.timezone or "Etc/UTC"),
        opening_hours=row.opening_hours or {},
        closures=[Interval(datetime.fromisoformat(a), datetime.fromisoformat(b)) for a, b in row.closures or ()],
        ends_at=row.ends_at,
        turnover_minutes=row.turnover_minutes,
        skill=row.skill,
        requires_bar=bool(row.requires_bar),
        screening_protocol=row.screening_protocol,
        client_known=row.client_known,
        therapist_known=row.therapist_known,
        room_known=row.room_known,
        candidates=candidates(row.candidates),
        now=row.now,
        price=row.price,
        cancellation=row.cancellation,
    )


def candidates(rows: list[list[Any]] | None) -> list[Candidate]:
    """What CANDIDATES answers, as values."""
    return [
        Candidate(
            therapist_id=UUID(id),
            on_shift=True,
            away=away,
            busy=busy,
            certified_until=None if until is None else date.fromisoformat(until),
            load_ready=ready,
            sessions=sessions,
        )
        for id, away, busy, until, ready, sessions in rows or ()
    ]


ZONE_OF = """
SELECT timezone FROM branches
WHERE id = :id AND (CAST(:branches AS uuid[]) IS NULL OR id = ANY(CAST(:branches AS uuid[])))
"""


async def zone_of(tx: Transaction, branch_id: UUID, branches: list[UUID] | None) -> ZoneInfo | None:
    """The zone of a branch the caller sees."""
    name = await tx.scalar(ZONE_OF, {"id": branch_id, "branches": branches})
    return None if name is None else ZoneInfo(name)


# For requests whose chosen therapist's load was refused: the ground of each, and who else could.
NEXT = f"""
SELECT g.self AS id, g.timezone, g.skill, ({CANDIDATES}) AS candidates
FROM (
    SELECT a.id AS self, a.branch_id, CAST(NULL AS uuid) AS therapist_id, t.skill, b.timezone,
        tstzrange(a.starts_at, a.ends_at) AS during,
        tstzrange(a.starts_at - interval '12 hours', a.ends_at + interval '12 hours') AS day
    FROM appointments a JOIN branches b ON b.id = a.branch_id JOIN treatments t ON t.id = a.treatment_id
    WHERE a.id = ANY(CAST(:ids AS uuid[]))
) g
"""


@dataclass(frozen=True, slots=True)
class NextGround:
    zone: ZoneInfo
    skill: str | None
    candidates: list[Candidate]


async def next_ground(tx: Transaction, ids: list[UUID]) -> dict[UUID, NextGround]:
    """Who else could give these sessions, by appointment."""
    rows = await tx.all(NEXT, {"ids": ids})
    return {row.id: NextGround(ZoneInfo(row.timezone), row.skill, candidates(row.candidates)) for row in rows}
