"""/v1/branches and /v1/treatments."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Request, Response
from sqlalchemy import Row

from services.scheduling.api.cursors import after
from services.scheduling.handlers import places
from services.scheduling.handlers.closures import said
from services.scheduling.schemas.closures import ChangedBranch, TouchedSession
from services.scheduling.schemas.resources import (
    Branch,
    BranchChange,
    NewBranch,
    NewTreatment,
    Treatment,
    TreatmentChange,
)
from services.scheduling.store import places as store
from shared.errors import NotFound
from shared.kit.auth import Principal, requires
from shared.kit.body import Body
from shared.kit.paging import Cursor, Limit, Page, check_if_match, etag, page
from shared.kit.rehearsal import rehearse
from shared.kit.unit import Tx, router

routes = router("/v1", "places")
Reader = Annotated[Principal, requires("scheduling:read")]
Writer = Annotated[Principal, requires("scheduling:write")]
CodeFilter = Annotated[str | None, Query(max_length=40, description="The one with this natural code.")]
DryRun = Annotated[bool, Query(description="Only say what would be: it is carried out and taken back.")]
IdFilter = Annotated[list[UUID] | None, Query(max_length=200, description="These ones; what is not there is left out.")]


def given(body: Body) -> dict[str, Any]:
    """What a change names."""
    return body.model_dump(exclude_unset=True)


@routes.post("/branches", status_code=201)
async def add_branch(body: NewBranch, who: Writer, tx: Tx, response: Response) -> Branch:
    """Register a branch. Its time zone decides what every local date and time of it means."""
    row = await places.add_branch(tx, who, body.model_dump(mode="json"))
    response.headers["Location"], response.headers["ETag"] = f"/v1/branches/{row.id}", etag(row.version)
    return Branch.model_validate(row)


@routes.get("/branches")
async def list_branches(
    who: Reader, tx: Tx, limit: Limit = 50, cursor: Cursor = None, code: CodeFilter = None
) -> Page[Branch]:
    """The branches this token sees, in the order they were registered."""
    rows = await store.listed(tx, "branch", limit + 1, after(cursor), who.branch_list, code)
    rows, next_cursor = page(rows, limit, lambda row: row.id)
    return Page(items=[Branch.model_validate(row) for row in rows], next_cursor=next_cursor)


@routes.get("/branches/{branch_id}")
async def get_branch(branch_id: UUID, who: Reader, tx: Tx, response: Response) -> Branch:
    """One branch, with the ETag that a change of it must name."""
    row = await places.visible_branch(tx, who, branch_id)
    response.headers["ETag"] = etag(row.version)
    return Branch.model_validate(row)


@routes.patch("/branches/{branch_id}")
async def change_branch(
    branch_id: UUID, body: BranchChange, who: Writer, tx: Tx, request: Request, response: Response,
    dry_run: DryRun = False,
) -> ChangedBranch:  # fmt: skip
    """Change a branch (JSON merge patch). New hours concern new bookings; what is booked outside of them stays, is
    listed as `conflicts` and put to a person. To displace it, close the branch for that time.
    """
    row = await places.visible_branch(tx, who, branch_id, lock=True)
    check_if_match(request, row.version)
    work = places.change_branch(tx, who, row, given(body))
    changed, outside = await (rehearse(tx, work) if dry_run else work)
    if not dry_run:
        response.headers["ETag"] = etag(changed.version)
    conflicts = [TouchedSession.model_validate(said(appointment)) for appointment in outside]
    return ChangedBranch(**Branch.model_validate(changed).model_dump(), conflicts=conflicts, dry_run=dry_run)


@routes.post("/treatments", status_code=201)
async def add_treatment(body: NewTreatment, who: Writer, tx: Tx, response: Response) -> Treatment:
    """Register a treatment of the chain: how long it takes and what it needs."""
    row = await places.add_treatment(tx, who, _flat(body.model_dump(mode="json")))
    response.headers["Location"], response.headers["ETag"] = f"/v1/treatments/{row.id}", etag(row.version)
    return _treatment(row)


@routes.get("/treatments")
async def list_treatments(
    who: Reader, tx: Tx, limit: Limit = 50, cursor: Cursor = None, code: CodeFilter = None
) -> Page[Treatment]:
    """The chain's treatments, in the order they were registered."""
    rows = await store.listed(tx, "treatment", limit + 1, after(cursor), None, code)
    rows, next_cursor = page(rows, limit, lambda row: row.id)
    return Page(items=[_treatment(row) for row in rows], next_cursor=next_cursor)


@routes.get("/treatments/{treatment_id}")
async def get_treatment(treatment_id: UUID, who: Reader, tx: Tx, response: Response) -> Treatment:
    """One treatment, with the ETag that a change of it must name."""
    row = await _treatment_row(tx, treatment_id)
    response.headers["ETag"] = etag(row.version)
    return _treatment(row)


@routes.patch("/treatments/{treatment_id}")
async def change_treatment(
    treatment_id: UUID, body: TreatmentChange, who: Writer, tx: Tx, request: Request, response: Response
) -> Treatment:
    """Change a treatment (JSON merge patch). Sessions that are booked keep what they were booked with."""
    row = await _treatment_row(tx, treatment_id, lock=True)
    check_if_match(request, row.version)
    row = await places.change_treatment(tx, who, row, _flat(given(body)))
    response.headers["ETag"] = etag(row.version)
    return _treatment(row)


async def _treatment_row(tx: Tx, id: UUID, *, lock: bool = False) -> Row[Any]:
    row = await store.get(tx, "treatment", id, lock=lock)
    if row is None:
        raise NotFound("not_found", "There is no such treatment.")
    return row


def _flat(values: dict[str, Any]) -> dict[str, Any]:
    requires = values.pop("requires", None) or {}
    return values | requires


def _treatment(row: Row[Any]) -> Treatment:
    requires = {"skill": row.skill, "equipment": row.equipment}
    return Treatment.model_validate({**row._mapping, "requires": requires})


def bounds(during: Any) -> tuple[datetime, datetime]:
    """The two ends of a range that has both."""
    return during.lower, during.upper
