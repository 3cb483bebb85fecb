"""/v1/attention: what needs a person, with proposals."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Query

from services.scheduling.api.cursors import after
from services.scheduling.api.places import Reader, Writer
from services.scheduling.handlers import attention
from services.scheduling.schemas.attention import AttentionItem, AttentionKind, Owner, Resolution, Tolerance
from services.scheduling.store import attention as store
from shared.errors import NotFound, Refused
from shared.kit.auth import Principal
from shared.kit.paging import Cursor, Limit, Page, page
from shared.kit.unit import Tx, router

routes = router("/v1/attention", "attention")


@routes.get("")
async def list_items(
    who: Reader, tx: Tx, limit: Limit = 50, cursor: Cursor = None, branch_id: UUID | None = None,
    kind: AttentionKind | None = None, owner: Owner | None = None,
) -> Page[AttentionItem]:  # fmt: skip
    """Open ones, oldest first, with what was proposed when they were last looked at."""
    rows = await store.listed(
        tx,
        {"branches": who.branch_list, "branch_id": branch_id, "kind": kind, "owner": owner, "after": after(cursor),
         "limit": limit + 1},
    )  # fmt: skip
    rows, next_cursor = page(rows, limit, lambda row: row.id)
    return Page(items=[_item(row, attention.kept(who, row)) for row in rows], next_cursor=next_cursor)


@routes.get("/{item_id}")
async def get_item(
    item_id: UUID,
    who: Reader,
    tx: Tx,
    fresh: Annotated[bool, Query(description="Look now, however young what is kept.")] = False,
    tolerance_minutes: Annotated[Tolerance, Query()] = None,
) -> AttentionItem:
    """One item. What is proposed is computed anew when it is older than half a minute or asked for."""
    row = await _visible(tx, who, item_id)
    return _item(row, await attention.shown(tx, who, row, fresh=fresh, tolerance_minutes=tolerance_minutes))


@routes.post("/{item_id}/resolve")
async def resolve(item_id: UUID, body: Resolution, who: Writer, tx: Tx) -> AttentionItem:
    """Say that a person has seen to it. A displaced session is resolved by another slot or a cancel, not here."""
    item = await _visible(tx, who, item_id)
    if item.kind == "displaced" and item.status == "needs_attention":
        raise Refused("wrong_status", "Accept an alternative or cancel the appointment instead.")
    await store.resolve(tx, item_id, body.resolution)
    row = await _visible(tx, who, item_id)
    return _item(row, attention.kept(who, row))


async def _visible(tx: Tx, who: Principal, id: UUID) -> Any:
    row = await store.get(tx, id)
    if row is None or not who.sees(row.branch_id):
        raise NotFound("not_found", "There is no such item.")
    return row


def _item(row: Any, alternatives: list[dict[str, Any]] | None) -> AttentionItem:
    return AttentionItem.model_validate({**row._mapping, "alternatives": alternatives})
