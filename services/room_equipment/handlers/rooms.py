"""Rooms: registered and changed. Closing one displaces its sessions the same way a failed bar does."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from services.room_equipment.domain.errors import step
from services.room_equipment.handlers import found, rulebook
from services.room_equipment.handlers.displacement import Displaced, settle
from services.room_equipment.store import rooms
from shared.errors import Invalid, Refused
from shared.events.room_equipment import RoomChanged, RoomRegistered
from shared.kit.auth import Principal
from shared.kit.database import Transaction
from shared.kit.ids import new_id


async def register(tx: Transaction, values: dict[str, Any]) -> Row[Any]:
    """A room of a known branch. One that names no turnover gets its branch's (house rule)."""
    id = new_id()
    if values["turnover_minutes"] is None:
        values["turnover_minutes"] = (await rulebook.rules_of(tx, values["branch_id"])).turnover_minutes
    if not await rooms.add(tx, {"id": id, **values}):
        raise Refused(
            "room_code_taken",
            "The branch has a room of this code. Choose another code.",
            pointer="/code",
            next=[step("use_another_name", field="code")],
        )
    locked = await rooms.lock(tx, [values["branch_id"]])
    row = next(row for row in locked if row.id == id)
    tx.announce(RoomRegistered(**_said(row)))
    await settle(tx, locked, [id], await rooms.moment(tx, [id]), "room_registered")
    return row


async def change(
    tx: Transaction, who: Principal, id: UUID, values: dict[str, Any], check: Callable[[int], None]
) -> tuple[Row[Any], Displaced]:
    """Apply a merge patch. `check` refuses when the version is not the one the caller read.

    Raises:
        Forbidden: `bars_required` lowered without `rooms:inspect`.
        Refused: the code is another room's.
    """
    locked = await rooms.lock(tx, [(await found.room(tx, who, id)).branch_id])
    before = next(row for row in locked if row.id == id)
    check(before.version)
    wanted = {name: getattr(before, name) for name in _CHANGEABLE} | values
    found.check_scopes(who, _needed_scopes(before, values))
    if any(row.code == wanted["code"] and row.id != id for row in locked):
        raise Refused(
            "room_code_taken",
            "The branch has a room of this code. Choose another code.",
            next=[step("use_another_name", field="code")],
        )
    row = await rooms.change(tx, id, wanted)
    tx.announce(RoomChanged(**_said(row)))
    moment = await rooms.moment(tx, [id])
    relocked = [row if other.id == id else other for other in locked]
    return row, await settle(tx, relocked, [id], moment, "room_changed")


_CHANGEABLE = ("code", "name", "turnover_minutes", "bars_required", "in_service")


def _needed_scopes(before: Row[Any], changed: dict[str, Any]) -> set[str]:
    """Raising `bars_required` closes a room and lowering it opens one: the latter is an inspector's to decide."""
    lowers = changed.get("bars_required", before.bars_required) < before.bars_required
    rest = changed.keys() - {"bars_required"} if lowers else changed.keys()
    return ({"rooms:inspect"} if lowers else set()) | ({"rooms:write"} if rest else set())


def _said(row: Row[Any]) -> dict[str, Any]:
    return {
        "room_id": row.id,
        "version": row.version,
        "branch_id": row.branch_id,
        "code": row.code,
        "turnover_minutes": row.turnover_minutes,
        "in_service": row.in_service,
    }


def refuse_nulls(values: dict[str, Any], may_be_null: frozenset[str] = frozenset()) -> None:
    """A merge patch removes with null; what a thing must have cannot be removed."""
    for name, value in values.items():
        if value is None and name not in may_be_null:
            raise Invalid("required", "This cannot be removed.", pointer=f"/{name}")
