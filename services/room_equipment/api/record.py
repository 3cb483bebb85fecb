"""`/v1/bars/{id}/record`: the hash chain of what happened to a bar. `caibei verify-records` works it out again."""

from uuid import UUID

from services.room_equipment.api.parameters import after_number
from services.room_equipment.handlers import found
from services.room_equipment.schemas.record import EntryAnswer
from services.room_equipment.store import record as store
from shared.kit.auth import Principal, requires
from shared.kit.paging import Cursor, Limit, Page, page
from shared.kit.unit import Tx, router

record = router("/v1/bars", "record")


@record.get("/{bar_id}/record")
async def show(
    tx: Tx, bar_id: UUID, limit: Limit = 50, cursor: Cursor = None, who: Principal = requires("rooms:read")
) -> Page[EntryAnswer]:
    """Every entry, oldest first, each on the hash of the one before."""
    await found.bar(tx, who, bar_id)
    rows = await store.of_chain(tx, bar_id, after_number(cursor) or 0, limit + 1)
    shown, after = page(rows, limit, lambda row: row.sequence)
    return Page(items=[EntryAnswer.model_validate(row) for row in shown], next_cursor=after)
