"""`/v1/rooms`: rooms and when they are cleared."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from fastapi import Request, Response

from services.room_equipment.api.findings import DryRun
from services.room_equipment.api.parameters import From, To, after_id, check_range
from services.room_equipment.handlers import found
from services.room_equipment.handlers import rooms as handlers
from services.room_equipment.schemas.closures import WhatIf
from services.room_equipment.schemas.rooms import (
    ClearanceAnswer,
    GapAnswer,
    NewRoom,
    Period,
    RoomAnswer,
    RoomChangeAnswer,
    RoomPatch,
)
from services.room_equipment.store import clearances, projections
from services.room_equipment.store import rooms as store
from shared.kit.auth import Principal, requires
from shared.kit.paging import Cursor, Limit, Page, check_if_match, etag, page
from shared.kit.rehearsal import rehearse
from shared.kit.unit import Tx, Unit, router

rooms = router("/v1/rooms", "rooms")


@rooms.post("", status_code=201)
async def register(
    unit: Unit, body: NewRoom, response: Response, who: Principal = requires("rooms:write")
) -> RoomAnswer:
    """Register a room of a branch. It is not cleared until its bars are mounted and inspected."""
    who.must_see(body.branch_id, "branch_not_found", "There is no such branch.")
    await found.known(unit, projections.branch, body.branch_id, "branch")
    row = await handlers.register(await unit.begin(), body.model_dump() | {"name": body.name or body.code})
    response.headers["Location"] = f"/v1/rooms/{row.id}"
    response.headers["ETag"] = etag(row.version)
    return RoomAnswer.model_validate(row)


@rooms.get("")
async def list_rooms(
    tx: Tx,
    branch_id: UUID | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    who: Principal = requires("rooms:read"),
) -> Page[RoomAnswer]:
    """Rooms of your branches."""
    rows = await store.page(tx, who.branch_list, branch_id, after_id(cursor), limit + 1)
    shown, after = page(rows, limit, lambda row: row.id)
    return Page(items=[RoomAnswer.model_validate(row) for row in shown], next_cursor=after)


@rooms.get("/{room_id}")
async def show(tx: Tx, room_id: UUID, response: Response, who: Principal = requires("rooms:read")) -> RoomAnswer:
    """One room, with the ETag that a change of it must name."""
    row = await found.room(tx, who, room_id)
    response.headers["ETag"] = etag(row.version)
    return RoomAnswer.model_validate(row)


@rooms.patch("/{room_id}")
async def change(
    tx: Tx,
    room_id: UUID,
    body: RoomPatch,
    request: Request,
    response: Response,
    dry_run: DryRun = False,
    who: Principal = requires("rooms:read"),
) -> RoomChangeAnswer | WhatIf:
    """Change a room (rooms:write; lowering `bars_required` alone needs rooms:inspect). Says which sessions lost it."""
    values = body.model_dump(exclude_unset=True)
    handlers.refuse_nulls(values)
    work = handlers.change(tx, who, room_id, values, lambda version: check_if_match(request, version))
    if dry_run:
        return WhatIf.model_validate((await rehearse(tx, work))[1].lists())
    row, result = await work
    response.headers["ETag"] = etag(row.version)
    return RoomChangeAnswer.model_validate(row._asdict() | result.lists())


@rooms.get("/{room_id}/clearance")
async def clearance(
    tx: Tx, room_id: UUID, start: From = None, end: To = None, who: Principal = requires("rooms:read")
) -> ClearanceAnswer:
    """When back-stepping may happen in the room, and why not in between. 90 days from now unless asked otherwise."""
    await found.room(tx, who, room_id)
    start = start or datetime.now(UTC)
    end = end or start + timedelta(days=90)
    check_range(start, end)
    periods, gaps, at = [], [], start
    for row in await clearances.between(tx, room_id, start, end):
        if row.starts_at > at:  # before the room was registered here
            gaps.append(GapAnswer(starts_at=at, ends_at=row.starts_at, reason="no_bar"))
        at = row.ends_at
        if row.reason is None:
            periods.append(Period.model_validate(row))
        else:
            gaps.append(GapAnswer.model_validate(row))
    if at < end:
        gaps.append(GapAnswer(starts_at=at, ends_at=end, reason="no_bar"))
    return ClearanceAnswer(room_id=room_id, periods=periods, gaps=gaps)
