"""Sessions that nobody finished: their time and turnover are over, by the database's clock."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from shared.kit.database import Transaction

_ROOMS = """
SELECT 1 FROM rooms WHERE id IN (
    SELECT room_id FROM assignments WHERE started_at IS NOT NULL AND upper(during) <= clock_timestamp()
      AND (overran_at IS NULL OR requires_bar AND at_risk_at IS NULL)
) ORDER BY id FOR NO KEY UPDATE
"""

# Marked in the statement that finds them: whoever comes second, in another process or after a restart, finds none.
_MARK = """
WITH late AS (
    UPDATE assignments SET overran_at = clock_timestamp()
    WHERE started_at IS NOT NULL AND overran_at IS NULL AND upper(during) <= clock_timestamp()
    RETURNING appointment_id, attempt, assignment_version, branch_id, room_id, therapist_id,
              upper(during) AS blocked_until, overran_at
)
SELECT late.*, ARRAY(
    SELECT a.appointment_id FROM assignments a
    WHERE (a.room_id = late.room_id OR a.therapist_id = late.therapist_id) AND a.branch_id = late.branch_id
      AND a.started_at IS NULL AND a.planned_at <= late.overran_at AND upper(a.during) > late.overran_at
    ORDER BY a.planned_at, a.appointment_id
) AS delayed FROM late ORDER BY late.appointment_id
"""

# It was covered to the end of its time, and what came after was not: that is when the risk began.
_UNCOVERED = """
UPDATE assignments a SET at_risk_at = upper(a.during), assignment_version = a.assignment_version + 1
FROM room_gaps g
WHERE a.started_at IS NOT NULL AND a.requires_bar AND a.at_risk_at IS NULL AND upper(a.during) <= clock_timestamp()
  AND g.room_id = a.room_id AND g.during @> clock_timestamp()
  AND NOT EXISTS (SELECT FROM room_clearances c WHERE c.room_id = a.room_id AND c.valid_during @> clock_timestamp())
RETURNING a.appointment_id, a.attempt, a.assignment_version, a.branch_id, a.room_id, g.bar_id,
          CASE g.reason WHEN 'closed' THEN 'room_closed' ELSE g.reason END AS reason,
          greatest(lower(g.during), upper(a.during)) AS at_risk_at
"""

_DELAYED = """
SELECT a.appointment_id FROM assignments a JOIN assignments late ON late.appointment_id = :id
WHERE (a.room_id = late.room_id OR a.therapist_id = late.therapist_id) AND a.branch_id = late.branch_id
  AND late.overran_at IS NOT NULL AND a.started_at IS NULL AND a.planned_at <= clock_timestamp()
  AND upper(a.during) > late.overran_at
ORDER BY a.planned_at, a.appointment_id
"""


async def lock_rooms(tx: Transaction) -> None:
    """The rooms of sessions that are to be marked, in id order, before their rows."""
    await tx.run(_ROOMS)


async def mark(tx: Transaction) -> Sequence[Row[Any]]:
    """Sessions that overran since this was last asked, each once, with those that wait for their room or therapist."""
    return await tx.all(_MARK)


async def mark_uncovered(tx: Transaction) -> Sequence[Row[Any]]:
    """Of all that overran, those whose room's clearance has ended meanwhile: at risk from then on, each once."""
    return await tx.all(_UNCOVERED)


async def delayed_by(tx: Transaction, appointment_id: UUID) -> list[UUID]:
    """Sessions that should have begun by now and wait for this one to be finished."""
    return [row.appointment_id for row in await tx.all(_DELAYED, {"id": appointment_id})]
