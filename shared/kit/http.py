"""The HTTP edge, the same in every service: one ASGI layer and the error handlers around the routes."""

import math
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote_to_bytes

import structlog
from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from fastapi_offline import FastAPIOffline
from opentelemetry.trace import SpanKind
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.errors import CaibeiError, Invalid, TooLarge, TooMany
from shared.kit import problems, telemetry
from shared.kit.ids import new_id


class Problem:
    """What the OpenAPI document says of error answers."""

    schema: dict[str, Any] = {  # noqa: RUF012
        "type": "object",
        "required": ["type", "title", "status", "code"],
        "properties": {
            "type": {"type": "string", "format": "uri-reference"},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "detail": {"type": "string"},
            "code": {"type": "string", "description": "Stable; switch on this."},
            "trace_id": {"type": ["string", "null"]},
            "errors": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {
                        "pointer": {"type": "string", "description": "RFC 6901 pointer into the body."},
                        "parameter": {"type": "string"},
                        "code": {"type": "string"},
                        "detail": {"type": "string"},
                    },
                },
            },
        },
    }


def create_app(
    title: str,
    routers: list[APIRouter],
    *,
    version: str,
    lifespan: Any = None,
    max_body_bytes: int = 262_144,
    body_limits: Mapping[str, int] | None = None,
    requests_per_second: int = 2_000,
    description: str = "",
) -> FastAPI:
    """A FastAPI app with the kit's conventions; `service.build` fills its `app.state`."""
    # The pages at /docs with their scripts: a machine that reaches no other host shows them, too.
    app = FastAPIOffline(
        redoc_url=None,
        static_url="/docs/assets",
        title=title,
        version=version,
        description=description,
        lifespan=lifespan,
        redirect_slashes=False,
        separate_input_output_schemas=False,
    )
    for router in routers:
        app.include_router(router)
    for kind in (CaibeiError, HTTPException, RequestValidationError, Exception):
        app.add_exception_handler(kind, _answer)
    app.add_middleware(
        Edge, requests_per_second=requests_per_second, max_body_bytes=max_body_bytes, body_limits=body_limits or {}
    )
    app.openapi = lambda: _openapi(app)  # type: ignore[method-assign]
    return app


async def _answer(request: Request, error: Exception) -> Any:
    return problems.of_any(request, error)


def _openapi(app: FastAPI) -> dict[str, Any]:
    if app.openapi_schema is None:
        document = get_openapi(
            title=app.title,
            version=app.version,
            description=app.description,
            routes=app.routes,
            openapi_version="3.1.0",
        )
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        schemas["Problem"] = Problem.schema
        for unused in ("HTTPValidationError", "ValidationError"):
            schemas.pop(unused, None)
        document["components"]["securitySchemes"] = {
            "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
        }
        document["security"] = [{"bearer": []}]
        content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
        for operations in document.get("paths", {}).values():
            for operation in operations.values():
                operation["responses"].pop("422", None)
                operation["responses"]["default"] = {"description": "A problem (RFC 9457).", "content": content}
        app.openapi_schema = document
    return app.openapi_schema


class Edge:
    """Request id, trace, limits and metrics, in one pass: pure ASGI, because every layer costs each request."""

    def __init__(
        self, app: ASGIApp, requests_per_second: int, max_body_bytes: int, body_limits: Mapping[str, int]
    ) -> None:
        self._app = app
        self._max_body_bytes = max_body_bytes
        self._body_limits = body_limits
        self._limit = Limiter(requests_per_second)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        request_id = _request_id(headers.get(b"x-request-id", b""))
        started, status = time.perf_counter(), 500
        wait = self._limit.take(headers.get(b"authorization", b"") or _address(scope))
        extra = [
            (b"x-request-id", request_id.encode()),
            (b"x-content-type-options", b"nosniff"),
            *self._limit.header(wait),
        ]

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", []), *extra]
            await send(message)

        with (
            structlog.contextvars.bound_contextvars(request_id=request_id),
            telemetry.span("http", headers.get(b"traceparent", b"").decode("latin-1") or None, SpanKind.SERVER) as span,
        ):
            refusal = _over_the_limit(wait) or _unreadable(scope)
            if refusal:
                await problems.of(refusal)(scope, receive, answer)
            else:
                await self._app(scope, _limited(receive, self._body_limit(scope["path"])), answer)
            route = getattr(scope.get("route"), "path", "(none)")
            if span.is_recording():
                span.update_name(f"{scope['method']} {route}")
        telemetry.HTTP_SECONDS.labels(scope["method"], route, status).observe(time.perf_counter() - started)

    def _body_limit(self, path: str) -> int:
        """By path: a body is limited before a route is known."""
        return next((most for end, most in self._body_limits.items() if path.endswith(end)), self._max_body_bytes)


def _over_the_limit(wait: int) -> CaibeiError | None:
    return TooMany("rate_limited", "Too many requests from this client.", retry_after=wait) if wait else None


def _unreadable(scope: Scope) -> CaibeiError | None:
    """No text of ours holds a NUL or half a character: such an address is refused before anything is looked up."""
    try:
        text = (
            unquote_to_bytes(scope.get("raw_path") or b"").decode() + unquote_to_bytes(scope["query_string"]).decode()
        )
    except UnicodeDecodeError:
        return Invalid("invalid_input", "The path or query is not UTF-8.")
    return Invalid("invalid_input", "The path or query holds a NUL character.") if "\0" in text else None


def _limited(receive: Receive, limit: int) -> Receive:
    """`receive`, refusing a body once more than `limit` bytes have come (FastAPI's own 413 is no problem document)."""
    got = 0

    async def receive_limited() -> Message:
        nonlocal got
        message = await receive()
        got += len(message.get("body", b""))
        if got > limit:
            raise TooLarge("body_too_large", f"A body may have at most {limit} bytes.")
        return message

    return receive_limited


class Limiter:
    """A token bucket by caller: `rate` a second, `burst` at once (as many as `rate` without it). All is forgotten when
    there are too many callers."""

    def __init__(self, rate: float, burst: float | None = None) -> None:
        self._rate, self._burst = float(rate), float(rate if burst is None else burst)
        self._buckets: dict[bytes, tuple[float, float]] = {}

    def take(self, caller: bytes) -> int:
        """0 when the request may go on, else the seconds to wait."""
        now = time.monotonic()
        if len(self._buckets) > 10_000:
            self._buckets.clear()
        left, at = self._buckets.get(caller, (self._burst, now))
        left = min(self._burst, left + (now - at) * self._rate) - 1
        if left < 0:
            return max(1, math.ceil(-left / self._rate))
        self._buckets[caller] = (left, now)
        return 0

    def header(self, wait: int) -> list[tuple[bytes, bytes]]:
        policy = f'"default";q={int(self._rate)};w=1'.encode()
        return [(b"ratelimit-policy", policy), (b"ratelimit", b'"default";r=0;t=%d' % wait)] if wait else [
            (b"ratelimit-policy", policy)
        ]  # fmt: skip


def _request_id(sent: bytes) -> str:
    text = sent.decode("latin-1")
    return text if 0 < len(text) <= 128 and text.isascii() and text.isprintable() else str(new_id())


def _address(scope: Scope) -> bytes:
    client = scope.get("client")
    return client[0].encode() if client else b""
