"""What scheduling has heard of rooms: advice for availability, never a reason to refuse."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from shared.kit.database import Transaction

# Every fact carries a version; one that is not newer than what is known changes nothing.
ROOMS = """
INSERT INTO rooms AS r (id, branch_id, code, turnover_minutes, in_service, version, said_at, heard_at)
SELECT id, branch_id, code, turnover_minutes, in_service, version, said_at, clock_timestamp()
FROM jsonb_to_recordset(CAST(:rooms AS jsonb)) AS n (
    id uuid, branch_id uuid, code text, turnover_minutes int, in_service boolean, version int, said_at timestamptz)
ON CONFLICT (id) DO UPDATE SET branch_id = excluded.branch_id, code = excluded.code, version = excluded.version,
    turnover_minutes = excluded.turnover_minutes, in_service = excluded.in_service,
    said_at = excluded.said_at, heard_at = excluded.heard_at
WHERE r.version < excluded.version
"""
# The room may not be known yet: clearance and registration are announced apart.
CLEARANCES = """
WITH said AS (
    SELECT * FROM jsonb_to_recordset(CAST(:rooms AS jsonb)) AS s (
        id uuid, branch_id uuid, version int, periods jsonb, gaps jsonb, said_at timestamptz)
), newer AS (
    INSERT INTO rooms AS r (id, branch_id, clearance_version, said_at, heard_at)
    SELECT id, branch_id, version, said_at, clock_timestamp() FROM said
    ON CONFLICT (id) DO UPDATE SET clearance_version = excluded.clearance_version,
        said_at = excluded.said_at, heard_at = excluded.heard_at
    WHERE r.clearance_version < excluded.clearance_version
    RETURNING id
), periods AS (
    SELECT s.id, tstzrange(p.starts_at, p.ends_at) AS during, p.excluded_therapist_ids
    FROM said s JOIN newer n ON n.id = s.id,
        jsonb_to_recordset(s.periods) AS p (
            starts_at timestamptz, ends_at timestamptz, excluded_therapist_ids uuid[])
    WHERE p.ends_at IS NULL OR p.ends_at > p.starts_at
), gone AS (
    DELETE FROM room_clearances c USING newer n WHERE c.room_id = n.id
    AND NOT EXISTS (SELECT FROM periods p WHERE p.id = c.room_id AND p.during = c.during)
), gaps AS (
    SELECT s.id, tstzrange(g.starts_at, g.ends_at) AS during, g.reason
    FROM said s JOIN newer n ON n.id = s.id,
        jsonb_to_recordset(s.gaps) AS g (starts_at timestamptz, ends_at timestamptz, reason text)
    WHERE g.ends_at IS NULL OR g.ends_at > g.starts_at
), shut AS (
    DELETE FROM room_gaps o USING newer n WHERE o.room_id = n.id
    AND NOT EXISTS (SELECT FROM gaps g WHERE g.id = o.room_id AND g.during = o.during)
), told AS (
    INSERT INTO room_gaps (room_id, during, reason) SELECT id, during, reason FROM gaps
    ON CONFLICT (room_id, during) DO UPDATE SET reason = excluded.reason
)
INSERT INTO room_clearances AS c (room_id, during, excluded_therapist_ids)
SELECT id, during, excluded_therapist_ids FROM periods
ON CONFLICT (room_id, during) DO UPDATE SET excluded_therapist_ids = excluded.excluded_therapist_ids
"""
CLOSURES = """
WITH said AS (
    SELECT * FROM jsonb_to_recordset(CAST(:rooms AS jsonb)) AS s (
        id uuid, branch_id uuid, version int, closures jsonb, said_at timestamptz)
), newer AS (
    INSERT INTO rooms AS r (id, branch_id, closures_version, said_at, heard_at)
    SELECT id, branch_id, version, said_at, clock_timestamp() FROM said
    ON CONFLICT (id) DO UPDATE SET closures_version = excluded.closures_version,
        said_at = excluded.said_at, heard_at = excluded.heard_at
    WHERE r.closures_version < excluded.closures_version
    RETURNING id
), shut AS (
    SELECT s.id, tstzrange(c.starts_at, c.ends_at) AS during, min(c.reason) AS reason
    FROM said s JOIN newer n ON n.id = s.id,
        jsonb_to_recordset(s.closures) AS c (starts_at timestamptz, ends_at timestamptz, reason text)
    GROUP BY 1, 2
), gone AS (
    DELETE FROM room_closures c USING newer n WHERE c.room_id = n.id
    AND NOT EXISTS (SELECT FROM shut s WHERE s.id = c.room_id AND s.during = c.during)
)
INSERT INTO room_closures (room_id, during, reason) SELECT id, during, reason FROM shut
ON CONFLICT (room_id, during) DO UPDATE SET reason = excluded.reason
"""
# {id, version, room_id, starts_at, blocked_until}; without `starts_at` the room is free again. Part of saga.SAVE.
SEEN = """
INSERT INTO assignments_seen AS s (appointment_id, assignment_version, room_id, during)
SELECT n.id, n.version, n.room_id,
    CASE WHEN n.starts_at IS NOT NULL THEN tstzrange(n.starts_at, n.blocked_until) END
FROM jsonb_to_recordset(CAST(:seen AS jsonb)) AS n (
    id uuid, version int, room_id uuid, starts_at timestamptz, blocked_until timestamptz)
ON CONFLICT (appointment_id) DO UPDATE SET assignment_version = excluded.assignment_version,
    room_id = excluded.room_id, during = excluded.during
WHERE s.assignment_version < excluded.assignment_version
"""
LOADS = """
INSERT INTO load_profiles AS l (therapist_id, version, state)
SELECT id, version, state FROM jsonb_to_recordset(CAST(:loads AS jsonb)) AS n (id uuid, version int, state text)
ON CONFLICT (therapist_id) DO UPDATE SET version = excluded.version, state = excluded.state
WHERE l.version < excluded.version
"""


async def save_rooms(tx: Transaction, rooms: Sequence[dict[str, Any]]) -> None:
    """{id, branch_id, code, turnover_minutes, in_service, version, said_at}; each id at most once."""
    await tx.run(ROOMS, {"rooms": list(rooms)})


async def save_clearances(tx: Transaction, rooms: Sequence[dict[str, Any]]) -> None:
    """{id, branch_id, version, periods, gaps, said_at}; replaces all periods and gaps known of the room."""
    await tx.run(CLEARANCES, {"rooms": list(rooms)})


async def save_closures(tx: Transaction, rooms: Sequence[dict[str, Any]]) -> None:
    """{id, branch_id, version, closures, said_at}; replaces all closures known of the room."""
    await tx.run(CLOSURES, {"rooms": list(rooms)})


async def save_load_profiles(tx: Transaction, loads: Sequence[dict[str, Any]]) -> None:
    """{id, version, state}."""
    await tx.run(LOADS, {"loads": list(loads)})


async def known(tx: Transaction, room_id: UUID, branch_id: UUID) -> bool:
    """Whether this branch has this room, as far as has been heard."""
    statement = "SELECT EXISTS (SELECT FROM rooms WHERE id = :id AND branch_id = :branch_id)"
    return bool(await tx.scalar(statement, {"id": room_id, "branch_id": branch_id}))
