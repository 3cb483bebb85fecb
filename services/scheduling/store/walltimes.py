"""The wall time of sessions whose slot changes, by our own zone data: the database's may be of another year."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from services.scheduling.domain.appointment import Appointment
from services.scheduling.domain.localtime import wall
from shared.kit.database import Transaction

# The zone stays that in which it was booked, unless it moves to another branch. What keeps its slot keeps the wall time
# that was promised, whatever the zone's rules have become.
MOVED = """
SELECT a.id, CASE WHEN c.branch_id = a.branch_id THEN a.timezone ELSE b.timezone END AS timezone
FROM jsonb_to_recordset(CAST(:slots AS jsonb)) AS c (id uuid, branch_id uuid, starts_at timestamptz)
JOIN appointments a ON a.id = c.id JOIN branches b ON b.id = c.branch_id
WHERE (a.starts_at, a.branch_id) <> (c.starts_at, c.branch_id)
"""


async def wall_times(tx: Transaction, appointments: Sequence[Appointment]) -> dict[UUID, dict[str, Any]]:
    """{timezone, starts_local} of those that are about to have another slot than the stored one."""
    if not appointments:
        return {}
    slots = [{"id": a.id, "branch_id": a.branch_id, "starts_at": a.starts_at} for a in appointments]
    starts = {a.id: a.starts_at for a in appointments}
    return {
        row.id: {"timezone": row.timezone, "starts_local": wall(starts[row.id], ZoneInfo(row.timezone)).isoformat()}
        for row in await tx.all(MOVED, {"slots": slots})
    }
