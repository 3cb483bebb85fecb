"""Which certificates end soon, and which warnings of them went out."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from shared.kit.database import Transaction

# Only what is in force: the latest inspection of a mounted bar.
_ENDING = """
SELECT b.id AS bar_id, b.room_id, b.branch_id, coalesce(br.timezone, 'UTC') AS timezone, i.id AS inspection_id,
       i.valid_until, i.certified_until,
       ARRAY(SELECT days_left FROM certificate_warnings w WHERE w.inspection_id = i.id) AS announced
FROM bars b
JOIN LATERAL (
    SELECT id, valid_until, certified_until FROM inspections WHERE bar_id = b.id ORDER BY sequence DESC LIMIT 1
) i ON i.certified_until <= :until
LEFT JOIN branches br ON br.id = b.branch_id
WHERE b.removed_on IS NULL ORDER BY i.certified_until, b.id
"""

_ANNOUNCE = """
INSERT INTO certificate_warnings (inspection_id, days_left)
SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:days AS int[])) ON CONFLICT DO NOTHING
RETURNING inspection_id, days_left
"""


async def ending(tx: Transaction, until: datetime) -> Sequence[Row[Any]]:
    """Certificates in force that end by `until` or have ended, with the warnings already said."""
    return await tx.all(_ENDING, {"until": until})


async def announce(tx: Transaction, steps: Sequence[tuple[UUID, int]]) -> set[tuple[UUID, int]]:
    """Note these warnings as said. Returns those that nobody had said before."""
    if not steps:
        return set()
    rows = await tx.all(_ANNOUNCE, {"ids": [id for id, _ in steps], "days": [days for _, days in steps]})
    return {(row.inspection_id, row.days_left) for row in rows}
