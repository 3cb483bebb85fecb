"""Bars: registered, changed, removed. Their history is in inspections, which copy what the bar was then."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from shared.kit.database import Transaction

COLUMNS = """id, version, branch_id, room_id, serial, rated_load_kg, installed_on, installed_by, mounting, material,
    diameter_mm, documents, in_service, removed_on, unproven_since, bar_set_id"""

_PAGE = f"""
SELECT {COLUMNS} FROM bars
WHERE (CAST(:branches AS uuid[]) IS NULL OR branch_id = ANY (CAST(:branches AS uuid[])))
  AND (CAST(:branch_id AS uuid) IS NULL OR branch_id = :branch_id)
  AND (CAST(:room_id AS uuid) IS NULL OR room_id = :room_id)
  AND (CAST(:after AS uuid) IS NULL OR id > :after)
ORDER BY id LIMIT :limit
"""

_ADD = """
INSERT INTO bars (id, branch_id, room_id, serial, rated_load_kg, installed_on, installed_by, mounting, material,
                  diameter_mm, documents, in_service, unproven_since)
VALUES (:id, :branch_id, :room_id, :serial, :rated_load_kg, :installed_on, :installed_by, :mounting, :material,
        :diameter_mm, CAST(:documents AS jsonb), :in_service, :unproven_since)
ON CONFLICT ON CONSTRAINT bars_serial_is_one_per_branch DO NOTHING
"""

_CHANGE = f"""
UPDATE bars SET version = version + 1, branch_id = :branch_id, room_id = :room_id, serial = :serial,
    rated_load_kg = :rated_load_kg, installed_on = :installed_on, installed_by = :installed_by, mounting = :mounting,
    material = :material, diameter_mm = :diameter_mm, documents = CAST(:documents AS jsonb), in_service = :in_service,
    removed_on = :removed_on, unproven_since = :unproven_since, bar_set_id = :bar_set_id
WHERE id = :id RETURNING {COLUMNS}
"""

CHANGEABLE = (
    "branch_id", "room_id", "serial", "rated_load_kg", "installed_on", "installed_by", "mounting", "material",
    "diameter_mm", "documents", "in_service", "removed_on", "unproven_since", "bar_set_id",
)  # fmt: skip


async def get(tx: Transaction, id: UUID) -> Row[Any] | None:
    return await tx.first(f"SELECT {COLUMNS} FROM bars WHERE id = :id", {"id": id})


async def mounted(tx: Transaction, branch_id: UUID) -> Sequence[Row[Any]]:
    return await tx.all(
        f"SELECT {COLUMNS} FROM bars WHERE branch_id = :branch_id AND removed_on IS NULL ORDER BY id",
        {"branch_id": branch_id},
    )


async def serial_taken(tx: Transaction, branch_id: UUID, serial: str, but: UUID) -> bool:
    """Whether another bar of the branch has this serial."""
    return bool(
        await tx.scalar(
            "SELECT EXISTS (SELECT 1 FROM bars WHERE branch_id = :branch_id AND serial = :serial AND id <> :but)",
            {"branch_id": branch_id, "serial": serial, "but": but},
        )
    )


async def page(
    tx: Transaction, branches: list[UUID] | None, branch_id: UUID | None, room_id: UUID | None,
    after: UUID | None, limit: int,
) -> Sequence[Row[Any]]:  # fmt: skip
    return await tx.all(
        _PAGE,
        {"branches": branches, "branch_id": branch_id, "room_id": room_id, "after": after, "limit": limit},
    )


async def add(tx: Transaction, values: dict[str, Any]) -> bool:
    """False when the branch has a bar of this serial."""
    return await tx.run(_ADD, values) == 1


async def change(tx: Transaction, id: UUID, values: dict[str, Any]) -> Row[Any]:
    return await tx.one(_CHANGE, {"id": id, **{name: values[name] for name in CHANGEABLE}})
