"""Closures of rooms: recorded, ended early, never taken back."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from services.room_equipment.domain.closures import Closed
from shared.kit.database import Transaction

COLUMNS = """id, branch_id, room_id, starts_at, ends_at, reason, note, closed_at, ended_at,
    CASE WHEN ended_at IS NOT NULL OR ends_at <= clock_timestamp() THEN 'ended'
         WHEN starts_at <= clock_timestamp() THEN 'closed' ELSE 'planned' END AS state"""


async def ahead(tx: Transaction, room_ids: Iterable[UUID], moment: datetime) -> dict[UUID, list[Closed]]:
    """What these rooms are closed for from `moment` on."""
    found: dict[UUID, list[Closed]] = {}
    for row in await tx.all(
        """SELECT room_id, lower(closed) AS starts_at, upper(closed) AS ends_at, reason FROM room_closures
           WHERE room_id = ANY (CAST(:rooms AS uuid[])) AND closed && tstzrange(:moment, NULL) ORDER BY 1, 2""",
        {"rooms": list(room_ids), "moment": moment},
    ):
        found.setdefault(row.room_id, []).append(Closed(row.starts_at, row.ends_at, row.reason))
    return found


async def get(tx: Transaction, room_id: UUID, id: UUID) -> Row[Any] | None:
    return await tx.first(
        f"SELECT {COLUMNS} FROM room_closures WHERE id = :id AND room_id = :room_id", {"id": id, "room_id": room_id}
    )


async def page(tx: Transaction, room_id: UUID, before: UUID | None, limit: int) -> Sequence[Row[Any]]:
    """Newest first."""
    return await tx.all(
        f"""SELECT {COLUMNS} FROM room_closures
            WHERE room_id = :room_id AND (CAST(:before AS uuid) IS NULL OR id < :before)
            ORDER BY id DESC LIMIT :limit""",
        {"room_id": room_id, "before": before, "limit": limit},
    )


async def touching(tx: Transaction, room_id: UUID, start: datetime, end: datetime) -> Sequence[Row[Any]]:
    """What closed the room in [start, end), as it came to be."""
    return await tx.all(
        """SELECT id, lower(closed) AS starts_at, upper(closed) AS ends_at, reason FROM room_closures
           WHERE room_id = :room_id AND closed && tstzrange(:start, :end) ORDER BY 2, 1""",
        {"room_id": room_id, "start": start, "end": end},
    )


async def add(tx: Transaction, values: dict[str, Any]) -> None:
    await tx.run(
        """INSERT INTO room_closures (id, branch_id, room_id, starts_at, ends_at, reason, note, closed_at, closed_by)
           VALUES (:id, :branch_id, :room_id, :starts_at, :ends_at, :reason, :note, :closed_at, :closed_by)""",
        values,
    )


async def end(tx: Transaction, id: UUID, at: datetime, subject: str) -> None:
    await tx.run(
        "UPDATE room_closures SET ended_at = :at, ended_by = :subject WHERE id = :id AND ended_at IS NULL",
        {"id": id, "at": at, "subject": subject},
    )


async def bump(tx: Transaction, room_id: UUID) -> int:
    """The next version of what is said of this room's closures."""
    version: int = await tx.scalar(
        "UPDATE rooms SET closures_version = closures_version + 1 WHERE id = :id RETURNING closures_version",
        {"id": room_id},
    )
    return version
