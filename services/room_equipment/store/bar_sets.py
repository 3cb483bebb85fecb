"""Bars that are mounted together and move together, and the record of what moved."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import Row

from shared.kit.database import Transaction
from shared.kit.ids import new_id

_COLUMNS = """s.id, s.version, s.branch_id, s.room_id, s.name,
    ARRAY(SELECT b.id FROM bars b WHERE b.bar_set_id = s.id ORDER BY b.id) AS bar_ids"""

Asset = Literal["bar", "bar_set", "equipment"]


async def get(tx: Transaction, id: UUID) -> Row[Any] | None:
    return await tx.first(f"SELECT {_COLUMNS} FROM bar_sets s WHERE s.id = :id", {"id": id})


async def page(tx: Transaction, **filters: Any) -> Sequence[Row[Any]]:
    return await tx.all(
        f"""SELECT {_COLUMNS} FROM bar_sets s
            WHERE (CAST(:branches AS uuid[]) IS NULL OR s.branch_id = ANY (CAST(:branches AS uuid[])))
              AND (CAST(:branch_id AS uuid) IS NULL OR s.branch_id = :branch_id)
              AND (CAST(:room_id AS uuid) IS NULL OR s.room_id = :room_id)
              AND (CAST(:after AS uuid) IS NULL OR s.id > :after)
            ORDER BY s.id LIMIT :limit""",
        filters,
    )


async def add(tx: Transaction, values: dict[str, Any]) -> bool:
    """False when the branch has a set of this name."""
    done = await tx.run(
        """INSERT INTO bar_sets (id, branch_id, room_id, name) VALUES (:id, :branch_id, :room_id, :name)
           ON CONFLICT ON CONSTRAINT bar_sets_name_is_one_per_branch DO NOTHING""",
        values,
    )
    return done == 1


async def name_taken(tx: Transaction, branch_id: UUID, name: str, but: UUID) -> bool:
    return bool(
        await tx.scalar(
            "SELECT EXISTS (SELECT 1 FROM bar_sets WHERE branch_id = :branch_id AND name = :name AND id <> :but)",
            {"branch_id": branch_id, "name": name, "but": but},
        )
    )


async def change(tx: Transaction, id: UUID, name: str, branch_id: UUID, room_id: UUID) -> None:
    await tx.run(
        """UPDATE bar_sets SET version = version + 1, name = :name, branch_id = :branch_id, room_id = :room_id
           WHERE id = :id""",
        {"id": id, "name": name, "branch_id": branch_id, "room_id": room_id},
    )


async def join(tx: Transaction, id: UUID, bar_ids: Sequence[UUID]) -> None:
    """Exactly these bars are the set's from now on."""
    await tx.run(
        """UPDATE bars SET version = version + 1, bar_set_id = CASE WHEN id = ANY (CAST(:bars AS uuid[])) THEN :id END
           WHERE id = ANY (CAST(:bars AS uuid[])) AND bar_set_id IS DISTINCT FROM :id
              OR bar_set_id = :id AND id <> ALL (CAST(:bars AS uuid[]))""",
        {"id": id, "bars": list(bar_ids)},
    )


async def move_bars(tx: Transaction, id: UUID, branch_id: UUID, room_id: UUID, moment: datetime) -> None:
    """The set's bars stand in another room, and none is proven there."""
    await tx.run(
        """UPDATE bars SET version = version + 1, branch_id = :branch_id, room_id = :room_id, unproven_since = :moment
           WHERE bar_set_id = :id""",
        {"id": id, "branch_id": branch_id, "room_id": room_id, "moment": moment},
    )


async def serials_taken(tx: Transaction, id: UUID, branch_id: UUID) -> list[str]:
    """Serials of the set's bars that other bars of that branch have."""
    rows = await tx.all(
        """SELECT b.serial FROM bars b JOIN bars o ON o.serial = b.serial AND o.branch_id = :branch_id AND o.id <> b.id
           WHERE b.bar_set_id = :id ORDER BY 1""",
        {"id": id, "branch_id": branch_id},
    )
    return [row.serial for row in rows]


async def note_move(
    tx: Transaction, asset: Asset, asset_id: UUID, branch_id: UUID, from_room: UUID, to_room: UUID,
    moment: datetime, subject: str,
) -> None:  # fmt: skip
    await tx.run(
        """INSERT INTO asset_moves (id, asset, asset_id, branch_id, from_room_id, to_room_id, moved_at, moved_by)
           VALUES (:id, :asset, :asset_id, :branch_id, :from_room, :to_room, :at, :subject)""",
        {"id": new_id(), "asset": asset, "asset_id": asset_id, "branch_id": branch_id, "from_room": from_room,
         "to_room": to_room, "at": moment, "subject": subject},
    )  # fmt: skip


async def moves_of(tx: Transaction, asset_id: UUID) -> Sequence[Row[Any]]:
    """Newest first; at most 200."""
    return await tx.all(
        """SELECT id, from_room_id, to_room_id, moved_at, moved_by FROM asset_moves
           WHERE asset_id = :id ORDER BY id DESC LIMIT 200""",
        {"id": asset_id},
    )
