"""/v1/branches/{id}/closures: a branch closed for a while, what that does to its sessions, and taking it back."""

import asyncio
import time
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Response
from sqlalchemy import Row

from services.scheduling.api import answers
from services.scheduling.api.appointments import Prefer
from services.scheduling.api.places import DryRun, Reader, Writer, bounds
from services.scheduling.handlers import closures as handlers
from services.scheduling.handlers import places, reopening
from services.scheduling.schemas import closures as shapes
from services.scheduling.store import closures as store
from shared.kit.body import Instant
from shared.kit.database import Transaction
from shared.kit.paging import Page
from shared.kit.rehearsal import rehearse
from shared.kit.unit import Tx, Unit, router

routes = router("/v1/branches", "closures")


@routes.post("/{branch_id}/closures", status_code=201)
async def close(
    branch_id: UUID, body: shapes.NewClosure, who: Writer, tx: Tx, response: Response, dry_run: DryRun = False
) -> shapes.ClosureRecorded | shapes.ClosurePlanned:
    """Close a branch for a while: nothing more is booked then, and who was waits for another slot. A part of a branch
    is closed by its rooms: room-equipment's `/v1/rooms/{id}/closures`, which moves what it can.
    """
    branch = await places.visible_branch(tx, who, branch_id, lock=True)
    work = handlers.close(tx, who, branch, body.model_dump())
    if dry_run:
        response.status_code = 200
        closed = await rehearse(tx, work)
        starts_at, ends_at = bounds(closed.closure.during)
        return shapes.ClosurePlanned(starts_at=starts_at, ends_at=ends_at, **closed.lists())
    closed = await work
    response.headers["Location"] = f"/v1/branches/{branch_id}/closures/{closed.closure.id}"
    return shapes.ClosureRecorded.model_validate(_closure(closed.closure) | closed.lists())


@routes.get("/{branch_id}/closures")
async def list_closures(
    branch_id: UUID,
    who: Reader,
    tx: Tx,
    from_: Annotated[Instant | None, Query(alias="from")] = None,
    to: Annotated[Instant | None, Query()] = None,
) -> Page[shapes.Closure]:
    """All of them that touch the stretch: there are few. Those that were taken back are not in it."""
    await places.visible_branch(tx, who, branch_id)
    rows = await store.listed(tx, branch_id, from_, to)
    return Page(items=[shapes.Closure.model_validate(_closure(row)) for row in rows])


@routes.get("/{branch_id}/closures/{closure_id}")
async def get_closure(branch_id: UUID, closure_id: UUID, who: Reader, tx: Tx) -> shapes.ClosureDetail:
    """One closure, also one that was taken back, and what became of each session that it displaced."""
    await places.visible_branch(tx, who, branch_id)
    row = await handlers.visible(tx, branch_id, closure_id)
    sessions = [shapes.ClosureSession.model_validate(session) for session in await store.sessions(tx, closure_id)]
    return shapes.ClosureDetail(**_closure(row), ended_at=row.ended_at, sessions=sessions)


@routes.delete("/{branch_id}/closures/{closure_id}")
async def reopen(
    branch_id: UUID, closure_id: UUID, who: Writer, unit: Unit, response: Response, dry_run: DryRun = False,
    prefer: Prefer = None,
) -> shapes.Reopened:  # fmt: skip
    """Take a closure back. Sessions that still wait for a person because of it are asked for again at their own time;
    whoever was accepted elsewhere or cancelled stays so. 202 while some are still `restoring`: see the closure.
    """
    tx = await unit.begin()
    await places.visible_branch(tx, who, branch_id, lock=True)
    if dry_run:
        return await rehearse(tx, _reopened(tx, who, branch_id, closure_id, dry_run=True))
    found = await _reopened(tx, who, branch_id, closure_id)
    await unit.commit()
    deadline = time.monotonic() + answers.wait_seconds(prefer)
    while _unsettled(found) and time.monotonic() < deadline:
        await asyncio.sleep(0.1)
        tx = await unit.begin()
        found = found.model_copy(update={"sessions": await _sessions(tx, closure_id)})
        await unit.commit()
    if _unsettled(found):
        response.status_code = 202
        response.headers["Location"] = f"/v1/branches/{branch_id}/closures/{closure_id}"
    return found


async def _reopened(
    tx: Transaction, who: Any, branch_id: UUID, closure_id: UUID, *, dry_run: bool = False
) -> shapes.Reopened:  # fmt: skip
    row = await reopening.reopen(tx, who, branch_id, closure_id, limit=None if dry_run else reopening.AT_ONCE)
    starts_at, ends_at = bounds(row.during)
    return shapes.Reopened(
        dry_run=dry_run, id=row.id, branch_id=branch_id, starts_at=starts_at, ends_at=ends_at, reason=row.reason,
        sessions=await _sessions(tx, closure_id),
    )  # fmt: skip


async def _sessions(tx: Transaction, closure_id: UUID) -> list[shapes.ClosureSession]:
    return [shapes.ClosureSession.model_validate(row) for row in await store.sessions(tx, closure_id)]


def _unsettled(found: shapes.Reopened) -> bool:
    return any(session.outcome == "restoring" for session in found.sessions)


def _closure(row: Row[Any]) -> dict[str, Any]:
    starts_at, ends_at = bounds(row.during)
    return {"id": row.id, "branch_id": row.branch_id, "starts_at": starts_at, "ends_at": ends_at, "reason": row.reason,
            "starts_at_local": row.starts_local, "ends_at_local": row.ends_local}  # fmt: skip
