"""What availability is computed from: one statement for any number of branches.

Times come as packed bytes (`domain/grid.py`), because building and reading JSON cost more than all the rest.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import orjson

from services.scheduling.domain.grid import Spans, stamp
from services.scheduling.domain.localtime import day_end
from services.scheduling.domain.slots import Room, Session, Therapist
from shared.kit.database import Transaction

MINUTE = 60_000_000
_2000 = date(2000, 1, 1)


def pack(during: str, order: str = "") -> str:
    """An aggregate: the spans as bytes. An end that never comes is infinity."""
    start, end = f"timestamptz_send(lower({during}))", f"timestamptz_send(coalesce(upper({during}), 'infinity'))"
    return f"string_agg({start} || {end}, ''{order})"


def _touches(during: str, stretch: str) -> str:
    """For what lasts a day at most (sessions do): looked up by its start, where an index holds all that is read."""
    return f"lower({during}) > lower({stretch}) - interval '1 day' AND lower({during}) < upper({stretch})"


VIEW = f"""
SELECT b.id, b.timezone, CAST(b.opening_hours AS text) AS opening_hours, people.*, places.*,
    (SELECT {pack("x.during")} FROM closures x WHERE x.branch_id = b.id AND x.during && w.during) AS closures,
    CASE WHEN CAST(:client_id AS uuid) IS NOT NULL THEN (
        SELECT {pack("n.during")} FROM (
            SELECT tstzrange(a.starts_at, a.ends_at) AS during FROM appointments a WHERE a.client_id = :client_id
            AND a.starts_at > lower(w.during) - interval '1 day' AND a.starts_at < upper(w.during)
            AND a.status IN ('pending', 'confirmed', 'needs_attention', 'checked_in', 'in_progress')
            AND a.id IS DISTINCT FROM CAST(:self AS uuid)) n
    ) END AS client_busy
FROM branches b
CROSS JOIN (
    SELECT tstzrange(:from, :to) AS during, CAST(:skills AS text[]) AS skills, CAST(:bars AS boolean) AS bars,
        CAST(:therapist_ids AS uuid[]) AS therapist_ids, CAST(:self AS uuid) AS self
) w
LEFT JOIN LATERAL (
    SELECT CAST(json_agg(json_build_array(t.id, k.certified, coalesce(l.state = 'valid', false)) ORDER BY t.id) AS text)
            AS people,
        array_agg(s.shifts ORDER BY t.id) AS shifts, array_agg(c.busy ORDER BY t.id) AS people_busy,
        array_agg(f.away ORDER BY t.id) AS people_away
    FROM (
        SELECT sw.therapist_id, {pack("sw.during")} AS shifts FROM shift_windows sw
        WHERE sw.branch_id = b.id AND sw.during && w.during
          AND (w.therapist_ids IS NULL OR sw.therapist_id = ANY(w.therapist_ids))
        GROUP BY sw.therapist_id
    ) s
    JOIN therapists t ON t.id = s.therapist_id AND t.active
    JOIN therapist_branches tb ON tb.branch_id = b.id AND tb.therapist_id = t.id
    LEFT JOIN load_profiles l ON l.therapist_id = t.id
    CROSS JOIN LATERAL (
        SELECT {pack("c.during")} AS busy FROM therapist_claims c
        WHERE c.therapist_id = t.id AND {_touches("c.during", "w.during")}
          AND (c.expires_at IS NULL OR c.expires_at > now())
          AND c.appointment_id IS DISTINCT FROM w.self
    ) c
    CROSS JOIN LATERAL (
        SELECT {pack("f.during")} AS away FROM time_off f WHERE f.therapist_id = t.id AND f.during && w.during
    ) f
    CROSS JOIN LATERAL (
        SELECT json_object_agg(k.skill, k.certified_until - DATE '2000-01-01') AS certified FROM therapist_skills k
        WHERE k.therapist_id = t.id AND k.skill = ANY(w.skills)
    ) k
) people ON true
LEFT JOIN LATERAL (
    SELECT CAST(json_agg(json_build_array(r.id, r.turnover_minutes, p.excluded) ORDER BY r.id) AS text) AS rooms,
        array_agg(a.busy ORDER BY r.id) AS rooms_busy, array_agg(p.periods ORDER BY r.id) AS rooms_cleared
    FROM rooms r
    CROSS JOIN LATERAL (
        SELECT tstzrange(lower(w.during), upper(w.during)
            + make_interval(mins => greatest(r.turnover_minutes, CAST(:turnover AS int)))) AS during
    ) around
    CROSS JOIN LATERAL (
        SELECT {pack("a.during")} AS busy FROM (
            SELECT s.during FROM assignments_seen s WHERE s.room_id = r.id AND {_touches("s.during", "around.during")}
              AND s.appointment_id IS DISTINCT FROM w.self
            UNION ALL
            SELECT c.during FROM room_closures c WHERE c.room_id = r.id AND c.during && around.during
        ) a
    ) a
    CROSS JOIN LATERAL (
        SELECT {pack("p.during", " ORDER BY p.during")} AS periods,
            json_agg(p.excluded_therapist_ids ORDER BY p.during) AS excluded
        FROM room_clearances p WHERE w.bars AND p.room_id = r.id AND p.during && around.during
    ) p
    WHERE r.branch_id = b.id AND r.in_service
) places ON true
WHERE b.id = ANY(CAST(:branch_ids AS uuid[]))
ORDER BY array_position(CAST(:branch_ids AS uuid[]), b.id)
"""


@dataclass(frozen=True, slots=True)
class BranchView:
    """All of one branch that availability looks at, for one stretch of time. `opening_hours` is the stored JSON."""

    id: UUID
    zone: ZoneInfo
    opening_hours: str
    closures: Spans
    therapists: list[Therapist]
    rooms: list[Room]
    client_busy: Spans


@dataclass(frozen=True, slots=True)
class Treatment:
    id: UUID
    session: Session


# To the end of the transaction. PostgreSQL would plan VIEW anew each time (1.3 ms, as long as it runs), because for
# branches it does not know it expects ten.
PLANNED_ONCE = "set_config('plan_cache_mode', 'force_generic_plan', true)"
TREATMENT = f"""
SELECT now() AS now, {PLANNED_ONCE}, t.id, t.skill, t.duration_minutes, t.turnover_minutes, t.equipment
FROM treatments t WHERE t.id = :id
"""


async def treatment(tx: Transaction, id: UUID) -> tuple[datetime, Treatment] | None:
    """The database's time, and the treatment."""
    row = await tx.first(TREATMENT, {"id": id})
    return None if row is None else (row.now, of_values(*tuple(row)[2:]))


def of_values(id: UUID | str, skill: str | None, duration: int, turnover: int, equipment: list[str]) -> Treatment:
    session = Session(duration * MINUTE, turnover * MINUTE, "balancing_bar" in equipment, skill)
    return Treatment(UUID(str(id)), session)


async def view(
    tx: Transaction,
    branch_ids: list[UUID],
    treatments: Sequence[Treatment],
    from_: datetime,
    to: datetime,
    *,
    therapist_ids: list[UUID] | None = None,
    client_id: UUID | None = None,
    self: UUID | None = None,
) -> list[BranchView]:
    """The known ones of `branch_ids`, in their order: what happens between two instants, and in the rooms until the
    longest turnover after. `self`: whose own time does not count.
    """
    sessions = [treatment.session for treatment in treatments]
    rows = await tx.all(
        VIEW,
        {"branch_ids": branch_ids, "from": from_, "to": to, "client_id": client_id, "therapist_ids": therapist_ids,
         "self": self, "skills": sorted({session.skill for session in sessions if session.skill is not None}),
         "bars": any(session.requires_bar for session in sessions),
         "turnover": max(session.turnover for session in sessions) // MINUTE},
    )  # fmt: skip
    return [_branch(row) for row in rows]


def _branch(row: Any) -> BranchView:
    zone = ZoneInfo(row.timezone)
    return BranchView(
        id=UUID(int=row.id.int),  # the plain class: the JSON encoder knows it, the driver's own it does not
        zone=zone,
        opening_hours=row.opening_hours,
        closures=row.closures or b"",
        therapists=[
            Therapist(id, shifts, busy or b"", away or b"", certified, ready)
            for (id, certified, ready), shifts, busy, away in zip(
                _people(row.people, zone), row.shifts or (), row.people_busy or (), row.people_away or (), strict=True
            )
        ],
        rooms=[
            Room(id, turnover, busy or b"", cleared or b"", excluded)
            for (id, turnover, excluded), busy, cleared in zip(
                _rooms(row.rooms), row.rooms_busy or (), row.rooms_cleared or (), strict=True
            )
        ],
        client_busy=row.client_busy or b"",
    )


# These say little and change rarely; each is kept under the very text that was read.


@lru_cache(maxsize=256)
def _people(said: str | None, zone: ZoneInfo) -> list[tuple[UUID, dict[str, int], bool]]:
    """Certificates hold through their last day as the branch's clock has it."""
    return [
        (UUID(id), {skill: _day_end(days, zone) for skill, days in (certified or {}).items()}, ready)
        for id, certified, ready in orjson.loads(said or "[]")
    ]


@lru_cache(maxsize=256)
def _rooms(said: str | None) -> list[tuple[UUID, int, tuple[frozenset[UUID], ...]]]:
    return [
        (UUID(id), turnover * MINUTE, tuple(frozenset(map(UUID, who)) for who in excluded or ()))
        for id, turnover, excluded in orjson.loads(said or "[]")
    ]


@lru_cache(maxsize=4096)
def _day_end(days: int, zone: ZoneInfo) -> int:
    return stamp(day_end(_2000 + timedelta(days=days), zone))
