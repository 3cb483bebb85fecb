"""Work orders: who repaired what. Opened by a lock-out (store.lockouts) or by hand."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from shared.kit.database import Transaction

COLUMNS = """id, version, bar_id, equipment_id, branch_id, lockout_id, status, title, note, assigned_to, due_on,
    opened_at, completed_at, repairer_name, repairer_credential, touched_mounting,
    status <> 'completed' AND coalesce(due_on < CAST(clock_timestamp() AT TIME ZONE coalesce(
        (SELECT timezone FROM branches b WHERE b.id = work_orders.branch_id), 'UTC') AS date), false) AS overdue"""

_PAGE = f"""
SELECT * FROM (SELECT {COLUMNS} FROM work_orders) AS found
WHERE (CAST(:branches AS uuid[]) IS NULL OR branch_id = ANY (CAST(:branches AS uuid[])))
  AND (CAST(:branch_id AS uuid) IS NULL OR branch_id = :branch_id)
  AND (CAST(:bar_id AS uuid) IS NULL OR bar_id = :bar_id)
  AND (CAST(:equipment_id AS uuid) IS NULL OR equipment_id = :equipment_id)
  AND (CAST(:overdue AS boolean) IS NULL OR overdue = :overdue)
  AND (CAST(:status AS text) IS NULL OR status = :status)
  AND (CAST(:after AS uuid) IS NULL OR id > :after)
ORDER BY id LIMIT :limit
"""


async def get(tx: Transaction, id: UUID, *, lock: bool = False) -> Row[Any] | None:
    return await tx.first(
        f"SELECT {COLUMNS} FROM work_orders WHERE id = :id" + (" FOR UPDATE" if lock else ""), {"id": id}
    )


async def open_of(tx: Transaction, bar_ids: Sequence[UUID]) -> list[UUID]:
    """Repairs still to be done on these bars."""
    rows = await tx.all(
        "SELECT id FROM work_orders WHERE bar_id = ANY (CAST(:bars AS uuid[])) AND status <> 'completed' ORDER BY id",
        {"bars": list(bar_ids)},
    )
    return [row.id for row in rows]


async def page(tx: Transaction, **filters: Any) -> Sequence[Row[Any]]:
    return await tx.all(_PAGE, filters)


async def open(tx: Transaction, values: dict[str, Any]) -> Row[Any]:
    """One planned by hand; those of lock-outs are opened with them (store.lockouts)."""
    return await tx.one(
        f"""INSERT INTO work_orders (id, bar_id, equipment_id, branch_id, title, note, due_on, opened_at)
            VALUES (:id, :bar_id, :equipment_id, :branch_id, :title, :note, :due_on, clock_timestamp())
            RETURNING {COLUMNS}""",
        values,
    )


async def assign(tx: Transaction, id: UUID, assigned_to: str, due_on: date | None) -> Row[Any]:
    """`due_on` stays as it was where none is given."""
    return await tx.one(
        f"""UPDATE work_orders SET version = version + 1, status = 'assigned', assigned_to = :assigned_to,
                due_on = coalesce(CAST(:due_on AS date), due_on)
            WHERE id = :id RETURNING {COLUMNS}""",
        {"id": id, "assigned_to": assigned_to, "due_on": due_on},
    )


async def complete(
    tx: Transaction, id: UUID, name: str, credential: str, key: str, subject: str, touched_mounting: bool
) -> Row[Any]:
    return await tx.one(
        f"""UPDATE work_orders SET version = version + 1, status = 'completed', completed_at = clock_timestamp(),
                repairer_name = :name, repairer_credential = :credential, repairer_credential_key = :key,
                repairer_subject = :subject, touched_mounting = :touched_mounting
            WHERE id = :id RETURNING {COLUMNS}""",
        {
            "id": id,
            "name": name,
            "credential": credential,
            "key": key,
            "subject": subject,
            "touched_mounting": touched_mounting,
        },
    )


async def log(
    tx: Transaction, id: UUID, entry_id: UUID, subject: str, entry: str, parts: list[dict[str, Any]]
) -> Row[Any]:
    return await tx.one(
        """INSERT INTO work_order_log (id, work_order_id, by_subject, entry, parts)
           VALUES (:entry_id, :id, :subject, :entry, CAST(:parts AS jsonb)) RETURNING id, at, entry, parts""",
        {"id": id, "entry_id": entry_id, "subject": subject, "entry": entry, "parts": parts},
    )


async def entries(tx: Transaction, id: UUID) -> Sequence[Row[Any]]:
    return await tx.all(
        "SELECT id, at, entry, parts FROM work_order_log WHERE work_order_id = :id ORDER BY at, id", {"id": id}
    )
