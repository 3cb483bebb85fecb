"""Live assignments, and how they leave: to the history, in one statement, many at once."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from shared.kit.database import Transaction

_SHARED = """appointment_id, assignment_version, attempt, branch_id, room_id, treatment_id, therapist_id, client_id,
    screening_protocol, requires_bar, load_kg, planned_at, ends_at, turnover_minutes, during, started_at, at_risk_at,
    overran_at"""

COLUMNS = f"{_SHARED}, room_flexible, lower(during) AS starts_at, upper(during) AS blocked_until"

_HISTORY = f"INSERT INTO assignment_history (outcome, reason, {_SHARED})"

# Rejections, cancellations, no-shows. One that overtakes its request is remembered, so that the request does nothing.
_RELEASE = f"""
WITH said AS (
    SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:attempts AS int[]), CAST(:versions AS int[]),
                         CAST(:reasons AS text[])) AS s (id, attempt, version, reason)
), gone AS (
    DELETE FROM assignments a USING said s
    WHERE a.appointment_id = s.id AND a.attempt <= s.attempt AND a.started_at IS NULL RETURNING a.*, s.reason
), kept AS (
    {_HISTORY} SELECT 'released', reason, {_SHARED} FROM gone
), marked AS (
    INSERT INTO appointment_marks AS m (appointment_id, attempt, version, assignment_version)
    SELECT s.id, s.attempt, s.version, coalesce(g.assignment_version + 1, 0)
    FROM said s LEFT JOIN gone g ON g.appointment_id = s.id
    ON CONFLICT (appointment_id) DO UPDATE SET
        attempt = greatest(m.attempt, excluded.attempt), version = greatest(m.version, excluded.version),
        assignment_version = greatest(m.assignment_version, excluded.assignment_version)
)
SELECT appointment_id, attempt, assignment_version + 1 AS assignment_version, branch_id, room_id FROM gone
"""

_MOVE = f"""
WITH moved AS (
    UPDATE assignments a SET room_id = n.room_id, during = tstzrange(lower(a.during), n.blocked_until),
        assignment_version = a.assignment_version + 1
    FROM unnest(CAST(:ids AS uuid[]), CAST(:rooms AS uuid[]), CAST(:blocked AS timestamptz[]))
        AS n (id, room_id, blocked_until)
    WHERE a.appointment_id = n.id RETURNING old.*
)
{_HISTORY} SELECT 'moved', :reason, {_SHARED} FROM moved
"""

_LEAVE = f"""
WITH gone AS (
    DELETE FROM assignments WHERE appointment_id = ANY (CAST(:ids AS uuid[])) RETURNING *
), marked AS (
    INSERT INTO appointment_marks AS m (appointment_id, attempt, version, assignment_version)
    SELECT appointment_id, attempt, 0, assignment_version + 1 FROM gone
    ON CONFLICT (appointment_id) DO UPDATE SET
        assignment_version = greatest(m.assignment_version, excluded.assignment_version)
)
{_HISTORY} SELECT :outcome, :reason, {_SHARED} FROM gone
"""

_UNDER = f"""
SELECT {COLUMNS} FROM assignments
WHERE room_id = ANY (CAST(:rooms AS uuid[])) AND (during && tstzrange(:moment, NULL) OR started_at IS NOT NULL)
ORDER BY appointment_id
"""

_BUSY = """
SELECT room_id, appointment_id, lower(during) AS starts_at, upper(during) AS blocked_until FROM assignments
WHERE room_id = ANY (CAST(:rooms AS uuid[])) AND during && tstzrange(:start, :end)
"""

_PAGE = f"""
SELECT {COLUMNS} FROM assignments
WHERE (CAST(:branches AS uuid[]) IS NULL OR branch_id = ANY (CAST(:branches AS uuid[])))
  AND (CAST(:branch_id AS uuid) IS NULL OR branch_id = :branch_id)
  AND (CAST(:room_id AS uuid) IS NULL OR room_id = :room_id)
  AND during && tstzrange(:start, :end)
  AND (CAST(:after_start AS timestamptz) IS NULL OR (lower(during), appointment_id) > (:after_start, :after_id))
ORDER BY lower(during), appointment_id LIMIT :limit
"""


async def get(tx: Transaction, appointment_id: UUID) -> Row[Any] | None:
    return await tx.first(f"SELECT {COLUMNS} FROM assignments WHERE appointment_id = :id", {"id": appointment_id})


async def last(tx: Transaction, appointment_id: UUID) -> Row[Any] | None:
    """The newest line of an appointment's history."""
    return await tx.first(
        f"""SELECT outcome, reason, ended_at, lower(during) AS starts_at, upper(during) AS blocked_until, {_SHARED}
            FROM assignment_history WHERE appointment_id = :id ORDER BY seq DESC LIMIT 1""",
        {"id": appointment_id},
    )


async def page(tx: Transaction, **filters: Any) -> Sequence[Row[Any]]:
    return await tx.all(_PAGE, filters)


async def lock_rooms_of(tx: Transaction, appointment_ids: Sequence[UUID]) -> None:
    """Lock the rooms these appointments are in, in id order. A displacement holds all rooms of the branch."""
    await tx.run(
        """SELECT 1 FROM rooms WHERE id IN (
               SELECT room_id FROM assignments WHERE appointment_id = ANY (CAST(:ids AS uuid[]))
           ) ORDER BY id FOR NO KEY UPDATE""",
        {"ids": list(appointment_ids)},
    )


async def release(tx: Transaction, columns: dict[str, list[Any]]) -> Sequence[Row[Any]]:
    """Let go of the rooms of ended appointments; running sessions stay. Returns what was let go."""
    return await tx.all(_RELEASE, columns)


async def under(tx: Transaction, room_ids: Sequence[UUID], moment: datetime) -> Sequence[Row[Any]]:
    """Sessions of these rooms that a change at `moment` could touch, in the order of their ids."""
    return await tx.all(_UNDER, {"rooms": list(room_ids), "moment": moment})


async def busy(tx: Transaction, room_ids: Sequence[UUID], start: datetime, end: datetime) -> Sequence[Row[Any]]:
    """When and by whom these rooms are taken."""
    return await tx.all(_BUSY, {"rooms": list(room_ids), "start": start, "end": end})


async def move(tx: Transaction, moves: Sequence[tuple[UUID, UUID, datetime]], reason: str) -> None:
    """Give displaced sessions their new rooms: (appointment, room, blocked until)."""
    await tx.run(
        _MOVE,
        {"ids": [m[0] for m in moves], "rooms": [m[1] for m in moves], "blocked": [m[2] for m in moves],
         "reason": reason},
    )  # fmt: skip


async def leave(tx: Transaction, ids: Sequence[UUID], outcome: str, reason: str) -> None:
    """Revoked or finished: their rows live no more."""
    await tx.run(_LEAVE, {"ids": list(ids), "outcome": outcome, "reason": reason})


async def mark_at_risk(tx: Transaction, since: Mapping[UUID, datetime]) -> None:
    """From then on these running sessions are no longer covered, and keep their room."""
    await tx.run(
        """UPDATE assignments a SET at_risk_at = least(n.since, upper(a.during)),
               assignment_version = a.assignment_version + 1
           FROM unnest(CAST(:ids AS uuid[]), CAST(:since AS timestamptz[])) AS n (id, since)
           WHERE a.appointment_id = n.id AND (a.at_risk_at IS NULL OR a.at_risk_at > n.since)""",
        {"ids": list(since), "since": list(since.values())},
    )
