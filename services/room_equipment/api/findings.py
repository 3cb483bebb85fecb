"""`/v1/bars/{id}/lockouts` and `…/pre-use-checks`: what people find when they look at a bar."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response

from services.room_equipment.handlers import found
from services.room_equipment.handlers import lockouts as handlers
from services.room_equipment.handlers.lockouts import Check
from services.room_equipment.schemas.bars import CheckRecorded, LockoutAnswer, LockoutRecorded, NewCheck, NewLockout
from services.room_equipment.store import lockouts as store
from shared.kit.auth import Principal, requires
from shared.kit.paging import Page
from shared.kit.rehearsal import rehearse
from shared.kit.unit import Tx, router

findings = router("/v1/bars", "findings")
DryRun = Annotated[bool, Query(description="Only say what would happen; nothing is written.")]


@findings.post("/{bar_id}/lockouts", status_code=201)
async def lock_out(
    tx: Tx,
    bar_id: UUID,
    body: NewLockout,
    response: Response,
    dry_run: DryRun = False,
    who: Principal = requires("rooms:operate"),
) -> LockoutRecorded:
    """Lock a bar out. It ends only by a later passing inspection, by someone other than the repairer."""
    work = handlers.report(tx, who, bar_id, body.reason, body.note, body.event)
    if dry_run:
        response.status_code = 200
        _, result = await rehearse(tx, work)
        return LockoutRecorded.model_validate({"id": None, "dry_run": True, "lockout": None} | result.lists())
    id, result = await work
    lockout = await store.get(tx, id)
    return LockoutRecorded.model_validate({"id": id, "dry_run": False, "lockout": lockout} | result.lists())


@findings.get("/{bar_id}/lockouts")
async def list_lockouts(tx: Tx, bar_id: UUID, who: Principal = requires("rooms:read")) -> Page[LockoutAnswer]:
    """The bar's lock-outs, newest first; at most 200."""
    await found.bar(tx, who, bar_id)
    rows = await store.of_bar(tx, bar_id)
    return Page(items=[LockoutAnswer.model_validate(row) for row in rows], next_cursor=None)


@findings.post("/{bar_id}/pre-use-checks", status_code=201)
async def check(tx: Tx, bar_id: UUID, body: NewCheck, who: Principal = requires("rooms:operate")) -> CheckRecorded:
    """Look at a bar before use. A failed check locks it out."""
    made = Check(bar_id, body.result, body.note)
    opened, result, at = await handlers.check(tx, who, bar_id, made, body.therapist_id, body.appointment_id)
    lockout = await store.get(tx, opened[0]) if opened else None
    return CheckRecorded.model_validate(
        {"bar_id": bar_id, "result": body.result, "checked_at": at, "lockout": lockout} | result.lists()
    )
