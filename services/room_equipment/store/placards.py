"""What a bar's certificate and placard say, in one row: bar, room, branch, and the latest of what is on record."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from services.room_equipment.domain.clearance import Bar, Certificate
from services.room_equipment.domain.placards import Facts
from services.room_equipment.store.inspections import CHAINED
from services.room_equipment.store.inspections import COLUMNS as INSPECTION
from shared.kit.database import Transaction

COLUMNS = """b.id AS bar_id, b.version, b.branch_id, b.room_id, b.serial, b.rated_load_kg, b.mounting, b.material,
    b.diameter_mm, b.installed_on, b.installed_by, b.in_service, b.removed_on, b.unproven_since, r.code AS room_code,
    r.name AS room_name, r.version AS room_version, coalesce(br.code, '') AS branch_code,
    coalesce(br.timezone, 'UTC') AS timezone, i.id AS inspection_id, i.kind, i.result, i.performed_at, i.recorded_at,
    i.inspector_name, i.inspector_organisation, i.valid_until, i.certified_until, l.opened_at AS lockout_opened_at,
    EXISTS (SELECT 1 FROM inspections p WHERE p.bar_id = b.id AND p.kind = 'installation' AND p.result <> 'fail'
            AND p.recorded_at >= b.unproven_since) AS proven,
    (SELECT max(lower(during)) FROM bar_states s WHERE s.bar_id = b.id) AS state_since"""

JOINED = """
LEFT JOIN branches br ON br.id = r.branch_id
LEFT JOIN LATERAL (SELECT * FROM inspections WHERE bar_id = b.id ORDER BY sequence DESC LIMIT 1) i ON true
LEFT JOIN LATERAL (
    SELECT min(opened_at) AS opened_at FROM lockouts WHERE bar_id = b.id AND released_at IS NULL
) l ON true
"""

_OF_BRANCH = f"""
SELECT {COLUMNS} FROM bars b JOIN rooms r ON r.id = b.room_id {JOINED}
WHERE b.branch_id = :branch_id AND b.removed_on IS NULL ORDER BY r.code, r.id, b.serial, b.id LIMIT :limit
"""


async def get(tx: Transaction, bar_id: UUID) -> Row[Any]:
    return await tx.one(
        f"SELECT {COLUMNS} FROM bars b JOIN rooms r ON r.id = b.room_id {JOINED} WHERE b.id = :id", {"id": bar_id}
    )


async def of_branch(tx: Transaction, branch_id: UUID, limit: int) -> Sequence[Row[Any]]:
    """The mounted bars of a branch, by room and serial."""
    return await tx.all(_OF_BRANCH, {"branch_id": branch_id, "limit": limit})


async def inspection(tx: Transaction, bar_id: UUID, id: UUID) -> Row[Any] | None:
    """An inspection of this bar, with the room's code and the id and time of the one that followed it."""
    return await tx.first(
        f"""SELECT {INSPECTION}, (SELECT code FROM rooms WHERE rooms.id = i.room_id) AS room_code,
                (SELECT name FROM rooms WHERE rooms.id = i.room_id) AS room_name,
                (SELECT n.id FROM inspections n WHERE n.bar_id = i.bar_id AND n.sequence = i.sequence + 1) AS next_id,
                (SELECT n.recorded_at FROM inspections n WHERE n.bar_id = i.bar_id AND n.sequence = i.sequence + 1)
                    AS next_at
            FROM ({CHAINED}) i WHERE id = :id AND bar_id = :bar_id""",
        {"id": id, "bar_id": bar_id},
    )


def facts(row: Row[Any]) -> Facts:
    """A row of these columns, as the placard's rule looks at it."""
    latest = Certificate(row.inspection_id, row.certified_until) if row.inspection_id else None
    locked_out = row.lockout_opened_at is not None
    bar = Bar(row.bar_id, row.rated_load_kg, row.in_service, row.proven, locked_out, latest)
    state_since: datetime = row.state_since or row.unproven_since
    return Facts(bar, row.removed_on, state_since, row.unproven_since, row.recorded_at, row.lockout_opened_at)
