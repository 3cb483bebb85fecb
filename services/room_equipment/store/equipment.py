"""Equipment that is no bar."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from shared.kit.database import Transaction

COLUMNS = "id, version, branch_id, room_id, kind, name, serial, in_service, note"


async def get(tx: Transaction, id: UUID, *, lock: bool = False) -> Row[Any] | None:
    return await tx.first(
        f"SELECT {COLUMNS} FROM equipment WHERE id = :id" + (" FOR UPDATE" if lock else ""), {"id": id}
    )


async def page(tx: Transaction, **filters: Any) -> Sequence[Row[Any]]:
    return await tx.all(
        f"""SELECT {COLUMNS} FROM equipment
            WHERE (CAST(:branches AS uuid[]) IS NULL OR branch_id = ANY (CAST(:branches AS uuid[])))
              AND (CAST(:branch_id AS uuid) IS NULL OR branch_id = :branch_id)
              AND (CAST(:room_id AS uuid) IS NULL OR room_id = :room_id)
              AND (CAST(:after AS uuid) IS NULL OR id > :after)
            ORDER BY id LIMIT :limit""",
        filters,
    )


async def add(tx: Transaction, values: dict[str, Any]) -> Row[Any]:
    return await tx.one(
        f"""INSERT INTO equipment (id, branch_id, room_id, kind, name, serial, in_service, note)
            VALUES (:id, :branch_id, :room_id, :kind, :name, :serial, :in_service, :note) RETURNING {COLUMNS}""",
        values,
    )


async def change(tx: Transaction, values: dict[str, Any]) -> Row[Any]:
    return await tx.one(
        f"""UPDATE equipment SET version = version + 1, branch_id = :branch_id, room_id = :room_id, kind = :kind,
                name = :name, serial = :serial, in_service = :in_service, note = :note
            WHERE id = :id RETURNING {COLUMNS}""",
        values,
    )
