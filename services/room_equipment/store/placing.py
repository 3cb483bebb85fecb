"""Reads what a batch of placements needs in one statement, and writes them in one.

A booking passes here, so statements are counted: lock the rooms, read, write (and the kit's inbox and outbox).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from services.room_equipment.domain.clearance import Cleared, Gap
from services.room_equipment.domain.closures import Closed
from services.room_equipment.domain.load import Profile
from services.room_equipment.domain.placement import Room
from shared.kit.database import Transaction

# `w` pads each wish by the longest turnover it could get; one probe of the room's GiST index a wish and room.
_READ = """
WITH w AS MATERIALIZED (
    SELECT r.id AS room_id, tstzrange(n.s, n.e + make_interval(mins => greatest(n.turnover, r.turnover_minutes))) AS d,
           n.named = r.id AS named
    FROM unnest(CAST(:branches AS uuid[]), CAST(:starts AS timestamptz[]), CAST(:ends AS timestamptz[]),
                CAST(:turnovers AS int[]), CAST(:named AS uuid[])) AS n (branch_id, s, e, turnover, named)
    JOIN rooms r ON r.branch_id = n.branch_id AND (n.named IS NULL OR n.named = r.id)
)
SELECT
    (SELECT jsonb_agg(jsonb_build_array(a.room_id, lower(a.during), upper(a.during), a.appointment_id))
     FROM w JOIN assignments a ON a.room_id = w.room_id AND a.during && w.d) AS busy,
    (SELECT jsonb_agg(DISTINCT jsonb_build_array(c.room_id, lower(c.valid_during), upper(c.valid_during),
                                                 c.max_load_kg))
     FROM w JOIN room_clearances c ON c.room_id = w.room_id AND c.valid_during && w.d) AS cleared,
    (SELECT jsonb_agg(DISTINCT jsonb_build_array(g.room_id, lower(g.during), upper(g.during), g.reason))
     FROM w JOIN room_gaps g ON g.room_id = w.room_id AND g.during && w.d WHERE w.named) AS gaps,
    (SELECT jsonb_agg(DISTINCT jsonb_build_array(k.room_id, lower(k.closed), upper(k.closed)))
     FROM w JOIN room_closures k ON k.room_id = w.room_id AND k.closed && w.d) AS closures,
    (SELECT jsonb_agg(jsonb_build_array(branch_id, rules)) FROM house_rules_in_force
     WHERE branch_id IS NULL OR branch_id = ANY (CAST(:branches AS uuid[]))) AS rules,
    (SELECT jsonb_agg(jsonb_build_array(therapist_id, mass_kg, valid_until))
     FROM load_profiles WHERE therapist_id = ANY (CAST(:therapists AS uuid[]))) AS profiles,
    (SELECT jsonb_agg(id) FROM treatments
     WHERE requires_bar AND id = ANY (CAST(:treatments AS uuid[]))) AS bar_treatments,
    (SELECT jsonb_agg(jsonb_build_array(id, timezone))
     FROM branches WHERE id = ANY (CAST(:branches AS uuid[]))) AS zones,
    (SELECT jsonb_agg(jsonb_build_array(appointment_id, attempt, version, assignment_version))
     FROM appointment_marks WHERE appointment_id = ANY (CAST(:appointments AS uuid[]))) AS marks,
    (SELECT jsonb_agg(jsonb_build_array(appointment_id, assignment_version, started_at IS NOT NULL))
     FROM assignments WHERE appointment_id = ANY (CAST(:appointments AS uuid[]))) AS live
"""

_MARK = """
INSERT INTO appointment_marks AS m (appointment_id, attempt, version, assignment_version)
SELECT * FROM unnest(CAST(:mark_ids AS uuid[]), CAST(:mark_attempts AS int[]), CAST(:mark_versions AS int[]),
                     CAST(:mark_assignments AS int[]))
ON CONFLICT (appointment_id) DO UPDATE SET attempt = excluded.attempt, version = excluded.version,
    assignment_version = greatest(m.assignment_version, excluded.assignment_version)
"""

_NEW = """
    SELECT * FROM unnest(
        CAST(:ids AS uuid[]), CAST(:assignment_versions AS int[]), CAST(:attempts AS int[]),
        CAST(:branch_ids AS uuid[]), CAST(:room_ids AS uuid[]), CAST(:treatment_ids AS uuid[]),
        CAST(:therapist_ids AS uuid[]), CAST(:client_ids AS uuid[]), CAST(:protocols AS text[]),
        CAST(:flexible AS boolean[]), CAST(:requires_bar AS boolean[]), CAST(:loads AS numeric[]),
        CAST(:starts AS timestamptz[]), CAST(:ends AS timestamptz[]), CAST(:turnovers AS int[]),
        CAST(:blocked AS timestamptz[])
    ) AS n (appointment_id, assignment_version, attempt, branch_id, room_id, treatment_id, therapist_id, client_id,
            screening_protocol, room_flexible, requires_bar, load_kg, starts_at, ends_at, turnover_minutes,
            blocked_until)
"""

_WRITE = f"""
WITH marked AS ({_MARK})
INSERT INTO assignments (appointment_id, assignment_version, attempt, branch_id, room_id, treatment_id, therapist_id,
                         client_id, screening_protocol, room_flexible, requires_bar, load_kg, planned_at, ends_at,
                         turnover_minutes, during)
SELECT n.appointment_id, n.assignment_version, n.attempt, n.branch_id, n.room_id, n.treatment_id, n.therapist_id,
       n.client_id, n.screening_protocol, n.room_flexible, n.requires_bar, n.load_kg, n.starts_at, n.ends_at,
       n.turnover_minutes, tstzrange(n.starts_at, n.blocked_until)
FROM ({_NEW}) AS n
ON CONFLICT DO NOTHING RETURNING appointment_id
"""

# In place, because a second row of the appointment over its own slot would be refused.
_REPLACE = f"""
UPDATE assignments a SET assignment_version = n.assignment_version, attempt = n.attempt,
    branch_id = n.branch_id, room_id = n.room_id,
    treatment_id = n.treatment_id, therapist_id = n.therapist_id, client_id = n.client_id,
    screening_protocol = n.screening_protocol, room_flexible = n.room_flexible, load_kg = n.load_kg,
    planned_at = n.starts_at, ends_at = n.ends_at, turnover_minutes = n.turnover_minutes,
    during = tstzrange(n.starts_at, n.blocked_until)
FROM ({_NEW}) AS n
WHERE a.appointment_id = n.appointment_id AND a.requires_bar = n.requires_bar AND a.started_at IS NULL
RETURNING a.appointment_id
"""


@dataclass(frozen=True, slots=True)
class Mark:
    """What was last heard of an appointment, and the last version its assignment had when it ended."""

    attempt: int
    version: int
    assignment_version: int


@dataclass(slots=True)
class Scene:
    """What a batch of wishes needs to know, read after the rooms were locked.

    `live`: {appointment: (assignment_version, running)}.
    """

    rooms: dict[UUID, Room] = field(default_factory=dict)
    profiles: dict[UUID, Profile] = field(default_factory=dict)
    rules: list[tuple[UUID | None, dict[str, Any]]] = field(default_factory=list)
    bar_treatments: set[UUID] = field(default_factory=set)
    zones: dict[UUID, str] = field(default_factory=dict)
    marks: dict[UUID, Mark] = field(default_factory=dict)
    live: dict[UUID, tuple[int, bool]] = field(default_factory=dict)


async def read(tx: Transaction, rooms: Sequence[Any], columns: dict[str, list[Any]]) -> Scene:
    """The scene of a batch. `rooms`: the locked rows; `columns`: branches, starts, ends, turnovers, named, therapists,
    appointments, one entry a wish."""
    row = await tx.one(_READ, columns)
    scene = Scene()
    for r in rooms:
        scene.rooms[r.id] = Room(r.id, r.code, r.turnover_minutes, r.in_service)
    instant = datetime.fromisoformat
    for room, start, end, appointment in row.busy or ():
        scene.rooms[UUID(room)].busy[UUID(appointment)] = (instant(start), instant(end))
    for room, start, end, limit in row.cleared or ():
        scene.rooms[UUID(room)].cleared.append(Cleared(instant(start), instant(end), Decimal(str(limit)), ()))
    for room, start, end, reason in row.gaps or ():
        scene.rooms[UUID(room)].gaps.append(Gap(instant(start), instant(end) if end else None, reason))
    for room, start, end in row.closures or ():
        scene.rooms[UUID(room)].closures.append(Closed(instant(start), instant(end) if end else None))
    for found in scene.rooms.values():
        found.cleared.sort(key=lambda period: period.starts_at)
    for therapist, mass, until in row.profiles or ():
        scene.profiles[UUID(therapist)] = Profile(Decimal(str(mass)), date.fromisoformat(until))
    scene.rules = [(UUID(branch) if branch else None, values) for branch, values in row.rules or ()]
    scene.bar_treatments = {UUID(id) for id in row.bar_treatments or ()}
    scene.zones = {UUID(id): zone for id, zone in row.zones or ()}
    scene.marks = {UUID(id): Mark(*rest) for id, *rest in row.marks or ()}
    scene.live = {UUID(id): (version, running) for id, version, running in row.live or ()}
    return scene


async def branches_of(tx: Transaction, appointment_ids: Sequence[UUID]) -> set[UUID]:
    """In which branches these appointments have a room now."""
    rows = await tx.all(
        "SELECT DISTINCT branch_id FROM assignments WHERE appointment_id = ANY (CAST(:ids AS uuid[]))",
        {"ids": list(appointment_ids)},
    )
    return {row.branch_id for row in rows}


async def now(tx: Transaction) -> datetime:
    """The database's clock."""
    instant: datetime = await tx.scalar("SELECT clock_timestamp()")
    return instant


async def write(tx: Transaction, marks: dict[str, list[Any]], columns: dict[str, list[Any]]) -> set[UUID]:
    """Store new assignments and what was heard. Returns the ids stored; one that lost a race is not among them."""
    return {row.appointment_id for row in await tx.all(_WRITE, marks | columns)}


async def taken_until(tx: Transaction, room_id: UUID | None, start: datetime) -> datetime | None:
    """When whoever is in the room at `start` leaves it; None when nobody is."""
    found: datetime | None = await tx.scalar(
        "SELECT max(upper(during)) FROM assignments WHERE room_id = :room_id AND during @> CAST(:start AS timestamptz)",
        {"room_id": room_id, "start": start},
    )
    return found


async def replace(tx: Transaction, columns: dict[str, list[Any]]) -> set[UUID]:
    """Give live assignments a new time, room or therapist in place."""
    return {row.appointment_id for row in await tx.all(_REPLACE, columns)}
