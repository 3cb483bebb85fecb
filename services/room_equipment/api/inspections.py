"""`/v1/bars/{id}/inspections`. An inspection is never changed, only superseded."""

from uuid import UUID

from fastapi import Response

from services.room_equipment.api.findings import DryRun
from services.room_equipment.api.parameters import after_number
from services.room_equipment.handlers import found
from services.room_equipment.handlers import inspections as handlers
from services.room_equipment.schemas.bars import (
    CertificateAnswer,
    InspectionAnswer,
    InspectionRecorded,
    NewInspection,
)
from services.room_equipment.schemas.closures import WhatIf
from services.room_equipment.store import inspections as store
from services.room_equipment.store import lockouts
from shared.kit.auth import Principal, requires
from shared.kit.paging import Cursor, Limit, Page, page
from shared.kit.rehearsal import rehearse
from shared.kit.unit import Tx, router

inspections = router("/v1", "inspections")


@inspections.post("/bars/{bar_id}/inspections", status_code=201)
async def record(
    tx: Tx,
    bar_id: UUID,
    body: NewInspection,
    response: Response,
    dry_run: DryRun = False,
    who: Principal = requires("rooms:inspect"),
) -> InspectionRecorded | WhatIf:
    """Record an inspection. A pass certifies the bar from now on; a fail locks it out and displaces its sessions."""
    work = handlers.record(tx, who, bar_id, body.model_dump())
    if dry_run:
        response.status_code = 200
        return WhatIf.model_validate((await rehearse(tx, work)).result.lists())
    done = await work
    row = (await store.by_ids(tx, [done.inspection_id]))[0]
    certificate = None
    if done.certificate is not None:
        certificate = CertificateAnswer(
            inspection_id=done.inspection_id,
            bar_id=bar_id,
            starts_at=done.recorded_at,
            ends_at=done.certificate.ends_at,
            valid_until=done.certificate.valid_until,
            conditions=row.conditions,
            record_hash=row.record_hash,
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
