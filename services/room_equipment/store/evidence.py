"""What was so at the time of a session: bars as they hung then, what was on record of them, how its room changed."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from services.room_equipment.store.inspections import CHAINED
from services.room_equipment.store.inspections import COLUMNS as INSPECTION
from services.room_equipment.store.lockouts import COLUMNS as LOCKOUT
from shared.kit.database import Transaction

_MOUNTED = """
SELECT bar_id, serial, rated_load_kg, mounting, in_service, lower(during) AS as_of, upper(during) AS until
FROM bar_states
WHERE room_id = :room_id AND mounted AND during && tstzrange(:start, :end) ORDER BY serial, bar_id, during
"""

# The latest on record when it began, and what came in while it ran.
_INSPECTIONS = f"""
SELECT {INSPECTION} FROM ({CHAINED}) i
WHERE bar_id = ANY (CAST(:bars AS uuid[])) AND recorded_at < :end AND (recorded_at > :start OR sequence = (
    SELECT max(sequence) FROM inspections x WHERE x.bar_id = i.bar_id AND x.recorded_at <= :start
))
ORDER BY bar_id, sequence
"""

_LOCKOUTS = f"""
SELECT {LOCKOUT}, (SELECT w.id FROM work_orders w WHERE w.lockout_id = l.id) AS work_order_id FROM lockouts l
WHERE bar_id = ANY (CAST(:bars AS uuid[])) AND tstzrange(opened_at, released_at, '[]') && tstzrange(:start, :end)
ORDER BY opened_at, id
"""

_ROOMS = """
SELECT outcome, reason, ended_at, assignment_version, room_id, therapist_id, lower(during) AS starts_at,
       upper(during) AS blocked_until, started_at
FROM assignment_history WHERE appointment_id = :id ORDER BY seq
"""


async def mounted(tx: Transaction, room_id: UUID, start: datetime, end: datetime) -> Sequence[Row[Any]]:
    """The states, by bar and time, of every bar that hung in the room at any moment of the interval."""
    return await tx.all(_MOUNTED, {"room_id": room_id, "start": start, "end": end})


async def inspections(tx: Transaction, bar_ids: list[UUID], start: datetime, end: datetime) -> Sequence[Row[Any]]:
    return await tx.all(_INSPECTIONS, {"bars": bar_ids, "start": start, "end": end})


async def lockouts(tx: Transaction, bar_ids: list[UUID], start: datetime, end: datetime) -> Sequence[Row[Any]]:
    return await tx.all(_LOCKOUTS, {"bars": bar_ids, "start": start, "end": end})


async def rooms_of(tx: Transaction, appointment_id: UUID) -> Sequence[Row[Any]]:
    """How the assignment changed, oldest first: moved, released, revoked, ended."""
    return await tx.all(_ROOMS, {"id": appointment_id})
