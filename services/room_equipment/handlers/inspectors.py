"""The chain's register of inspectors, so that one on a ladder picks himself instead of typing his credential."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from services.room_equipment.domain.errors import InspectorWithdrawn, step
from services.room_equipment.domain.inspections import credential_key
from services.room_equipment.store import inspectors
from shared.errors import Invalid, NotFound, Refused
from shared.kit.audit import record as audit
from shared.kit.auth import Principal
from shared.kit.database import Transaction
from shared.kit.ids import new_id


async def found(tx: Transaction, id: UUID, *, lock: bool = False) -> Row[Any]:
    row = await inspectors.get(tx, id, lock=lock)
    if row is None:
        raise NotFound("inspector_not_found", "There is no such inspector.")
    return row


async def register(tx: Transaction, who: Principal, values: dict[str, Any]) -> Row[Any]:
    id = new_id()
    values = {**values, "id": id, "credential_key": credential_key(values["credential"])}
    if not await inspectors.add(tx, values):
        raise _taken()
    await audit(tx, who, "registered_inspector", "inspector", id)
    return await found(tx, id)


async def change(
    tx: Transaction, who: Principal, id: UUID, values: dict[str, Any], check: Callable[[int], None]
) -> Row[Any]:
    """Apply a merge patch. What inspections copied stays as it was."""
    before = await found(tx, id, lock=True)
    check(before.version)
    after = before._asdict() | values
    after["credential_key"] = credential_key(after["credential"])
    if await inspectors.taken(tx, after["credential_key"], id):
        raise _taken()
    await audit(tx, who, "changed_inspector", "inspector", id, reason=" ".join(sorted(values)))
    return await inspectors.change(tx, after)


async def named(tx: Transaction, inspector: dict[str, Any]) -> dict[str, Any]:
    """The inspector of a report: typed in whole, or taken from the register as he is there now.

    Raises:
        Invalid: the register has no such inspector.
        InspectorWithdrawn
    """
    id = inspector.get("inspector_id")
    if id is None:
        return inspector
    row = await inspectors.get(tx, id)
    if row is None:
        raise Invalid("unknown_inspector", "There is no such inspector.", pointer="/inspector/inspector_id")
    if not row.in_service:
        raise InspectorWithdrawn
    return {
        "inspector_id": id,
        "name": row.name,
        "organisation": row.organisation,
        "credential": row.credential,
        "credential_valid_until": row.valid_until,
    }


def _taken() -> Refused:
    return Refused(
        "credential_taken",
        "An inspector of the register has this credential. Find and change that one.",
        next=[step("read_again", what="inspectors")],
    )
