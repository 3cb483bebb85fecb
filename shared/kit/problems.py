"""Problem documents (RFC 9457): the one shape of every error answer, and the one place that chooses the status."""

from typing import Any

import orjson
from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import IntegrityError
from starlette.exceptions import HTTPException

from shared import errors
from shared.kit import logging, telemetry
from shared.kit.database import is_away

log = logging.get(__name__)

STATUS: dict[type[errors.CaibeiError], tuple[int, str]] = {
    errors.Invalid: (422, "The input is not valid"),
    errors.Unauthenticated: (401, "A valid access token is needed"),
    errors.Forbidden: (403, "Not allowed"),
    errors.NotFound: (404, "Not found"),
    errors.Refused: (409, "Refused"),
    errors.PreconditionFailed: (412, "Changed meanwhile"),
    errors.TooLarge: (413, "Too large"),
    errors.PreconditionRequired: (428, "If-Match is needed"),
    errors.TooMany: (429, "Too many requests"),
    errors.Unavailable: (503, "Temporarily unavailable"),
}
_PLAIN = {400: "malformed_request", 401: "unauthenticated", 403: "forbidden", 404: "not_found",
          405: "method_not_allowed", 413: "body_too_large", 415: "unsupported_media_type"}  # fmt: skip
TYPE = "https://caibei.example/problems/"
MEDIA_TYPE = "application/problem+json"


def problem(status: int, title: str, code: str, detail: str, **extra: Any) -> Response:
    """A problem document. `extra` become members of it."""
    body = {"type": TYPE + code, "title": title, "status": status, "detail": detail, "code": code}
    body |= {"trace_id": telemetry.trace_id()} | extra
    content = orjson.dumps(body, default=str, option=orjson.OPT_UTC_Z)
    return Response(content, status, media_type=MEDIA_TYPE)


def of(error: errors.CaibeiError) -> Response:
    """The problem document of a named refusal."""
    status, title = next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)
    extra = dict(error.extra)
    if isinstance(error, errors.Invalid):
        extra.setdefault("errors", [{"pointer": error.pointer, "code": error.code, "detail": error.detail}])
    response = problem(status, title, error.code, error.detail, **extra)
    if isinstance(error, (errors.Unavailable, errors.TooMany)):
        response.headers["Retry-After"] = str(error.retry_after)
    if isinstance(error, errors.Unauthenticated):
        response.headers["WWW-Authenticate"] = f'Bearer error="{error.code}"'
    return response


def of_validation(error: RequestValidationError) -> Response:
    """422 with a JSON pointer for each thing wrong; 400 for a body that is no JSON. Values are never echoed."""
    found = error.errors()
    if any(e["type"] == "json_invalid" for e in found):
        detail = str(found[0].get("ctx", {}).get("error", "not JSON"))
        return problem(
            400, "Malformed JSON", "malformed_json", f"The body is not JSON: {detail}.",
            errors=[{"pointer": "", "code": "malformed_json", "detail": detail}],
        )  # fmt: skip
    items = []
    for e in found:
        place, *path = e["loc"]
        item: dict[str, Any] = {
            "pointer": pointer(path) if place == "body" else "",
            "code": e["type"],
            "detail": e["msg"],
        }
        if place != "body":
            item["parameter"] = f"{place}:{'.'.join(map(str, path))}"
        items.append(item)
    first = items[0]
    where = first.get("parameter") or first["pointer"] or "the body"
    return problem(422, "The input is not valid", "invalid_input", f"{where}: {first['detail']}", errors=items)


def pointer(path: list[Any]) -> str:
    """RFC 6901, from the parts of a path."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)


def of_any(request: Request, error: Exception) -> Response:
    """The answer to whatever was raised. What nobody named is a 500 that says nothing of its cause."""
    if isinstance(error, errors.CaibeiError):
        return of(error)
    if isinstance(error, RequestValidationError):
        return of_validation(error)
    if isinstance(error, HTTPException):
        code = _PLAIN.get(error.status_code, "error")
        response = problem(error.status_code, str(error.detail), code, str(error.detail))
        response.headers.update(error.headers or {})
        return response
    if is_away(error):
        return of(errors.Unavailable("database_unavailable", "The database is away; try again shortly."))
    if isinstance(error, IntegrityError):
        log.warning("constraint refused", sqlstate=getattr(error.orig, "sqlstate", None), path=_told(request))
        return of(errors.Refused("conflict", "Another change got there first. Read again, then retry."))
    log.error(
        "unexpected error", path=_told(request), error=type(error).__name__, exc_info=logging.without_values(error)
    )
    return problem(500, "Unexpected error", "internal_error", "Something went wrong here; it has been logged.")


def _told(request: Request) -> str:
    """The path, for a log. A link's token opens what it is for to everybody who reads it, so it is left out."""
    token = request.path_params.get("token")
    return request.url.path.replace(token, "{token}") if token else request.url.path
