"""Cleared periods and gaps of rooms. What is past stays as it was; a change rewrites only what lies ahead."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from services.room_equipment.domain.clearance import Cleared, Gap
from services.room_equipment.domain.roomstate import Outlook
from shared.kit.database import Transaction

_AHEAD = """
SELECT room_id, greatest(lower(valid_during), :moment) AS starts_at, upper(valid_during) AS ends_at, max_load_kg,
       inspection_ids, CAST(NULL AS text) AS reason, CAST(NULL AS uuid) AS bar_id
FROM room_clearances WHERE room_id = ANY (CAST(:rooms AS uuid[])) AND upper(valid_during) > :moment
UNION ALL
SELECT room_id, greatest(lower(during), :moment), upper(during), NULL, NULL, reason, bar_id
FROM room_gaps WHERE room_id = ANY (CAST(:rooms AS uuid[])) AND (upper_inf(during) OR upper(during) > :moment)
ORDER BY 1, 2
"""

_END = """
UPDATE {table} SET {column} = tstzrange(lower({column}), :moment)
WHERE room_id = ANY (CAST(:rooms AS uuid[])) AND {column} @> CAST(:moment AS timestamptz) AND lower({column}) < :moment
"""

_DROP = "DELETE FROM {table} WHERE room_id = ANY (CAST(:rooms AS uuid[])) AND lower({column}) >= :moment"

_ADD_CLEARED = """
INSERT INTO room_clearances (room_id, valid_during, max_load_kg, inspection_ids)
SELECT room_id, tstzrange(s, e), limit_kg, CAST(string_to_array(proof, ',') AS uuid[])
FROM unnest(CAST(:rooms AS uuid[]), CAST(:starts AS timestamptz[]), CAST(:ends AS timestamptz[]),
            CAST(:limits AS numeric[]), CAST(:proofs AS text[])) AS n (room_id, s, e, limit_kg, proof)
"""

_ADD_GAPS = """
INSERT INTO room_gaps (room_id, during, reason, bar_id)
SELECT room_id, tstzrange(s, e), reason, bar_id
FROM unnest(CAST(:rooms AS uuid[]), CAST(:starts AS timestamptz[]), CAST(:ends AS timestamptz[]),
            CAST(:reasons AS text[]), CAST(:bars AS uuid[])) AS n (room_id, s, e, reason, bar_id)
"""

_BETWEEN = """
SELECT lower(d) AS starts_at, upper(d) AS ends_at, max_load_kg, inspection_ids, reason FROM (
    SELECT valid_during * tstzrange(:start, :end) AS d, max_load_kg, inspection_ids, CAST(NULL AS text) AS reason
    FROM room_clearances WHERE room_id = :room_id AND valid_during && tstzrange(:start, :end)
    UNION ALL
    SELECT during * tstzrange(:start, :end), NULL, NULL, reason
    FROM room_gaps WHERE room_id = :room_id AND during && tstzrange(:start, :end)
) AS found ORDER BY 1
"""


async def ahead(tx: Transaction, room_ids: Iterable[UUID], moment: datetime) -> dict[UUID, list[Cleared | Gap]]:
    """What is on record from `moment` on, clipped to it, in order."""
    rooms = list(room_ids)
    found: dict[UUID, list[Cleared | Gap]] = {room: [] for room in rooms}
    for row in await tx.all(_AHEAD, {"rooms": rooms, "moment": moment}):
        if row.reason is None:
            period: Cleared | Gap = Cleared(row.starts_at, row.ends_at, row.max_load_kg, tuple(row.inspection_ids))
        else:
            period = Gap(row.starts_at, row.ends_at, row.reason, row.bar_id)
        found[row.room_id].append(period)
    return found


async def around(tx: Transaction, room_ids: Iterable[UUID], start: datetime) -> dict[UUID, list[Cleared]]:
    """The cleared periods of rooms from `start` on, whole and in order."""
    found: dict[UUID, list[Cleared]] = {}
    rows = await tx.all(
        """SELECT room_id, lower(valid_during) AS starts_at, upper(valid_during) AS ends_at, max_load_kg, inspection_ids
           FROM room_clearances WHERE room_id = ANY (CAST(:rooms AS uuid[])) AND upper(valid_during) > :start
           ORDER BY 1, 2""",
        {"rooms": list(room_ids), "start": start},
    )
    for row in rows:
        period = Cleared(row.starts_at, row.ends_at, row.max_load_kg, tuple(row.inspection_ids))
        found.setdefault(row.room_id, []).append(period)
    return found


async def outlooks(tx: Transaction, room_ids: Sequence[UUID]) -> list[Outlook]:
    """What is on record of these rooms from now on."""
    now = await tx.scalar("SELECT clock_timestamp()")
    found = []
    for room_id, stretches in (await ahead(tx, room_ids, now)).items():
        found.append(Outlook(room_id, stretches or [Gap(now, None, "no_bar")]))
    return found


async def rewrite(tx: Transaction, outlooks: Sequence[Outlook], moment: datetime) -> None:
    """From `moment` on these rooms' record is this outlook. The commit checks what sessions need (safety core)."""
    where = {"rooms": [outlook.room_id for outlook in outlooks], "moment": moment}
    for table, column in (("room_clearances", "valid_during"), ("room_gaps", "during")):
        await tx.run(_END.format(table=table, column=column), where)
        await tx.run(_DROP.format(table=table, column=column), where)
    periods = [(outlook.room_id, period) for outlook in outlooks for period in outlook.periods]
    if periods:
        await tx.run(
            _ADD_CLEARED,
            {"rooms": [room for room, _ in periods], "starts": [p.starts_at for _, p in periods],
             "ends": [p.ends_at for _, p in periods], "limits": [p.max_load_kg for _, p in periods],
             "proofs": [",".join(map(str, p.inspection_ids)) for _, p in periods]},
        )  # fmt: skip
    gaps = [(outlook.room_id, gap) for outlook in outlooks for gap in outlook.gaps]
    await tx.run(
        _ADD_GAPS,
        {"rooms": [room for room, _ in gaps], "starts": [g.starts_at for _, g in gaps],
         "ends": [g.ends_at for _, g in gaps], "reasons": [g.reason for _, g in gaps],
         "bars": [g.bar_id for _, g in gaps]},
    )  # fmt: skip


async def gaps_over(tx: Transaction, room_ids: Sequence[UUID], start: datetime, end: datetime) -> Sequence[Row[Any]]:
    """Of each room the first gap in the interval, whole."""
    return await tx.all(
        """SELECT DISTINCT ON (g.room_id) g.room_id, lower(g.during) AS starts_at, upper(g.during) AS ends_at, g.reason
           FROM room_gaps g JOIN rooms r ON r.id = g.room_id
           WHERE g.room_id = ANY (CAST(:rooms AS uuid[])) AND g.during && tstzrange(:start, :end, '[]')
           ORDER BY g.room_id, lower(g.during)""",
        {"rooms": list(room_ids), "start": start, "end": end},
    )


async def between(tx: Transaction, room_id: UUID, start: datetime, end: datetime) -> Sequence[Row[Any]]:
    """Periods and gaps of a room, clipped to the interval; `reason` is null for a cleared one."""
    return await tx.all(_BETWEEN, {"room_id": room_id, "start": start, "end": end})
