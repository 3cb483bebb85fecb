"""`/v1/inspections/due`: what is to be inspected, most urgent first."""

from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query

from services.room_equipment.api.parameters import after_urgency
from services.room_equipment.handlers import rulebook
from services.room_equipment.schemas.due import DueAnswer, DueSummary
from services.room_equipment.store import due as store
from shared.kit.auth import Principal, requires
from shared.kit.database import Transaction
from shared.kit.paging import Cursor, Limit, Page, page
from shared.kit.unit import Tx, router

due = router("/v1/inspections/due", "inspections")

WithinDays = Annotated[int, Query(ge=0, le=730, description="Local days of each branch, today included.")]


@due.get("")
async def list_due(
    tx: Tx,
    within_days: WithinDays = 30,
    branch_id: UUID | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    who: Principal = requires("rooms:read"),
) -> Page[DueAnswer]:
    """Failed, overdue, lapsed, never inspected, and due; in this order, and within it the longest first."""
    filters = await _filters(tx, who, within_days, branch_id)
    rows = await store.page(tx, after_urgency(cursor), limit + 1, **filters)
    shown, after = page(rows, limit, lambda row: (row.urgency, row.ended_at, row.asset_id))
    return Page(items=[DueAnswer.model_validate(row) for row in shown], next_cursor=after)


@due.get("/summary")
async def summary(
    tx: Tx, within_days: WithinDays = 30, branch_id: UUID | None = None, who: Principal = requires("rooms:read")
) -> Page[DueSummary]:
    """How many of each, by branch. A branch that has nothing to inspect is absent."""
    rows = await store.summary(tx, **await _filters(tx, who, within_days, branch_id))
    return Page(items=[DueSummary.model_validate(row) for row in rows], next_cursor=None)


async def _filters(tx: Transaction, who: Principal, within_days: int, branch_id: UUID | None) -> dict[str, Any]:
    overdue_days, of_branches = (await rulebook.book(tx)).overdue()
    return {
        "now": datetime.now(UTC),
        "within_days": within_days,
        "overdue_days": overdue_days,
        "branches_overdue_days": of_branches,
        "branches": who.branch_list,
        "branch_id": branch_id,
    }
