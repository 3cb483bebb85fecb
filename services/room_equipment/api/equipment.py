"""`/v1/equipment`: tables, stools, straps. What stands in a room; bars have routes of their own."""

from typing import Any
from uuid import UUID

from fastapi import Request, Response

from services.room_equipment.api.parameters import after_id, after_number
from services.room_equipment.domain.accessories import Kind
from services.room_equipment.handlers import equipment as handlers
from services.room_equipment.handlers.rooms import refuse_nulls
from services.room_equipment.schemas.bar_sets import MoveAnswer
from services.room_equipment.schemas.equipment import (
    MAY_BE_NULL,
    EquipmentAnswer,
    EquipmentInspectionAnswer,
    EquipmentInspectionRecorded,
    EquipmentPatch,
    NewEquipment,
    NewEquipmentInspection,
)
from services.room_equipment.store import bar_sets
from services.room_equipment.store import equipment as store
from shared.kit.auth import Principal, requires
from shared.kit.paging import Cursor, Limit, Page, check_if_match, etag, page
from shared.kit.unit import Tx, router

equipment = router("/v1/equipment", "equipment")


@equipment.post("", status_code=201)
async def register(
    tx: Tx, body: NewEquipment, response: Response, who: Principal = requires("rooms:write")
) -> EquipmentAnswer:
    """Register a table, stool, strap or frame of a room."""
    row = await handlers.register(tx, who, body.model_dump())
    response.headers["Location"] = f"/v1/equipment/{row.id}"
    response.headers["ETag"] = etag(row.version)
    return _shown(row)


@equipment.get("")
async def list_equipment(
    tx: Tx,
    branch_id: UUID | None = None,
    room_id: UUID | None = None,
    bar_id: UUID | None = None,
    kind: Kind | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    who: Principal = requires("rooms:read"),
) -> Page[EquipmentAnswer]:
    """What is in the rooms this token sees, bars aside."""
    rows = await store.page(
        tx, branches=who.branch_list, branch_id=branch_id, room_id=room_id, bar_id=bar_id, kind=kind,
        after=after_id(cursor), limit=limit + 1,
    )  # fmt: skip
    shown, after = page(rows, limit, lambda row: row.id)
    return Page(items=[_shown(row) for row in shown], next_cursor=after)


@equipment.get("/{equipment_id}")
async def show(
    tx: Tx, equipment_id: UUID, response: Response, who: Principal = requires("rooms:read")
) -> EquipmentAnswer:
    """One piece of equipment, with the ETag that a change of it must name."""
    row = await handlers.visible(tx, who, equipment_id)
    response.headers["ETag"] = etag(row.version)
    return _shown(row)


@equipment.patch("/{equipment_id}")
async def change(
    tx: Tx,
    equipment_id: UUID,
    body: EquipmentPatch,
    request: Request,
    response: Response,
    who: Principal = requires("rooms:write"),
) -> EquipmentAnswer:
    """Change it (JSON merge patch)."""
    values = body.model_dump(exclude_unset=True)
    refuse_nulls(values, MAY_BE_NULL)
    row = await handlers.change(tx, who, equipment_id, values, lambda version: check_if_match(request, version))
    response.headers["ETag"] = etag(row.version)
    return _shown(row)


@equipment.post("/{equipment_id}/inspections", status_code=201)
async def inspect(
    tx: Tx, equipment_id: UUID, body: NewEquipmentInspection, who: Principal = requires("rooms:inspect")
) -> EquipmentInspectionRecorded:
    """Record an inspection of what carries a therapist. A fail takes it out of service; the room's clearance stays."""
    row = await handlers.inspect(tx, who, equipment_id, body.model_dump())
    thing = _shown(await handlers.visible(tx, who, equipment_id))
    return EquipmentInspectionRecorded.model_validate(row._asdict() | {"equipment": thing})


@equipment.get("/{equipment_id}/inspections")
async def list_inspections(
    tx: Tx, equipment_id: UUID, limit: Limit = 50, cursor: Cursor = None, who: Principal = requires("rooms:read")
) -> Page[EquipmentInspectionAnswer]:
    """Every inspection of it, newest first."""
    await handlers.visible(tx, who, equipment_id)
    rows = await store.inspections_of(tx, equipment_id, after_number(cursor), limit + 1)
    shown, after = page(rows, limit, lambda row: row.sequence)
    return Page(items=[EquipmentInspectionAnswer.model_validate(row) for row in shown], next_cursor=after)


@equipment.get("/{equipment_id}/moves")
async def list_moves(tx: Tx, equipment_id: UUID, who: Principal = requires("rooms:read")) -> Page[MoveAnswer]:
    """Where it stood, newest first; at most 200."""
    await handlers.visible(tx, who, equipment_id)
    return Page(items=[MoveAnswer.model_validate(row) for row in await bar_sets.moves_of(tx, equipment_id)])


def _shown(row: Any) -> EquipmentAnswer:
    return EquipmentAnswer.model_validate(row._asdict() | {"in_service": row.status == "in_service"})
