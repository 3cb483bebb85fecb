"""`/v1/api-clients`: who may ask for tokens, with which scopes, for which branches."""

from datetime import timedelta
from typing import Annotated

from fastapi import Path, Response

from services.identity import handlers, store
from services.identity.domain.api_clients import Reach
from services.identity.schemas import ApiClientAnswer, ApiClientWithSecret, NewApiClient, Rotation
from shared.kit.auth import Principal, requires
from shared.kit.paging import Cursor, Limit, Page, number, page
from shared.kit.unit import Tx, router

api_clients = router("/v1/api-clients", "api clients")
ClientId = Annotated[str, Path(max_length=128)]
MANAGE = requires("identity:manage")


@api_clients.post("", status_code=201)
async def create(tx: Tx, body: NewApiClient, response: Response, who: Principal = MANAGE) -> ApiClientWithSecret:
    """Make one. The secret is in this answer and never in another; scopes and branches are at most your own."""
    reach = Reach(scopes=frozenset(body.scopes), branches=frozenset(str(branch) for branch in body.branches))
    row, secret = await handlers.create(tx, who, body.name, reach, body.therapist_id)
    response.headers["Location"] = f"/v1/api-clients/{row.client_id}"
    return _with_secret(ApiClientAnswer.model_validate(row), secret)


@api_clients.get("")
async def list_clients(
    tx: Tx, limit: Limit = 50, cursor: Cursor = None, who: Principal = MANAGE
) -> Page[ApiClientAnswer]:
    """Those whose branches are all among your own, in the order they were made; revoked ones too."""
    rows, after = page(
        await store.page(tx, who.branch_list, number(cursor) or 0, limit + 1), limit, lambda row: row.seq
    )
    return Page(items=[ApiClientAnswer.model_validate(row) for row in rows], next_cursor=after)


@api_clients.get("/{client_id}")
async def show(tx: Tx, client_id: ClientId, who: Principal = MANAGE) -> ApiClientAnswer:
    """One of them; never its secret."""
    return ApiClientAnswer.model_validate(await handlers.visible(tx, who, client_id))


@api_clients.post("/{client_id}/rotate")
async def rotate(
    tx: Tx, client_id: ClientId, body: Rotation | None = None, who: Principal = MANAGE
) -> ApiClientWithSecret:
    """A new secret, said only now. `overlap_minutes` lets the one before in while its holder changes over."""
    overlap = timedelta(minutes=body.overlap_minutes if body else 0)
    row, secret = await handlers.rotate(tx, who, client_id, overlap)
    return _with_secret(ApiClientAnswer.model_validate(row), secret)


@api_clients.post("/{client_id}/revoke")
async def revoke(tx: Tx, client_id: ClientId, who: Principal = MANAGE) -> ApiClientAnswer:
    """No more tokens for it, for good. Those it holds end within ten minutes."""
    return ApiClientAnswer.model_validate(await handlers.revoke(tx, who, client_id))


def _with_secret(client: ApiClientAnswer, secret: str) -> ApiClientWithSecret:
    return ApiClientWithSecret.model_construct(**client.model_dump(), client_secret=secret)
