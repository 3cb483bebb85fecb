"""`/v1/assets`: everything in the rooms and its state now, for the inspector's round and the insurer's list."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import Query

from services.room_equipment.api.parameters import after_asset
from services.room_equipment.domain.accessories import Kind
from services.room_equipment.schemas.assets import AssetAnswer, AssetStatus
from services.room_equipment.store import assets as store
from shared.kit.auth import Principal, requires
from shared.kit.paging import Cursor, Limit, Page, page
from shared.kit.unit import Tx, router

assets = router("/v1/assets", "assets")


@assets.get("")
async def list_assets(
    tx: Tx,
    id: Annotated[list[UUID] | None, Query(max_length=100, description="Only these; may repeat.")] = None,
    branch_id: UUID | None = None,
    room_id: UUID | None = None,
    kind: Literal["room", "bar"] | Kind | None = None,
    status: AssetStatus | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    who: Principal = requires("rooms:read"),
) -> Page[AssetAnswer]:
    """Room by room: the room, its bars, then what else is in it. Removed things only with `status=removed`."""
    rows = await store.page(
        tx, after_asset(cursor), branches=who.branch_list, ids=id, branch_id=branch_id, room_id=room_id, kind=kind,
        status=status, limit=limit + 1,
    )  # fmt: skip
    shown, after = page(rows, limit, lambda row: (row.branch_id, row.room_code, row.turn, row.id))
    return Page(items=[AssetAnswer.model_validate(row) for row in shown], next_cursor=after)
