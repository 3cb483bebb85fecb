"""Which certificates end soon, and which warnings of them went out: of bars, and of what hangs on them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import Row

from shared.kit.database import Transaction

Asset = Literal["bar", "equipment"]

# Only what is in force: the latest inspection of a mounted bar, or of an accessory that is not removed.
_ENDING: Mapping[Asset, str] = {
    "bar": """
        SELECT b.id AS asset_id, b.room_id, b.branch_id, coalesce(br.timezone, 'UTC') AS timezone,
               i.id AS inspection_id, i.valid_until, i.certified_until,
               ARRAY(SELECT days_left FROM certificate_warnings w WHERE w.inspection_id = i.id) AS announced
        FROM bars b
        JOIN LATERAL (
            SELECT id, valid_until, certified_until FROM inspections WHERE bar_id = b.id ORDER BY sequence DESC LIMIT 1
        ) i ON i.certified_until <= :until
        LEFT JOIN branches br ON br.id = b.branch_id
        WHERE b.removed_on IS NULL ORDER BY i.certified_until, b.id
    """,
    "equipment": """
        SELECT e.id AS asset_id, e.room_id, e.branch_id, coalesce(br.timezone, 'UTC') AS timezone,
               i.id AS inspection_id, i.valid_until, i.certified_until,
               ARRAY(SELECT days_left FROM equipment_warnings w WHERE w.inspection_id = i.id) AS announced
        FROM equipment e
        JOIN LATERAL (
            SELECT id, valid_until, certified_until FROM equipment_inspections
            WHERE equipment_id = e.id ORDER BY sequence DESC LIMIT 1
        ) i ON i.certified_until <= :until
        LEFT JOIN branches br ON br.id = e.branch_id
        WHERE e.inspected AND e.in_service AND e.removed_on IS NULL ORDER BY i.certified_until, e.id
    """,
}

_ANNOUNCE = """
INSERT INTO {table} (inspection_id, days_left)
SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:days AS int[])) ON CONFLICT DO NOTHING
RETURNING inspection_id, days_left
"""

_TABLE: Mapping[Asset, str] = {"bar": "certificate_warnings", "equipment": "equipment_warnings"}


async def ending(tx: Transaction, asset: Asset, until: datetime) -> Sequence[Row[Any]]:
    """Certificates in force that end by `until` or have ended, with the warnings already said."""
    return await tx.all(_ENDING[asset], {"until": until})


async def announce(tx: Transaction, asset: Asset, steps: Sequence[tuple[UUID, int]]) -> set[tuple[UUID, int]]:
    """Note these warnings as said. Returns those that nobody had said before."""
    if not steps:
        return set()
    statement = _ANNOUNCE.format(table=_TABLE[asset])
    rows = await tx.all(statement, {"ids": [id for id, _ in steps], "days": [days for _, days in steps]})
    return {(row.inspection_id, row.days_left) for row in rows}
