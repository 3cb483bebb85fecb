"""What availability is computed from: one statement for any number of branches, times as whole seconds."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from services.scheduling.domain.slots import FOREVER, Period, Room, Session, Span, Therapist
from shared.kit.database import Transaction

_LOW = "CAST(extract(epoch FROM lower({0})) AS bigint)"
_HIGH = "CASE WHEN NOT upper_inf({0}) THEN CAST(extract(epoch FROM upper({0})) AS bigint) END"


def _spans(column: str, source: str, extra: str = "") -> str:
    """A subselect giving [[start, end], …]; an end that never comes is null."""
    low, high = _LOW.format(column), _HIGH.format(column)
    return f"(SELECT json_agg(json_build_array({low}, {high}{extra})) FROM {source})"


VIEW = f"""
SELECT b.id, b.timezone, b.opening_hours,
    {_spans("x.during", "closures x WHERE x.branch_id = b.id AND x.during && w.during")} AS closures,
    (SELECT json_agg(json_build_array(t.id, on_shift.spans,
        {
    _spans(
        "o.during",
        "(SELECT c.during FROM therapist_claims c WHERE c.therapist_id = t.id AND c.during && w.during"
        " AND (c.expires_at IS NULL OR c.expires_at > now()) AND c.appointment_id IS DISTINCT FROM :self"
        " UNION ALL SELECT f.during FROM time_off f WHERE f.therapist_id = t.id AND f.during && w.during) o",
    )
},
        (SELECT CAST(extract(epoch FROM CAST(k.certified_until + 1 AS timestamp) AT TIME ZONE b.timezone) AS bigint)
         FROM therapist_skills k WHERE k.therapist_id = t.id AND k.skill = w.skill),
        EXISTS (SELECT FROM load_profiles l WHERE l.therapist_id = t.id AND l.state = 'valid')
    ) ORDER BY t.id)
    FROM (SELECT s.therapist_id, json_agg(json_build_array({_LOW.format("s.during")}, {
    _HIGH.format("s.during")
})) AS spans
          FROM shift_windows s WHERE s.branch_id = b.id AND s.during && w.during
            AND (CAST(:therapist_id AS uuid) IS NULL OR s.therapist_id = CAST(:therapist_id AS uuid))
          GROUP BY s.therapist_id) on_shift
    JOIN therapists t ON t.id = on_shift.therapist_id AND t.active
    JOIN therapist_branches tb ON tb.branch_id = b.id AND tb.therapist_id = t.id) AS therapists,
    (SELECT json_agg(json_build_array(r.id, r.turnover_minutes,
        {
    _spans(
        "a.during",
        "(SELECT s.during FROM assignments_seen s WHERE s.room_id = r.id AND s.during && w.around"
        " UNION ALL SELECT c.during FROM room_closures c WHERE c.room_id = r.id AND c.during && w.around) a",
    )
},
        CASE WHEN w.requires_bar THEN
        {
    _spans(
        "p.during", "room_clearances p WHERE p.room_id = r.id AND p.during && w.around", ", p.excluded_therapist_ids"
    )
}
        END))
    FROM rooms r WHERE r.branch_id = b.id AND r.in_service) AS rooms,
    CASE WHEN CAST(:client_id AS uuid) IS NOT NULL THEN
    {
    _spans(
        "a.during",
        "(SELECT tstzrange(n.starts_at, n.ends_at) AS during FROM appointments n WHERE n.client_id = :client_id"
        " AND n.starts_at > lower(w.during) - interval '1 day' AND n.starts_at < upper(w.during)"
        " AND n.status IN ('pending', 'confirmed', 'needs_attention', 'checked_in', 'in_progress')) a",
    )
} END AS client_busy
FROM branches b CROSS JOIN (
    SELECT tstzrange(:from, :to) AS during, tstzrange(:from, CAST(:to AS timestamptz) + interval '1 day') AS around,
        CAST(:skill AS text) AS skill, CAST(:requires_bar AS boolean) AS requires_bar
) w
WHERE b.id = ANY(CAST(:branch_ids AS uuid[]))
ORDER BY array_position(CAST(:branch_ids AS uuid[]), b.id)
"""


@dataclass(frozen=True, slots=True)
class BranchView:
    """All of one branch that availability looks at, for one stretch of time."""

    id: UUID
    zone: ZoneInfo
    opening_hours: dict[str, list[list[str]]]
    closures: list[Span]
    therapists: list[Therapist]
    rooms: list[Room]
    client_busy: list[Span]


@dataclass(frozen=True, slots=True)
class Treatment:
    id: UUID
    skill: str | None
    session: Session


TREATMENT = "SELECT id, skill, duration_minutes, turnover_minutes, equipment FROM treatments WHERE id = :id"


async def treatment(tx: Transaction, id: UUID) -> Treatment | None:
    row = await tx.first(TREATMENT, {"id": id})
    if row is None:
        return None
    bar = "balancing_bar" in row.equipment
    return Treatment(row.id, row.skill, Session(row.duration_minutes * 60, row.turnover_minutes * 60, bar))


async def view(
    tx: Transaction,
    branch_ids: list[UUID],
    asked: Treatment,
    from_: datetime,
    to: datetime,
    *,
    therapist_id: UUID | None = None,
    client_id: UUID | None = None,
    self: UUID | None = None,
) -> list[BranchView]:
    """The known ones of `branch_ids`, in their order, between two instants. `self`: whose own time does not count."""
    rows = await tx.all(
        VIEW,
        {"branch_ids": branch_ids, "from": from_, "to": to, "skill": asked.skill, "client_id": client_id,
         "requires_bar": asked.session.requires_bar, "therapist_id": therapist_id, "self": self},
    )  # fmt: skip
    return [
        BranchView(
            id=UUID(int=row.id.int),  # the plain class: the JSON encoder knows it, the driver's own it does not
            zone=ZoneInfo(row.timezone),
            opening_hours=row.opening_hours,
            closures=_ended(row.closures),
            therapists=[_therapist(t, asked.skill) for t in row.therapists or ()],
            rooms=[_room(r) for r in row.rooms or ()],
            client_busy=_ended(row.client_busy),
        )
        for row in rows
    ]


def _therapist(values: list[Any], skill: str | None) -> Therapist:
    id, shifts, busy, certified_until, load_ready = values
    until = FOREVER if skill is None else certified_until or 0
    return Therapist(UUID(id), _ended(shifts), _ended(busy), until, load_ready)


def _room(values: list[Any]) -> Room:
    id, turnover, busy, periods = values
    return Room(
        UUID(id),
        turnover * 60,
        _ended(busy),
        [Period(a, FOREVER if b is None else b, frozenset(map(UUID, who))) for a, b, who in periods or ()],
    )


def _ended(spans: list[list[int | None]] | None) -> list[Span]:
    return [(a or 0, FOREVER if b is None else b) for a, b in spans or ()]
