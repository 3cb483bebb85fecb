"""`/v1/rooms/{id}/closures`: a room that takes no session for a time, and when it is open again."""

from uuid import UUID

from fastapi import Response

from services.room_equipment.api.findings import DryRun
from services.room_equipment.api.parameters import after_id
from services.room_equipment.handlers import closures as handlers
from services.room_equipment.handlers import found
from services.room_equipment.schemas.closures import ClosureAnswer, ClosureRecorded, NewClosure, WhatIf
from services.room_equipment.store import closures as store
from shared.kit.auth import Principal, requires
from shared.kit.paging import Cursor, Limit, Page, page
from shared.kit.rehearsal import rehearse
from shared.kit.unit import Tx, router

closures = router("/v1/rooms", "closures")


@closures.post("/{room_id}/closures", status_code=201)
async def close(
    tx: Tx,
    room_id: UUID,
    body: NewClosure,
    response: Response,
    dry_run: DryRun = False,
    who: Principal = requires("rooms:write"),
) -> ClosureRecorded | WhatIf:
    """Close a room for a time: nothing is placed there, and what was is moved or revoked, massages too."""
    work = handlers.close(tx, who, room_id, body.model_dump())
    if dry_run:
        response.status_code = 200
        return WhatIf.model_validate((await rehearse(tx, work))[1].lists())
    row, result = await work
    response.headers["Location"] = f"/v1/rooms/{room_id}/closures/{row.id}"
    return ClosureRecorded.model_validate(row._asdict() | result.lists())


@closures.get("/{room_id}/closures")
async def list_closures(
    tx: Tx, room_id: UUID, limit: Limit = 50, cursor: Cursor = None, who: Principal = requires("rooms:read")
) -> Page[ClosureAnswer]:
    """The room's closures, newest first, those that are over too."""
    await found.room(tx, who, room_id)
    rows, after = page(await store.page(tx, room_id, after_id(cursor), limit + 1), limit, lambda row: row.id)
    return Page(items=[ClosureAnswer.model_validate(row) for row in rows], next_cursor=after)


@closures.get("/{room_id}/closures/{closure_id}")
async def show(tx: Tx, room_id: UUID, closure_id: UUID, who: Principal = requires("rooms:read")) -> ClosureAnswer:
    """One closure."""
    await found.room(tx, who, room_id)
    return ClosureAnswer.model_validate(await handlers.visible(tx, room_id, closure_id))


@closures.post("/{room_id}/closures/{closure_id}/end")
async def end(tx: Tx, room_id: UUID, closure_id: UUID, who: Principal = requires("rooms:write")) -> ClosureRecorded:
    """Open the room again before the closure's end. Sessions it moved or revoked are not moved back."""
    row, result = await handlers.end(tx, who, room_id, closure_id)
    return ClosureRecorded.model_validate(row._asdict() | result.lists())
