"""One connection of the service's own role, and a cleared room to attack."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg

from shared.kit.ids import new_id
from tests.room_equipment.spa import Spa

INSERT = """
INSERT INTO assignments (appointment_id, assignment_version, attempt, branch_id, room_id, treatment_id, therapist_id,
                         requires_bar, load_kg, planned_at, ends_at, turnover_minutes, during)
VALUES ($1, 1, 1, $2, $3, $4, $5, $6, $7, $8, $9, 15, tstzrange($8, $10))
"""

START = """
UPDATE assignments SET started_at = t.at, during = tstzrange(t.at, t.at + (upper(during) - lower(during))),
    ends_at = t.at + (ends_at - lower(during)), assignment_version = assignment_version + 1
FROM (SELECT clock_timestamp() AS at) t WHERE appointment_id = $1
"""
CHECKS = """
INSERT INTO pre_use_checks
    (id, bar_id, branch_id, room_id, therapist_id, appointment_id, result, checked_at, recorded_by)
SELECT uuidv7(), b.id, b.branch_id, b.room_id, a.therapist_id, a.appointment_id, 'pass', clock_timestamp(), 'x'
FROM assignments a JOIN bars b ON b.room_id = a.room_id AND b.removed_on IS NULL WHERE a.appointment_id = $1
"""
FIT = """
INSERT INTO fitness_statements (id, appointment_id, branch_id, therapist_id, fit, stated_at, recorded_by)
SELECT uuidv7(), appointment_id, branch_id, therapist_id, true, clock_timestamp(), 'x' FROM assignments
WHERE appointment_id = $1
"""
LEAVE = """
WITH gone AS (DELETE FROM assignments WHERE appointment_id = $1 RETURNING *)
INSERT INTO assignment_history (outcome, appointment_id, assignment_version, attempt, branch_id, room_id, treatment_id,
    therapist_id, requires_bar, load_kg, planned_at, ends_at, turnover_minutes, during, started_at, at_risk_at)
SELECT 'released', appointment_id, assignment_version, attempt, branch_id, room_id, treatment_id, therapist_id,
    requires_bar, load_kg, planned_at, ends_at, turnover_minutes, during, started_at, at_risk_at FROM gone
"""


class Direct:
    """One connection of the service's own role, and a cleared room (limit 300 kg) to attack."""

    def __init__(self, connection: "asyncpg.Connection[asyncpg.Record]", spa: Spa, room: UUID, bar: UUID) -> None:
        self.connection, self.spa, self.room, self.bar = connection, spa, room, bar

    async def session(
        self,
        starts_at: datetime,
        *,
        room: UUID | None = None,
        requires_bar: bool = True,
        load: float | None = 120,
        minutes: int = 75,
        therapist: UUID | None = None,
    ) -> UUID:
        id = new_id()
        await self.connection.execute(
            INSERT, id, self.spa.branch_id, room or self.room, new_id(), therapist or self.spa.therapist_id,
            requires_bar, load, starts_at, starts_at + timedelta(minutes=minutes - 15),
            starts_at + timedelta(minutes=minutes),
        )  # fmt: skip
        return id

    async def running(self, *, therapist: UUID | None = None, room: UUID | None = None) -> UUID:
        """A session that starts now, as the last gate starts one; committed."""
        id = await self.session(datetime.now(UTC) + timedelta(seconds=30), therapist=therapist, room=room)
        async with self.connection.transaction():
            await self.stated(id)
            await self.connection.execute(START, id)
        return id

    async def stated(self, id: UUID) -> None:
        """The bars of its room were looked at for this session, and its therapist is fit."""
        await self.connection.execute(CHECKS, id)
        await self.connection.execute(FIT, id)

    async def sql(self, statement: str, *arguments: object) -> None:
        """Do it and commit, as far as constraints are concerned."""
        async with self.connection.transaction():
            await self.connection.execute(statement, *arguments)
            await self.connection.execute("SET CONSTRAINTS ALL IMMEDIATE")

    async def end(self) -> datetime:
        end: datetime = await self.connection.fetchval(
            "SELECT max(upper(valid_during)) FROM room_clearances WHERE room_id = $1", self.room
        )
        return end
