"""Work orders: who repaired what. Opened by a lock-out (store.lockouts), completed before a release."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from shared.kit.database import Transaction

COLUMNS = """id, version, bar_id, branch_id, lockout_id, status, title, assigned_to, opened_at, completed_at,
    repairer_name, repairer_credential"""

_PAGE = f"""
SELECT {COLUMNS} FROM work_orders
WHERE (CAST(:branches AS uuid[]) IS NULL OR branch_id = ANY (CAST(:branches AS uuid[])))
  AND (CAST(:branch_id AS uuid) IS NULL OR branch_id = :branch_id)
  AND (CAST(:bar_id AS uuid) IS NULL OR bar_id = :bar_id)
  AND (CAST(:status AS text) IS NULL OR status = :status)
  AND (CAST(:after AS uuid) IS NULL OR id > :after)
ORDER BY id LIMIT :limit
"""


async def get(tx: Transaction, id: UUID, *, lock: bool = False) -> Row[Any] | None:
    return await tx.first(
        f"SELECT {COLUMNS} FROM work_orders WHERE id = :id" + (" FOR UPDATE" if lock else ""), {"id": id}
    )


async def page(tx: Transaction, **filters: Any) -> Sequence[Row[Any]]:
    return await tx.all(_PAGE, filters)


async def assign(tx: Transaction, id: UUID, assigned_to: str) -> Row[Any]:
    return await tx.one(
        f"""UPDATE work_orders SET version = version + 1, status = 'assigned', assigned_to = :assigned_to
            WHERE id = :id RETURNING {COLUMNS}""",
        {"id": id, "assigned_to": assigned_to},
    )


async def complete(tx: Transaction, id: UUID, name: str, credential: str, key: str, subject: str) -> Row[Any]:
    return await tx.one(
        f"""UPDATE work_orders SET version = version + 1, status = 'completed', completed_at = clock_timestamp(),
                repairer_name = :name, repairer_credential = :credential, repairer_credential_key = :key,
                repairer_subject = :subject
            WHERE id = :id RETURNING {COLUMNS}""",
        {"id": id, "name": name, "credential": credential, "key": key, "subject": subject},
    )


async def log(tx: Transaction, id: UUID, entry_id: UUID, subject: str, entry: str, parts: list[str]) -> Row[Any]:
    return await tx.one(
        """INSERT INTO work_order_log (id, work_order_id, by_subject, entry, parts)
           VALUES (:entry_id, :id, :subject, :entry, CAST(:parts AS jsonb)) RETURNING id, at, entry, parts""",
        {"id": id, "entry_id": entry_id, "subject": subject, "entry": entry, "parts": parts},
    )


async def entries(tx: Transaction, id: UUID) -> Sequence[Row[Any]]:
    return await tx.all(
        "SELECT id, at, entry, parts FROM work_order_log WHERE work_order_id = :id ORDER BY at, id", {"id": id}
    )
