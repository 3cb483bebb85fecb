"""`POST /oauth/token` (RFC 6749) and what is well known about this issuer (RFC 8414, OpenID Connect Discovery)."""

from typing import Any

import orjson
from fastapi import APIRouter, Request, Response

from services.identity import handlers, tokens
from services.identity.domain.errors import TokenRefused
from services.identity.domain.scopes import SCOPES
from services.identity.oauth import FORM, read
from services.identity.schemas import TokenAnswer
from shared.kit import logging

log = logging.get(__name__)
oauth = APIRouter(tags=["tokens"])
_NOT_KEPT = {"Cache-Control": "no-store", "Pragma": "no-cache"}
_FORM_DOC: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            FORM: {
                "schema": {
                    "type": "object",
                    "required": ["grant_type"],
                    "properties": {
                        "grant_type": {"const": "client_credentials"},
                        "client_id": {"type": "string", "description": "Or Basic authentication."},
                        "client_secret": {"type": "string", "format": "password"},
                        "scope": {"type": "string", "description": "Space-separated; all of the client's if absent."},
                    },
                }
            }
        },
    },
    "security": [],
}


@oauth.post("/oauth/token", response_model=TokenAnswer, openapi_extra=_FORM_DOC)
async def token(request: Request) -> Response:
    """An access token for client credentials. Errors are RFC 6749's: `{"error", "error_description"}`.

    After five failures in a row from one address: 429 with `Retry-After`, at first 1 s, at most 5 min.
    """
    state = request.app.state
    authorization = request.headers.get("authorization")
    try:
        asked = read(request.headers.get("content-type", ""), authorization, await request.body())
    except TokenRefused as refused:
        return _refusal(refused, authorization)
    async with state.database.transaction() as tx:
        outcome = await handlers.prove(tx, asked, request.client.host if request.client else "")
    if isinstance(outcome, TokenRefused):
        log.info("token refused", error=outcome.code, status=outcome.status)
        return _refusal(outcome, authorization)
    answer = tokens.issue(
        outcome,
        state.signing_keys,
        issuer=_issuer(request),
        audience=state.common.oidc_audience,
        seconds=state.settings.token_seconds,
    )
    return Response(answer.model_dump_json(), media_type="application/json", headers=_NOT_KEPT)


def _refusal(refused: TokenRefused, authorization: str | None) -> Response:
    body = orjson.dumps({"error": refused.code, "error_description": refused.detail})
    response = Response(body, refused.status, media_type="application/json", headers=_NOT_KEPT)
    if refused.status == 401 and authorization is not None:
        response.headers["WWW-Authenticate"] = 'Basic realm="caibei"'
    if refused.retry_after is not None:
        response.headers["Retry-After"] = str(refused.retry_after)
    return response


@oauth.get("/.well-known/openid-configuration")
@oauth.get("/.well-known/oauth-authorization-server", include_in_schema=False)
async def metadata(request: Request) -> dict[str, Any]:
    """Where everything is."""
    issuer = _issuer(request)
    return {
        "issuer": issuer,
        "token_endpoint": f"{issuer}/oauth/token",
        "jwks_uri": f"{issuer}/.well-known/jwks.json",
        "grant_types_supported": ["client_credentials"],
        "response_types_supported": [],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "scopes_supported": list(SCOPES),
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256"],
    }


@oauth.get("/.well-known/jwks.json")
async def jwks(request: Request, response: Response) -> dict[str, list[dict[str, str]]]:
    """The public keys that verify this issuer's tokens (RFC 7517)."""
    response.headers["Cache-Control"] = "public, max-age=300"
    keys: dict[str, list[dict[str, str]]] = request.app.state.signing_keys.jwks
    return keys


def _issuer(request: Request) -> str:
    url: str = request.app.state.common.identity_url
    return url.rstrip("/")
