"""Rooms: the rows that every change of what lies in them locks first, in the order of their ids."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from services.room_equipment.domain.clearance import Bar, Certificate
from services.room_equipment.domain.closures import Closed
from services.room_equipment.domain.roomstate import RoomState
from shared.kit.database import Transaction

COLUMNS = "id, version, branch_id, code, name, turnover_minutes, bars_required, in_service, clearance_version"

# Not FOR UPDATE: foreign keys of new rows point at rooms and must not wait.
_LOCK = f"""
SELECT {COLUMNS} FROM rooms WHERE branch_id = ANY (CAST(:branches AS uuid[])) ORDER BY id FOR NO KEY UPDATE
"""

_STATES = """
SELECT r.id AS room_id, r.branch_id, r.code, r.turnover_minutes, r.in_service AS room_in_service, r.bars_required,
       r.clearance_version, b.id AS bar_id, b.rated_load_kg, b.in_service, i.id AS inspection_id, i.certified_until,
       EXISTS (SELECT 1 FROM inspections p WHERE p.bar_id = b.id AND p.kind = 'installation' AND p.result <> 'fail'
               AND p.recorded_at >= b.unproven_since) AS proven,
       EXISTS (SELECT 1 FROM lockouts l WHERE l.bar_id = b.id AND l.released_at IS NULL) AS locked_out,
       (SELECT jsonb_agg(jsonb_build_array(lower(k.closed), upper(k.closed))) FROM room_closures k
        WHERE k.room_id = r.id AND k.closed && tstzrange(clock_timestamp(), NULL)) AS closures
FROM rooms r
LEFT JOIN bars b ON b.room_id = r.id AND b.removed_on IS NULL
LEFT JOIN LATERAL (
    SELECT id, certified_until FROM inspections WHERE bar_id = b.id ORDER BY sequence DESC LIMIT 1
) i ON true
WHERE r.id = ANY (CAST(:rooms AS uuid[])) ORDER BY r.id, b.id
"""

_PAGE = f"""
SELECT {COLUMNS} FROM rooms
WHERE (CAST(:branches AS uuid[]) IS NULL OR branch_id = ANY (CAST(:branches AS uuid[])))
  AND (CAST(:branch_id AS uuid) IS NULL OR branch_id = :branch_id)
  AND (CAST(:after AS uuid) IS NULL OR id > :after)
ORDER BY id LIMIT :limit
"""


async def lock(tx: Transaction, branch_ids: Iterable[UUID]) -> Sequence[Row[Any]]:
    """Lock all rooms of these branches and return them. Read what lies in them only after this."""
    return await tx.all(_LOCK, {"branches": list(set(branch_ids))})


async def moment(tx: Transaction, room_ids: Iterable[UUID]) -> datetime:
    """The instant, by the database's clock, from which on a change made now counts. Ask after locking."""
    found: datetime = await tx.scalar("SELECT moment_for(CAST(:rooms AS uuid[]))", {"rooms": list(room_ids)})
    return found


async def states(tx: Transaction, room_ids: Iterable[UUID]) -> list[RoomState]:
    """The rooms with their mounted bars and closures, as the clearance rules look at them."""
    found: dict[UUID, RoomState] = {}
    instant = datetime.fromisoformat
    for row in await tx.all(_STATES, {"rooms": list(room_ids)}):
        state = found.get(row.room_id)
        if state is None:
            state = found[row.room_id] = RoomState(
                row.room_id, row.branch_id, row.code, row.turnover_minutes,
                row.room_in_service, row.bars_required, row.clearance_version, [],
                [Closed(instant(start), instant(end) if end else None) for start, end in row.closures or ()],
            )  # fmt: skip
        if row.bar_id is not None:
            latest = Certificate(row.inspection_id, row.certified_until) if row.inspection_id else None
            state.bars.append(Bar(row.bar_id, row.rated_load_kg, row.in_service, row.proven, row.locked_out, latest))
    return list(found.values())


async def get(tx: Transaction, id: UUID) -> Row[Any] | None:
    return await tx.first(f"SELECT {COLUMNS} FROM rooms WHERE id = :id", {"id": id})


async def page(
    tx: Transaction, branches: list[UUID] | None, branch_id: UUID | None, after: UUID | None, limit: int
) -> Sequence[Row[Any]]:
    return await tx.all(_PAGE, {"branches": branches, "branch_id": branch_id, "after": after, "limit": limit})


async def add(tx: Transaction, values: dict[str, Any]) -> bool:
    """False when the branch has a room of this code."""
    done = await tx.run(
        """INSERT INTO rooms (id, branch_id, code, name, turnover_minutes, bars_required, in_service)
           VALUES (:id, :branch_id, :code, :name, :turnover_minutes, :bars_required, :in_service)
           ON CONFLICT ON CONSTRAINT rooms_code_is_one_per_branch DO NOTHING""",
        values,
    )
    return done == 1


async def change(tx: Transaction, id: UUID, values: dict[str, Any]) -> Row[Any]:
    return await tx.one(
        f"""UPDATE rooms SET version = version + 1, code = :code, name = :name, turnover_minutes = :turnover_minutes,
            bars_required = :bars_required, in_service = :in_service WHERE id = :id RETURNING {COLUMNS}""",
        {"id": id, **values},
    )


async def require_mounted(tx: Transaction, room_id: UUID) -> None:
    """`bars_required` rises to the number mounted; only a person with `rooms:inspect` lowers it."""
    await tx.run(
        """UPDATE rooms SET version = version + 1, bars_required = m.mounted
           FROM (SELECT count(*) AS mounted FROM bars WHERE room_id = :id AND removed_on IS NULL) m
           WHERE id = :id AND bars_required < m.mounted""",
        {"id": room_id},
    )


async def bump_clearance(tx: Transaction, room_ids: Sequence[UUID]) -> dict[UUID, tuple[UUID, int]]:
    """The next version of what is said of these rooms' clearance: {room: (branch, version)}."""
    rows = await tx.all(
        """UPDATE rooms SET clearance_version = clearance_version + 1 WHERE id = ANY (CAST(:rooms AS uuid[]))
           RETURNING id, branch_id, clearance_version""",
        {"rooms": list(room_ids)},
    )
    return {row.id: (row.branch_id, row.clearance_version) for row in rows}


async def branches_of(tx: Transaction, room_ids: Sequence[UUID]) -> list[UUID]:
    rows = await tx.all(
        "SELECT DISTINCT branch_id FROM rooms WHERE id = ANY (CAST(:rooms AS uuid[]))", {"rooms": list(room_ids)}
    )
    return [row.branch_id for row in rows]
