"""The unit of work of one request: one transaction, committed before the answer is sent.

A route that takes `Tx` gets it; the kit commits when the route returns and rolls back when it raises. A route that must
commit and then wait (a booking) takes `Unit` and calls `commit()` itself.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from fastapi.routing import APIRoute
from sqlalchemy.exc import IntegrityError
from starlette.types import Message

from shared.errors import CaibeiError, Invalid, Refused
from shared.kit import idempotency, problems
from shared.kit.auth import Principal
from shared.kit.body import StrictRequest
from shared.kit.database import RETRYABLE, Database, Transaction, sqlstate
from shared.kit.idempotency import Codec, Scope

_ATTEMPTS = 3
_KEPT_HEADERS = ("location", "etag", "content-type")


class UnitOfWork:
    """Opened lazily: a request that touches no table takes no connection.

    Attributes:
        replayed: set when this POST came before and its answer is a resource's present state.
        subject_id: set by a route whose stored answer is to be sealed with this person's key.
    """

    def __init__(self, database: Database, codec: Codec, scope: Scope | None, body: bytes) -> None:
        self._database = database
        self._codec = codec
        self._scope = scope
        self._body = body
        self._open: AbstractAsyncContextManager[Transaction] | None = None
        self._tx: Transaction | None = None
        self._stored = False
        self.replayed: UUID | None = None
        self.subject_id: UUID | None = None
        self.principal: Principal | None = None

    async def begin(self) -> Transaction:
        """The transaction, begun now or before."""
        if self._tx is None:
            opened = self._database.transaction()
            self._tx = await opened.__aenter__()
            self._open = opened  # only now: what never began cannot be rolled back
        return self._tx

    @asynccontextmanager
    async def statements(self) -> AsyncIterator[Transaction]:
        """For a route whose every statement is whole by itself: one connection, each statement its own transaction.

        With an Idempotency-Key it is the unit's transaction after all: the key's record belongs to the effect.
        """
        if self._scope is not None or self._tx is not None:
            yield await self.begin()
        else:
            async with self._database.statements() as tx:
                yield tx

    async def commit(self, resource_id: UUID | None = None) -> None:
        """Commit now; what follows is a new transaction. A repeat of this POST will name `resource_id`."""
        if resource_id is not None and self._scope is not None and not self._stored:
            await self._store(resource_id=resource_id)
        if self._open is not None:
            opened, self._open, self._tx = self._open, None, None
            await opened.__aexit__(None, None, None)

    async def rollback(self, error: BaseException) -> None:
        if self._open is not None:
            opened, self._open, self._tx = self._open, None, None
            try:
                await opened.__aexit__(type(error), error, error.__traceback__)
            except BaseException as raised:
                if raised is not error:
                    raise

    async def first_answer(self) -> Response | None:
        """The stored answer of the first request with this key, if it is stored whole."""
        if self._scope is None:
            return None
        try:
            record = await idempotency.begin(await self.begin(), self._scope, self._body, self._codec)
        except CaibeiError:
            self._stored = True  # a refusal of the key is not the key's answer
            raise
        if record is None:
            return None
        self._stored = True
        if record.resource_id is not None:
            self.replayed = record.resource_id
            return None
        response = Response(record.body or b"", record.status or 200, headers=record.headers)
        response.headers["Idempotent-Replayed"] = "true"
        return response

    async def store(self, response: Response) -> None:
        """Keep the answer with its effect. Answers of 500 and above are not kept: the next try may do better."""
        if self._scope is None or self._stored or response.status_code >= 500:
            return
        headers = {name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers}
        await self._store(status=response.status_code, headers=headers, body=bytes(response.body))

    async def _store(self, **answer: Any) -> None:
        assert self._scope is not None
        fingerprint = self._codec.fingerprint(self._body)
        tx = await self.begin()
        await idempotency.finish(tx, self._scope, fingerprint, self._codec, subject_id=self.subject_id, **answer)
        self._stored = True


class TransactionalRoute(APIRoute):
    """Runs its endpoint inside a unit of work and turns what it raises into a problem document."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        endpoint = super().get_route_handler()
        route = f"{'/'.join(sorted(self.methods or ()))} {self.path_format}"

        async def handle(request: Request) -> Response:
            body = await request.body()
            for attempt in range(1, _ATTEMPTS + 1):
                try:
                    return await _once(StrictRequest(request.scope, _again(body)), endpoint, route, body)
                except Exception as error:
                    again = sqlstate(error) in RETRYABLE or (isinstance(error, IntegrityError) and attempt == 1)
                    if not again or attempt == _ATTEMPTS:
                        return problems.of_any(request, error)
                await asyncio.sleep(random.uniform(0.002, 0.02) * attempt)
            raise AssertionError("unreachable")

        return handle


async def _once(
    request: Request, endpoint: Callable[[Request], Coroutine[Any, Any, Response]], route: str, body: bytes
) -> Response:
    state = request.app.state
    scope = await _scope(request, route)
    unit = UnitOfWork(state.database, state.codec, scope, _asked(request, body))
    request.state.unit = unit
    try:
        stored = await unit.first_answer()
        if stored is not None:
            await unit.commit()
            return stored
        response = await endpoint(request)
        if unit.replayed is not None:
            response.headers["Idempotent-Replayed"] = "true"
        await unit.store(response)
        await unit.commit()
        return response
    except CaibeiError as error:
        await unit.rollback(error)
        response = problems.of(error)
        if scope is not None and isinstance(error, Refused) and error.code != "idempotency_in_progress":
            await _keep_refusal(unit, scope, response)
        return response
    except BaseException as error:
        await unit.rollback(error)
        raise


def _asked(request: Request, body: bytes) -> bytes:
    """What a repeat must repeat: `?dry_run=true` and the same without it are two requests."""
    query: bytes = request.scope["query_string"]
    return body + b"\0?" + query if query else body


async def _keep_refusal(unit: UnitOfWork, scope: Scope, response: Response) -> None:
    """A refusal changed nothing, but a repeat of the request gets the same one."""
    tx = await unit.begin()
    try:
        if await tx.scalar("SELECT pg_try_advisory_xact_lock(CAST(:lock AS bigint))", {"lock": scope.lock}):
            await unit.store(response)
        await unit.commit()
    except BaseException as error:
        await unit.rollback(error)
        raise


async def _scope(request: Request, route: str) -> Scope | None:
    key = request.headers.get("idempotency-key")
    if key is None or request.method != "POST":
        return None
    if not 1 <= len(key) <= idempotency.MAX_KEY or not key.isprintable():
        raise Invalid("idempotency_key_invalid", "An Idempotency-Key has 1 to 255 printable characters.")
    who: Principal = await request.app.state.authenticator(request)
    path = request.url.path if request.path_params else ""
    return Scope(f"{who.issuer} {who.client_id}", f"{route} {path}".strip(), key, who.scopes, who.branches,
                 who.subject)  # fmt: skip


def _again(body: bytes) -> Callable[[], Coroutine[Any, Any, Message]]:
    """The body, to be received once more."""

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


async def _unit(request: Request) -> UnitOfWork:
    unit: UnitOfWork = request.state.unit
    return unit


async def _tx(request: Request) -> Transaction:
    unit: UnitOfWork = request.state.unit
    return await unit.begin()


Unit = Annotated[UnitOfWork, Depends(_unit)]
Tx = Annotated[Transaction, Depends(_tx)]


def router(prefix: str, *tags: str) -> APIRouter:
    """An APIRouter whose routes each run in one transaction."""
    return APIRouter(prefix=prefix, tags=list(tags), route_class=TransactionalRoute)
