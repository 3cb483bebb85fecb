"""`/v1/checklists`: what to look at in an inspection, as versions that are never edited."""

from typing import Annotated
from uuid import UUID

from fastapi import Path, Query, Response

from services.room_equipment.domain.checklists import Kind
from services.room_equipment.handlers import checklists as handlers
from services.room_equipment.handlers.found import must_be_of_the_chain
from services.room_equipment.schemas.checklists import ChecklistAnswer, NewChecklist
from services.room_equipment.store import projections
from shared.errors import NotFound
from shared.kit.auth import Principal, requires
from shared.kit.database import Transaction
from shared.kit.paging import Page
from shared.kit.unit import Tx, router

checklists = router("/v1/checklists", "checklists")
Branch = Annotated[UUID | None, Query(description="A branch's own list wins over the chain's, that over the shipped.")]
Version = Annotated[int, Path(ge=1, le=2**31 - 1)]


@checklists.get("")
async def list_checklists(
    tx: Tx, branch_id: Branch = None, who: Principal = requires("rooms:read")
) -> Page[ChecklistAnswer]:
    """What is in force in the chain, or in a branch: one of each kind."""
    await _must_see(tx, who, branch_id)
    return Page(items=[ChecklistAnswer.model_validate(c) for c in await handlers.in_force(tx, branch_id)])


@checklists.get("/{kind}")
async def show(
    tx: Tx, kind: Kind, branch_id: Branch = None, who: Principal = requires("rooms:read")
) -> ChecklistAnswer:
    """What is in force of one kind."""
    await _must_see(tx, who, branch_id)
    return ChecklistAnswer.model_validate((await handlers.versions(tx, kind, branch_id))[-1])


@checklists.get("/{kind}/versions/{number}")
async def show_version(
    tx: Tx, kind: Kind, number: Version, branch_id: Branch = None, who: Principal = requires("rooms:read")
) -> ChecklistAnswer:
    """One version of what is in force there, superseded or not."""
    await _must_see(tx, who, branch_id)
    return ChecklistAnswer.model_validate(await handlers.version(tx, kind, number, branch_id))


@checklists.post("/{kind}/versions", status_code=201)
async def publish(
    tx: Tx, kind: Kind, body: NewChecklist, response: Response, who: Principal = requires("rooms:inspect")
) -> ChecklistAnswer:
    """Publish the next version, in force from now on; the chain's needs a token of the whole chain."""
    if body.branch_id is None:
        must_be_of_the_chain(who)
    await _must_see(tx, who, body.branch_id)
    items = [item.model_dump() for item in body.items]
    made = await handlers.publish(tx, who, kind, body.branch_id, body.title, items)
    of = f"?branch_id={body.branch_id}" if body.branch_id else ""
    response.headers["Location"] = f"/v1/checklists/{kind}/versions/{made.version}{of}"
    return ChecklistAnswer.model_validate(made)


async def _must_see(tx: Transaction, who: Principal, branch_id: UUID | None) -> None:
    if branch_id is not None and (not who.sees(branch_id) or await projections.branch(tx, branch_id) is None):
        raise NotFound("branch_not_found", "There is no such branch.")
