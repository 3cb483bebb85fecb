"""`/v1/bars/{id}/inspections` and what is due. An inspection is never changed, only superseded."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query

from services.room_equipment.api.parameters import after_number, after_time_and_id
from services.room_equipment.domain.localdays import local_date
from services.room_equipment.handlers import found
from services.room_equipment.handlers import inspections as handlers
from services.room_equipment.schemas.bars import (
    CertificateAnswer,
    DueAnswer,
    InspectionAnswer,
    InspectionRecorded,
    NewInspection,
)
from services.room_equipment.settings import settings
from services.room_equipment.store import inspections as store
from services.room_equipment.store import lockouts
from shared.kit.auth import Principal, requires
from shared.kit.paging import Cursor, Limit, Page, page
from shared.kit.unit import Tx, router

inspections = router("/v1", "inspections")


@inspections.post("/bars/{bar_id}/inspections", status_code=201)
async def record(
    tx: Tx, bar_id: UUID, body: NewInspection, who: Principal = requires("rooms:inspect")
) -> InspectionRecorded:
    """Record an inspection. A pass certifies the bar from now on; a fail locks it out and displaces its sessions."""
    done = await handlers.record(tx, who, bar_id, body.model_dump(), settings().house_rules)
    row = (await store.by_ids(tx, [done.inspection_id]))[0]
    certificate = None
    if done.certificate is not None:
        certificate = CertificateAnswer(
            inspection_id=done.inspection_id,
            bar_id=bar_id,
            starts_at=done.recorded_at,
            ends_at=done.certificate.ends_at,
            valid_until=done.certificate.valid_until,
        )
    lockout = await lockouts.get(tx, done.lockout_id) if done.lockout_id else None
    return InspectionRecorded.model_validate(
        row._asdict() | done.result.lists() | {"certificate": certificate, "lockout": lockout}
    )


@inspections.get("/bars/{bar_id}/inspections")
async def history(
    tx: Tx, bar_id: UUID, limit: Limit = 50, cursor: Cursor = None, who: Principal = requires("rooms:read")
) -> Page[InspectionAnswer]:
    """Every inspection of the bar, newest first."""
    await found.bar(tx, who, bar_id)
    rows, after = page(await store.of_bar(tx, bar_id, after_number(cursor), limit + 1), limit, lambda row: row.sequence)
    return Page(items=[InspectionAnswer.model_validate(row) for row in rows], next_cursor=after)


@inspections.get("/inspections/due")
async def due(
    tx: Tx,
    within_days: Annotated[int, Query(ge=0, le=730)] = 30,
    branch_id: UUID | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    who: Principal = requires("rooms:read"),
) -> Page[DueAnswer]:
    """Mounted bars without a certificate, with one that has ended, and with one that ends soon; in this order."""
    now = datetime.now(UTC)
    after_end, after_id = after_time_and_id(cursor)
    rows = await store.due(
        tx, now + timedelta(days=within_days), branches=who.branch_list, branch_id=branch_id,
        after_end=after_end, after_id=after_id, limit=limit + 1,
    )  # fmt: skip
    shown, after = page(rows, limit, lambda row: (row.certified_until, row.bar_id))
    items = [DueAnswer.model_validate(_due(row, now, await found.timezone(tx, row.branch_id))) for row in shown]
    return Page(items=items, next_cursor=after)


def _due(row: Any, now: datetime, timezone: str) -> dict[str, Any]:
    status, days_left = "due", None
    if row.inspection_id is None:
        status = "never_inspected"
    elif row.certified_until is None:
        status = "failed"
    else:
        days_left = (row.valid_until - local_date(now, timezone)).days
        if row.certified_until <= now:
            status = "lapsed"
    return {**row._asdict(), "status": status, "days_left": days_left}
