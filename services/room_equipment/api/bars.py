"""`/v1/bars`: the bars themselves. Everything that ends a clearance answers with what it displaced."""

from uuid import UUID

from fastapi import Request, Response

from services.room_equipment.api.findings import DryRun
from services.room_equipment.api.parameters import after_id
from services.room_equipment.handlers import bars as handlers
from services.room_equipment.handlers import found
from services.room_equipment.handlers.rooms import refuse_nulls
from services.room_equipment.schemas.bar_sets import MoveAnswer
from services.room_equipment.schemas.bars import BarAnswer, BarChangeAnswer, BarPatch, NewBar
from services.room_equipment.schemas.closures import WhatIf
from services.room_equipment.store import bar_sets
from services.room_equipment.store import bars as store
from shared.kit.auth import Principal, requires
from shared.kit.paging import Cursor, Limit, Page, check_if_match, etag, page
from shared.kit.rehearsal import rehearse
from shared.kit.unit import Tx, router

bars = router("/v1/bars", "bars")


@bars.post("", status_code=201)
async def register(
    tx: Tx, body: NewBar, response: Response, who: Principal = requires("rooms:write")
) -> BarChangeAnswer:
    """Mount a bar. Until its installation inspection with a load test passes, its room is not cleared."""
    row, result = await handlers.register(tx, who, body.model_dump())
    response.headers["Location"] = f"/v1/bars/{row.id}"
    response.headers["ETag"] = etag(row.version)
    return BarChangeAnswer.model_validate(row._asdict() | result.lists())


@bars.get("")
async def list_bars(
    tx: Tx,
    branch_id: UUID | None = None,
    room_id: UUID | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    who: Principal = requires("rooms:read"),
) -> Page[BarAnswer]:
    """Bars of your branches, removed ones too."""
    rows = await store.page(tx, who.branch_list, branch_id, room_id, after_id(cursor), limit + 1)
    shown, after = page(rows, limit, lambda row: row.id)
    return Page(items=[BarAnswer.model_validate(row) for row in shown], next_cursor=after)


@bars.get("/{bar_id}")
async def show(tx: Tx, bar_id: UUID, response: Response, who: Principal = requires("rooms:read")) -> BarAnswer:
    """One bar, with the ETag that a change of it must name."""
    row = await found.bar(tx, who, bar_id)
    response.headers["ETag"] = etag(row.version)
    return BarAnswer.model_validate(row)


@bars.patch("/{bar_id}")
async def change(
    tx: Tx,
    bar_id: UUID,
    body: BarPatch,
    request: Request,
    response: Response,
    dry_run: DryRun = False,
    who: Principal = requires("rooms:read"),
) -> BarChangeAnswer | WhatIf:
    """Change a bar: rooms:write, but ratings, removal and putting back into service are rooms:inspect."""
    values = body.model_dump(exclude_unset=True)
    refuse_nulls(values, frozenset({"diameter_mm", "removed_on"}))
    work = handlers.change(tx, who, bar_id, values, lambda version: check_if_match(request, version))
    if dry_run:
        return WhatIf.model_validate((await rehearse(tx, work))[1].lists())
    row, result = await work
    response.headers["ETag"] = etag(row.version)
    return BarChangeAnswer.model_validate(row._asdict() | result.lists())


@bars.get("/{bar_id}/moves")
async def list_moves(tx: Tx, bar_id: UUID, who: Principal = requires("rooms:read")) -> Page[MoveAnswer]:
    """Where the bar was mounted before, newest first; at most 200."""
    await found.bar(tx, who, bar_id)
    return Page(items=[MoveAnswer.model_validate(row) for row in await bar_sets.moves_of(tx, bar_id)])
