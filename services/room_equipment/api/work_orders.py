"""`/v1/work-orders`: repairs, opened by a lock-out or planned by hand."""

from typing import Literal
from uuid import UUID

from fastapi import Response

from services.room_equipment.api.parameters import after_id
from services.room_equipment.handlers import work_orders as handlers
from services.room_equipment.schemas.work_orders import (
    Assignment,
    Completion,
    LogEntry,
    LoggedAnswer,
    NewWorkOrder,
    WorkOrderAnswer,
    WorkOrderCompleted,
    WorkOrderDetail,
)
from services.room_equipment.store import work_orders as store
from shared.kit.auth import Principal, requires
from shared.kit.paging import Cursor, Limit, Page, etag, page
from shared.kit.unit import Tx, router

work_orders = router("/v1/work-orders", "work orders")


@work_orders.get("")
async def list_orders(
    tx: Tx,
    branch_id: UUID | None = None,
    bar_id: UUID | None = None,
    equipment_id: UUID | None = None,
    overdue: bool | None = None,
    status: Literal["open", "assigned", "completed"] | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    who: Principal = requires("rooms:read"),
) -> Page[WorkOrderAnswer]:
    """Work to do and done, as failed inspections, lock-outs and people opened it."""
    rows = await store.page(
        tx, branches=who.branch_list, branch_id=branch_id, bar_id=bar_id, equipment_id=equipment_id, overdue=overdue,
        status=status, after=after_id(cursor), limit=limit + 1,
    )  # fmt: skip
    shown, after = page(rows, limit, lambda row: row.id)
    return Page(items=[WorkOrderAnswer.model_validate(row) for row in shown], next_cursor=after)


@work_orders.post("", status_code=201)
async def open_order(
    tx: Tx, body: NewWorkOrder, response: Response, who: Principal = requires("rooms:operate")
) -> WorkOrderAnswer:
    """Plan work on a bar or another piece of equipment. A defect is a lock-out's: `POST /v1/bars/{id}/lockouts`."""
    row = await handlers.open(tx, who, body.model_dump())
    response.headers["Location"] = f"/v1/work-orders/{row.id}"
    response.headers["ETag"] = etag(row.version)
    return WorkOrderAnswer.model_validate(row)


@work_orders.get("/{order_id}")
async def show(tx: Tx, order_id: UUID, response: Response, who: Principal = requires("rooms:read")) -> WorkOrderDetail:
    """One work order with its log."""
    row = await handlers.visible(tx, who, order_id)
    response.headers["ETag"] = etag(row.version)
    return WorkOrderDetail.model_validate(row._asdict() | {"log": await store.entries(tx, order_id)})


@work_orders.post("/{order_id}/assign")
async def assign(
    tx: Tx, order_id: UUID, body: Assignment, who: Principal = requires("rooms:operate")
) -> WorkOrderAnswer:
    """Say who is to do the work, and by when."""
    return WorkOrderAnswer.model_validate(await handlers.assign(tx, who, order_id, body.assigned_to, body.due_on))


@work_orders.post("/{order_id}/log", status_code=201)
async def log(tx: Tx, order_id: UUID, body: LogEntry, who: Principal = requires("rooms:operate")) -> LoggedAnswer:
    """Add a line on what was done."""
    parts = body.model_dump(mode="json")["parts"]
    return LoggedAnswer.model_validate(await handlers.log(tx, who, order_id, body.entry, parts))


@work_orders.post("/{order_id}/complete")
async def complete(
    tx: Tx, order_id: UUID, body: Completion, who: Principal = requires("rooms:operate")
) -> WorkOrderCompleted:
    """The repair is done. Someone else, signed in as themselves, inspects the bar before it is used again."""
    by = body.completed_by
    name, credential = (by, by) if isinstance(by, str) else (by.name, by.credential)
    row, result = await handlers.complete(tx, who, order_id, name, credential, body.touched_mounting)
    return WorkOrderCompleted.model_validate(row._asdict() | result.lists())
