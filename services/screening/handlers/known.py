"""Waiting for what another service has already said: its event may still be on the way."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar
from uuid import UUID

from services.screening.domain.errors import ClientNotFound, UnknownReference
from services.screening.store import clients
from services.screening.store.clients import Client
from shared.kit.auth import Principal
from shared.kit.database import Transaction
from shared.kit.unit import UnitOfWork

T = TypeVar("T")

WAIT_SECONDS = 2.0  # rules: Saga, "waited for up to 2 s"
_PAUSES = (0.02, 0.03, 0.05, 0.1)


async def awaited(unit: UnitOfWork, find: Callable[[Transaction], Awaitable[T | None]], what: str, field: str) -> T:
    """What `find` gives, asking again for up to 2 s. No connection is held between two tries.

    Raises:
        UnknownReference: it is still not known.
    """
    loop = asyncio.get_running_loop()
    deadline, tries = loop.time() + WAIT_SECONDS, 0
    while True:
        found = await find(await unit.begin())
        if found is not None:
            return found
        if loop.time() >= deadline:
            raise UnknownReference(what, field)
        await unit.commit()
        await asyncio.sleep(_PAUSES[min(tries, len(_PAUSES) - 1)])
        tries += 1


async def locked_client(unit: UnitOfWork, who: Principal, id: UUID) -> Client:
    """The client named in a body, locked, and seen by the caller.

    Raises:
        UnknownReference: nobody has this id, or the person was erased.
        ClientNotFound: the client is in another branch.
    """
    client = await awaited(unit, lambda tx: clients.lock(tx, id), "client", "client_id")
    if not who.sees_any(client.branch_ids):
        raise ClientNotFound
    unit.subject_id = id
    return client
