"""One connection of the service's own role, and a cleared room to attack."""

from datetime import datetime, timedelta
from uuid import UUID

import asyncpg

from shared.kit.ids import new_id
from tests.room_equipment.spa import Spa

INSERT = """
INSERT INTO assignments (appointment_id, assignment_version, attempt, branch_id, room_id, treatment_id, therapist_id,
                         requires_bar, load_kg, planned_at, ends_at, turnover_minutes, during, started_at)
VALUES ($1, 1, 1, $2, $3, $4, $5, $6, $7, $8, $9, 15, tstzrange($8, $10), $11)
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
        started: bool = False,
        therapist: UUID | None = None,
    ) -> UUID:
        id = new_id()
        await self.connection.execute(
            INSERT, id, self.spa.branch_id, room or self.room, new_id(), therapist or new_id(), requires_bar, load,
            starts_at, starts_at + timedelta(minutes=minutes - 15), starts_at + timedelta(minutes=minutes),
            starts_at if started else None,
        )  # fmt: skip
        return id

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
