"""`/v1/inspectors`: who may inspect, with a credential and its end. The chain's: changed with a token of the chain."""

from uuid import UUID

from fastapi import Request, Response

from services.room_equipment.api.parameters import after_id
from services.room_equipment.handlers import inspectors as handlers
from services.room_equipment.handlers.found import must_be_of_the_chain
from services.room_equipment.handlers.rooms import refuse_nulls
from services.room_equipment.schemas.inspectors import InspectorAnswer, InspectorPatch, NewInspector
from services.room_equipment.store import inspectors as store
from shared.kit.auth import Principal, requires
from shared.kit.paging import Cursor, Limit, Page, check_if_match, etag, page
from shared.kit.unit import Tx, router

inspectors = router("/v1/inspectors", "inspectors")


@inspectors.post("", status_code=201)
async def register(
    tx: Tx, body: NewInspector, response: Response, who: Principal = requires("rooms:inspect")
) -> InspectorAnswer:
    """Register an inspector of the chain."""
    must_be_of_the_chain(who)
    row = await handlers.register(tx, who, body.model_dump())
    response.headers["Location"] = f"/v1/inspectors/{row.id}"
    response.headers["ETag"] = etag(row.version)
    return InspectorAnswer.model_validate(row)


@inspectors.get("")
async def list_inspectors(
    tx: Tx,
    in_service: bool | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    _: Principal = requires("rooms:read"),
) -> Page[InspectorAnswer]:
    """The register, withdrawn ones too unless asked otherwise."""
    rows, after = page(await store.page(tx, in_service, after_id(cursor), limit + 1), limit, lambda row: row.id)
    return Page(items=[InspectorAnswer.model_validate(row) for row in rows], next_cursor=after)


@inspectors.get("/{inspector_id}")
async def show(
    tx: Tx, inspector_id: UUID, response: Response, _: Principal = requires("rooms:read")
) -> InspectorAnswer:
    """One inspector, with the ETag that a change must name."""
    row = await handlers.found(tx, inspector_id)
    response.headers["ETag"] = etag(row.version)
    return InspectorAnswer.model_validate(row)


@inspectors.patch("/{inspector_id}")
async def change(
    tx: Tx,
    inspector_id: UUID,
    body: InspectorPatch,
    request: Request,
    response: Response,
    who: Principal = requires("rooms:inspect"),
) -> InspectorAnswer:
    """Change or withdraw an inspector. Inspections keep what they copied."""
    must_be_of_the_chain(who)
    values = body.model_dump(exclude_unset=True)
    refuse_nulls(values)
    row = await handlers.change(tx, who, inspector_id, values, lambda version: check_if_match(request, version))
    response.headers["ETag"] = etag(row.version)
    return InspectorAnswer.model_validate(row)
