"""`/v1/bar-sets`: bars that are mounted together and move together."""

from uuid import UUID

from fastapi import Request, Response

from services.room_equipment.api.findings import DryRun
from services.room_equipment.api.parameters import after_id
from services.room_equipment.handlers import bar_sets as handlers
from services.room_equipment.handlers.rooms import refuse_nulls
from services.room_equipment.schemas.bar_sets import (
    BarSetAnswer,
    BarSetMove,
    BarSetMoved,
    BarSetPatch,
    MoveAnswer,
    NewBarSet,
)
from services.room_equipment.schemas.closures import WhatIf
from services.room_equipment.store import bar_sets as store
from shared.kit.auth import Principal, requires
from shared.kit.paging import Cursor, Limit, Page, check_if_match, etag, page
from shared.kit.rehearsal import rehearse
from shared.kit.unit import Tx, router

bar_sets = router("/v1/bar-sets", "bar sets")


@bar_sets.post("", status_code=201)
async def register(
    tx: Tx, body: NewBarSet, response: Response, who: Principal = requires("rooms:write")
) -> BarSetAnswer:
    """Say that bars of a room are one set, as in a free-standing frame."""
    row = await handlers.register(tx, who, body.model_dump())
    response.headers["Location"] = f"/v1/bar-sets/{row.id}"
    response.headers["ETag"] = etag(row.version)
    return BarSetAnswer.model_validate(row)


@bar_sets.get("")
async def list_bar_sets(
    tx: Tx,
    branch_id: UUID | None = None,
    room_id: UUID | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    who: Principal = requires("rooms:read"),
) -> Page[BarSetAnswer]:
    """Bar sets of your branches."""
    rows = await store.page(
        tx, branches=who.branch_list, branch_id=branch_id, room_id=room_id, after=after_id(cursor), limit=limit + 1
    )
    shown, after = page(rows, limit, lambda row: row.id)
    return Page(items=[BarSetAnswer.model_validate(row) for row in shown], next_cursor=after)


@bar_sets.get("/{bar_set_id}")
async def show(tx: Tx, bar_set_id: UUID, response: Response, who: Principal = requires("rooms:read")) -> BarSetAnswer:
    """One set, with the ETag that a change of it must name."""
    row = await handlers.visible(tx, who, bar_set_id)
    response.headers["ETag"] = etag(row.version)
    return BarSetAnswer.model_validate(row)


@bar_sets.patch("/{bar_set_id}")
async def change(
    tx: Tx,
    bar_set_id: UUID,
    body: BarSetPatch,
    request: Request,
    response: Response,
    who: Principal = requires("rooms:write"),
) -> BarSetAnswer:
    """Rename a set, or say which bars it has."""
    values = body.model_dump(exclude_unset=True)
    refuse_nulls(values)
    row = await handlers.change(tx, who, bar_set_id, values, lambda version: check_if_match(request, version))
    response.headers["ETag"] = etag(row.version)
    return BarSetAnswer.model_validate(row)


@bar_sets.post("/{bar_set_id}/move")
async def move(
    tx: Tx,
    bar_set_id: UUID,
    body: BarSetMove,
    request: Request,
    response: Response,
    dry_run: DryRun = False,
    who: Principal = requires("rooms:write"),
) -> BarSetMoved | WhatIf:
    """Move the set to another room. Each of its bars needs a new installation inspection there."""

    def check(version: int) -> None:
        check_if_match(request, version, required=False)

    work = handlers.move(tx, who, bar_set_id, body.room_id, check)
    if dry_run:
        return WhatIf.model_validate((await rehearse(tx, work))[1].lists())
    row, result = await work
    response.headers["ETag"] = etag(row.version)
    return BarSetMoved.model_validate(row._asdict() | result.lists())


@bar_sets.get("/{bar_set_id}/moves")
async def list_moves(tx: Tx, bar_set_id: UUID, who: Principal = requires("rooms:read")) -> Page[MoveAnswer]:
    """Where the set stood, newest first; at most 200."""
    await handlers.visible(tx, who, bar_set_id)
    return Page(items=[MoveAnswer.model_validate(row) for row in await store.moves_of(tx, bar_set_id)])
