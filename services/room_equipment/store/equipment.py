"""Equipment that is no bar, with what its latest inspection says of it now."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from shared.kit.database import Transaction

LATEST = """
LEFT JOIN LATERAL (
    SELECT id, sequence, result, performed_at, valid_until, certified_until FROM equipment_inspections
    WHERE equipment_id = e.id ORDER BY sequence DESC LIMIT 1
) i ON true
"""

STATUS = """
CASE WHEN e.removed_on IS NOT NULL THEN 'removed'
     WHEN e.inspected AND i.result = 'fail' THEN 'failed'
     WHEN NOT e.in_service THEN 'out_of_service'
     WHEN e.inspected AND i.id IS NULL THEN 'never_inspected'
     WHEN e.inspected AND i.certified_until <= clock_timestamp() THEN 'lapsed'
     ELSE 'in_service' END
"""

FIELDS = (
    "branch_id", "room_id", "bar_id", "kind", "name", "serial", "manufacturer", "model", "purchased_on", "installed_on",
    "installed_by", "rated_load_kg", "documents", "inspected", "in_service", "removed_on", "note",
)  # fmt: skip

_SELECT = f"""
SELECT e.id, e.version, {", ".join(f"e.{name}" for name in FIELDS)}, {STATUS} AS status, i.valid_until,
       i.certified_until, i.performed_at AS latest_performed_at, coalesce(i.sequence, 0) AS inspections
FROM equipment e {LATEST}
"""


async def get(tx: Transaction, id: UUID, *, lock: bool = False) -> Row[Any] | None:
    return await tx.first(f"{_SELECT} WHERE e.id = :id" + (" FOR UPDATE OF e" if lock else ""), {"id": id})


async def page(tx: Transaction, **filters: Any) -> Sequence[Row[Any]]:
    return await tx.all(
        f"""{_SELECT}
            WHERE (CAST(:branches AS uuid[]) IS NULL OR e.branch_id = ANY (CAST(:branches AS uuid[])))
              AND (CAST(:branch_id AS uuid) IS NULL OR e.branch_id = :branch_id)
              AND (CAST(:room_id AS uuid) IS NULL OR e.room_id = :room_id)
              AND (CAST(:bar_id AS uuid) IS NULL OR e.bar_id = :bar_id)
              AND (CAST(:kind AS text) IS NULL OR e.kind = :kind)
              AND (CAST(:after AS uuid) IS NULL OR e.id > :after)
            ORDER BY e.id LIMIT :limit""",
        filters,
    )


_CAST = {"documents": "CAST(:documents AS jsonb)"}


async def add(tx: Transaction, values: dict[str, Any]) -> None:
    await tx.run(
        f"""INSERT INTO equipment (id, {", ".join(FIELDS)})
            VALUES (:id, {", ".join(_CAST.get(name, f":{name}") for name in FIELDS)})""",
        {name: values[name] for name in ("id", *FIELDS)},
    )


async def change(tx: Transaction, values: dict[str, Any]) -> None:
    changed = ", ".join(f"{name} = {_CAST.get(name, f':{name}')}" for name in FIELDS)
    await tx.run(
        f"UPDATE equipment SET version = version + 1, {changed} WHERE id = :id",
        {name: values[name] for name in ("id", *FIELDS)},
    )


async def serial_taken(tx: Transaction, values: dict[str, Any]) -> bool:
    """Whether another thing of this kind in the branch, not removed, has this serial."""
    return bool(
        await tx.scalar(
            """SELECT EXISTS (SELECT 1 FROM equipment WHERE branch_id = :branch_id AND kind = :kind
                              AND serial = :serial AND id <> :id AND removed_on IS NULL)""",
            {name: values[name] for name in ("branch_id", "kind", "serial", "id")},
        )
    )


async def serials_taken(tx: Transaction, bar_ids: Sequence[UUID], branch_id: UUID) -> list[str]:
    """Serials of what hangs on these bars that things of that kind in another branch have."""
    rows = await tx.all(
        """SELECT e.serial FROM equipment e JOIN equipment o ON o.branch_id = :branch_id AND o.kind = e.kind
               AND o.serial = e.serial AND o.id <> e.id AND o.removed_on IS NULL
           WHERE e.bar_id = ANY (CAST(:bars AS uuid[])) AND e.removed_on IS NULL ORDER BY 1""",
        {"bars": list(bar_ids), "branch_id": branch_id},
    )
    return [row.serial for row in rows]


async def follow(tx: Transaction, bar_ids: Sequence[UUID], branch_id: UUID, room_id: UUID) -> Sequence[Row[Any]]:
    """What hangs on these bars goes where they go: {id, from_room_id} of each."""
    return await tx.all(
        """UPDATE equipment SET version = version + 1, branch_id = :branch_id, room_id = :room_id
           WHERE bar_id = ANY (CAST(:bars AS uuid[])) AND removed_on IS NULL AND room_id <> :room_id
           RETURNING id, old.room_id AS from_room_id""",
        {"bars": list(bar_ids), "branch_id": branch_id, "room_id": room_id},
    )


async def take_down(tx: Transaction, bar_id: UUID) -> None:
    """What hung on a bar that was removed hangs on none."""
    await tx.run(
        "UPDATE equipment SET version = version + 1, bar_id = NULL WHERE bar_id = :id AND removed_on IS NULL",
        {"id": bar_id},
    )


INSPECTION = """id, equipment_id, sequence, room_id, serial, rated_load_kg, kind, performed_at, recorded_at,
    inspector_name, inspector_organisation, inspector_credential, credential_valid_until, checklist, result, note,
    valid_until, certified_until"""


async def add_inspection(tx: Transaction, values: dict[str, Any]) -> Row[Any]:
    return await tx.one(
        f"""INSERT INTO equipment_inspections (id, equipment_id, sequence, branch_id, room_id, serial, rated_load_kg,
                kind, performed_at, recorded_at, recorded_by, inspector_name, inspector_organisation,
                inspector_credential, credential_valid_until, checklist, result, note, valid_until, certified_until)
            VALUES (:id, :equipment_id, :sequence, :branch_id, :room_id, :serial, :rated_load_kg, :kind,
                :performed_at, :recorded_at, :recorded_by, :inspector_name, :inspector_organisation,
                :inspector_credential, :credential_valid_until, CAST(:checklist AS jsonb), :result, :note,
                :valid_until, :certified_until)
            RETURNING {INSPECTION}""",
        values,
    )


async def inspections_of(tx: Transaction, id: UUID, before: int | None, limit: int) -> Sequence[Row[Any]]:
    """Newest first; `before` is the sequence number of the last one shown."""
    return await tx.all(
        f"""SELECT {INSPECTION} FROM equipment_inspections
            WHERE equipment_id = :id AND (CAST(:before AS int) IS NULL OR sequence < :before)
            ORDER BY sequence DESC LIMIT :limit""",
        {"id": id, "before": before, "limit": limit},
    )
