"""/v1/attention: what needs a person, with proposals."""

from typing import Literal
from uuid import UUID

from services.scheduling.api.cursors import after
from services.scheduling.api.places import Reader, Writer
from services.scheduling.schemas.bookings import AttentionItem, Resolution
from services.scheduling.store import attention as store
from shared.errors import NotFound, Refused
from shared.kit.auth import Principal
from shared.kit.paging import Cursor, Limit, Page, page
from shared.kit.unit import Tx, router

routes = router("/v1/attention", "attention")
Kind = Literal["displaced", "at_risk", "started_after_end", "overran", "therapist_needed"]


@routes.get("")
async def list_items(
    who: Reader, tx: Tx, limit: Limit = 50, cursor: Cursor = None, branch_id: UUID | None = None,
    kind: Kind | None = None,
) -> Page[AttentionItem]:  # fmt: skip
    """Open ones, oldest first."""
    rows = await store.listed(
        tx,
        {"branches": who.branch_list, "branch_id": branch_id, "kind": kind, "after": after(cursor), "limit": limit + 1},
    )
    rows, next_cursor = page(rows, limit, lambda row: row.id)
    return Page(items=[AttentionItem.model_validate(row) for row in rows], next_cursor=next_cursor)


@routes.get("/{item_id}")
async def get_item(item_id: UUID, who: Reader, tx: Tx) -> AttentionItem:
    """One item, with the alternatives computed for it."""
    return await _visible(tx, who, item_id)


@routes.post("/{item_id}/resolve")
async def resolve(item_id: UUID, body: Resolution, who: Writer, tx: Tx) -> AttentionItem:
    """Say that a person has seen to it. A displaced session is resolved by another slot or a cancel, not here."""
    item = await _visible(tx, who, item_id)
    if item.kind == "displaced" and item.status == "needs_attention":
        raise Refused("wrong_status", "Accept an alternative or cancel the appointment instead.")
    await store.resolve(tx, item_id, body.resolution)
    return await _visible(tx, who, item_id)


async def _visible(tx: Tx, who: Principal, id: UUID) -> AttentionItem:
    row = await store.get(tx, id)
    if row is None or not who.sees(row.branch_id):
        raise NotFound("not_found", "There is no such item.")
    return AttentionItem.model_validate(row)
