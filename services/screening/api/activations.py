"""Activating a version, trying it, and following the re-run: `/v1/protocol-activations`."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Query, Request, Response

from services.screening.api.parameters import place_of
from services.screening.handlers.activate import activate as activate_version
from services.screening.handlers.activate import dry_run as try_version
from services.screening.protocol_schemas import ActivationAnswer, ChangedClient, NewActivation
from services.screening.store import activations as store
from shared.kit.auth import Principal, requires
from shared.kit.paging import Cursor, Limit, Page, page
from shared.kit.unit import Tx, router

activations = router("/v1", "protocols")
READ = requires("screening:read")


@activations.post("/protocols/{name}/versions/{version}/activate", status_code=202)
async def activate(
    tx: Tx,
    request: Request,
    response: Response,
    name: str,
    version: int,
    body: NewActivation,
    dry_run: Annotated[bool, Query(description="Only count what would change.")] = False,
    who: Principal = requires("screening:protocols"),
) -> ActivationAnswer:
    """Ask this version from a moment on, and re-run the standing decisions in the background.

    With `dry_run` nothing is asked and nothing changes; the run counts who would change, both ways.
    """
    if dry_run:
        row = await try_version(tx, who, name, version, reason=body.reason)
    else:
        row = await activate_version(tx, who, name, version, active_from=body.active_from, reason=body.reason)
    if (work := request.app.state.rescreening) is not None:
        tx.after_commit(work.wake)
    response.headers["Location"] = f"/v1/protocol-activations/{row.id}"
    return ActivationAnswer.model_validate(row)


@activations.get("/protocol-activations")
async def list_activations(
    tx: Tx,
    protocol: Annotated[str | None, Query(max_length=100)] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    _: Principal = READ,
) -> Page[ActivationAnswer]:
    """Activations and dry runs, newest first."""
    found = await store.page(tx, protocol, place_of(cursor), limit + 1)
    rows, after = page(found, limit, lambda row: row.id)
    return Page(items=[ActivationAnswer.model_validate(row) for row in rows], next_cursor=after)


@activations.get("/protocol-activations/{id}")
async def show(tx: Tx, id: UUID, _: Principal = READ) -> ActivationAnswer:
    """How far the re-run has come, and how many changed each way: counts of the whole chain."""
    return ActivationAnswer.model_validate(await store.get(tx, id))


@activations.get("/protocol-activations/{id}/clients")
async def changed(
    tx: Tx,
    id: UUID,
    direction: Literal["to_stricter", "to_milder", "needs_new_answers"] | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    who: Principal = READ,
) -> Page[ChangedClient]:
    """Whose standing changed and which way, among the clients of the caller's branches; never why."""
    await store.get(tx, id)
    found: Any = await store.changed_clients(tx, id, who.branch_list, direction, place_of(cursor), limit + 1)
    rows, after = page(found, limit, lambda row: row.client_id)
    return Page(items=[ChangedClient.model_validate(row) for row in rows], next_cursor=after)
