"""Sessions as they run: the last gate's reads, its one write, and the end."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from shared.kit.database import Transaction

_IN_THE_WAY = """
SELECT
    (SELECT appointment_id FROM assignments
     WHERE room_id = :room_id AND started_at IS NOT NULL AND appointment_id <> :id LIMIT 1) AS running_here,
    EXISTS (SELECT 1 FROM assignments WHERE therapist_id = :therapist_id AND started_at IS NOT NULL
            AND appointment_id <> :id) AS therapist_runs,
    (SELECT min(lower(during)) FROM assignments
     WHERE room_id = :room_id AND appointment_id <> :id AND during && tstzrange(:start, :until)) AS next_starts_at,
    (SELECT min(greatest(lower(closed), :start)) FROM room_closures
     WHERE room_id = :room_id AND closed && tstzrange(:start, :until)) AS closes_at
"""

_START = """
UPDATE assignments SET started_at = :start, during = tstzrange(:start, :until), ends_at = :ends_at, load_kg = :load,
    assignment_version = assignment_version + 1
WHERE appointment_id = :id AND started_at IS NULL RETURNING assignment_version
"""


async def in_the_way(
    tx: Transaction, id: UUID, room_id: UUID, therapist_id: UUID, start: datetime, until: datetime
) -> Row[Any]:
    """Who else runs in the room, whether the therapist runs another, what else wants the room, and when it closes."""
    return await tx.one(
        _IN_THE_WAY,
        {"id": id, "room_id": room_id, "therapist_id": therapist_id, "start": start, "until": until},
    )


async def start(
    tx: Transaction, id: UUID, start: datetime, ends_at: datetime, until: datetime, load: Decimal | None
) -> int:
    """The assignment's new version. Every constraint is checked on [start, until) by the database."""
    version: int = await tx.scalar(_START, {"id": id, "start": start, "ends_at": ends_at, "until": until, "load": load})
    return version


async def state_fitness(
    tx: Transaction, id: UUID, appointment_id: UUID, branch_id: UUID, therapist_id: UUID, fit: bool,
    at: datetime, subject: str,
) -> None:  # fmt: skip
    await tx.run(
        """INSERT INTO fitness_statements (id, appointment_id, branch_id, therapist_id, fit, stated_at, recorded_by)
           VALUES (:id, :appointment_id, :branch_id, :therapist_id, :fit, :at, :subject)""",
        {"id": id, "appointment_id": appointment_id, "branch_id": branch_id, "therapist_id": therapist_id,
         "fit": fit, "at": at, "subject": subject},
    )  # fmt: skip


async def fitness_of(tx: Transaction, appointment_id: UUID) -> list[Row[Any]]:
    return list(
        await tx.all(
            """SELECT id, therapist_id, fit, stated_at FROM fitness_statements
               WHERE appointment_id = :id ORDER BY stated_at""",
            {"id": appointment_id},
        )
    )
