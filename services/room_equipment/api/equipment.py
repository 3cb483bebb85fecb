"""`/v1/equipment`: tables, stools, straps. What stands in a room; bars have routes of their own."""

from uuid import UUID

from fastapi import Request, Response

from services.room_equipment.api.parameters import after_id
from services.room_equipment.handlers import equipment as handlers
from services.room_equipment.handlers.rooms import refuse_nulls
from services.room_equipment.schemas.rooms import EquipmentAnswer, EquipmentPatch, NewEquipment
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
    return EquipmentAnswer.model_validate(row)


@equipment.get("")
async def list_equipment(
    tx: Tx,
    branch_id: UUID | None = None,
    room_id: UUID | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    who: Principal = requires("rooms:read"),
) -> Page[EquipmentAnswer]:
    """What is in the rooms this token sees, bars aside."""
    rows = await store.page(
        tx, branches=who.branch_list, branch_id=branch_id, room_id=room_id, after=after_id(cursor), limit=limit + 1
    )
    shown, after = page(rows, limit, lambda row: row.id)
    return Page(items=[EquipmentAnswer.model_validate(row) for row in shown], next_cursor=after)


@equipment.get("/{equipment_id}")
async def show(
    tx: Tx, equipment_id: UUID, response: Response, who: Principal = requires("rooms:read")
) -> EquipmentAnswer:
    """One piece of equipment, with the ETag that a change of it must name."""
    row = await handlers.visible(tx, who, equipment_id)
    response.headers["ETag"] = etag(row.version)
    return EquipmentAnswer.model_validate(row)


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
    refuse_nulls(values, frozenset({"serial"}))
    row = await handlers.change(tx, who, equipment_id, values, lambda version: check_if_match(request, version))
    response.headers["ETag"] = etag(row.version)
    return EquipmentAnswer.model_validate(row)
