"""`/v1/house-rules` and `/v1/branches/{id}/house-rules`: numbers no standard gives, set by chain and branch."""

from typing import Any
from uuid import UUID

from fastapi import Request, Response

from services.room_equipment.api.parameters import after_number
from services.room_equipment.handlers import found
from services.room_equipment.handlers import houserules as handlers
from services.room_equipment.handlers.rulebook import book
from services.room_equipment.schemas.houserules import (
    HouseRulesAnswer,
    HouseRulesChanged,
    HouseRulesVersion,
    NewHouseRules,
)
from services.room_equipment.store import houserules as store
from services.room_equipment.store import projections
from shared.errors import NotFound
from shared.kit.auth import Principal, requires
from shared.kit.database import Transaction
from shared.kit.paging import Cursor, Limit, Page, check_if_match, etag, page
from shared.kit.unit import Tx, router

house_rules = router("/v1", "house rules")


@house_rules.get("/house-rules")
async def show_chain(tx: Tx, response: Response, _: Principal = requires("rooms:read")) -> HouseRulesAnswer:
    """What holds in the chain where no branch says otherwise, and where each value comes from."""
    return HouseRulesAnswer.model_validate(await _shown(tx, None, response))


@house_rules.put("/house-rules")
async def put_chain(
    tx: Tx, body: NewHouseRules, request: Request, response: Response, who: Principal = requires("rooms:inspect")
) -> HouseRulesChanged:
    """Set the chain's (a token of the whole chain). A changed safety factor says what it did to sessions."""
    found.must_be_of_the_chain(who)
    return await _put(tx, who, None, body, request, response)


@house_rules.get("/house-rules/versions")
async def versions(
    tx: Tx, branch_id: UUID | None = None, limit: Limit = 50, cursor: Cursor = None,
    who: Principal = requires("rooms:read"),
) -> Page[HouseRulesVersion]:  # fmt: skip
    """What the chain, or a branch, has set, newest first, and who did."""
    if branch_id is not None:
        await _must_see(tx, who, branch_id)
    rows, after = page(await store.page(tx, branch_id, after_number(cursor), limit + 1), limit, lambda row: row.version)
    return Page(items=[HouseRulesVersion.model_validate(row) for row in rows], next_cursor=after)


@house_rules.get("/branches/{branch_id}/house-rules")
async def show_branch(
    tx: Tx, branch_id: UUID, response: Response, who: Principal = requires("rooms:read")
) -> HouseRulesAnswer:
    """What holds in a branch, and where each value comes from."""
    await _must_see(tx, who, branch_id)
    return HouseRulesAnswer.model_validate(await _shown(tx, branch_id, response))


@house_rules.put("/branches/{branch_id}/house-rules")
async def put_branch(
    tx: Tx,
    branch_id: UUID,
    body: NewHouseRules,
    request: Request,
    response: Response,
    who: Principal = requires("rooms:inspect"),
) -> HouseRulesChanged:
    """Set a branch's own. A changed safety factor says what it did to sessions."""
    await _must_see(tx, who, branch_id)
    return await _put(tx, who, branch_id, body, request, response)


async def _put(
    tx: Transaction, who: Principal, branch_id: UUID | None, body: NewHouseRules, request: Request, response: Response
) -> HouseRulesChanged:
    result = await handlers.put(tx, who, branch_id, body.model_dump(), lambda version: check_if_match(request, version))
    return HouseRulesChanged.model_validate(await _shown(tx, branch_id, response) | result.lists())


async def _shown(tx: Transaction, branch_id: UUID | None, response: Response) -> dict[str, Any]:
    version = await store.newest(tx, branch_id)
    response.headers["ETag"] = etag(version)
    in_force = (await book(tx)).sources(branch_id)
    rules = {
        name: {"value": float(value) if name == "safety_factor" else value, "source": source}
        for name, (value, source) in in_force.items()
    }
    return {"branch_id": branch_id, "version": version, "rules": rules}


async def _must_see(tx: Transaction, who: Principal, branch_id: UUID) -> None:
    if not who.sees(branch_id) or await projections.branch(tx, branch_id) is None:
        raise NotFound("branch_not_found", "There is no such branch.")
