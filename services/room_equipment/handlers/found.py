"""Things by id, for this caller: what lies in another branch looks as if it were not there."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from services.room_equipment.store import bars, projections, rooms
from shared.errors import Forbidden, Invalid, NotFound
from shared.kit.auth import Principal
from shared.kit.database import Transaction
from shared.kit.unit import UnitOfWork

WAIT_SECONDS = 2.0  # rules: Saga: a reference that is not known yet is waited for


async def room(tx: Transaction, who: Principal, id: UUID) -> Row[Any]:
    row = await rooms.get(tx, id)
    if row is None or not who.sees(row.branch_id):
        raise NotFound("room_not_found", "There is no such room.")
    return row


async def target_room(tx: Transaction, who: Principal, id: UUID) -> Row[Any]:
    """The room a body names.

    Raises:
        Invalid: `unknown_room`.
    """
    row = await rooms.get(tx, id)
    if row is None or not who.sees(row.branch_id):
        raise Invalid("unknown_room", "There is no such room.", pointer="/room_id")
    return row


async def bar(tx: Transaction, who: Principal, id: UUID) -> Row[Any]:
    row = await bars.get(tx, id)
    if row is None or not who.sees(row.branch_id):
        raise NotFound("bar_not_found", "There is no such bar.")
    return row


async def locked_bar(tx: Transaction, who: Principal, id: UUID) -> tuple[Row[Any], Sequence[Row[Any]], datetime]:
    """The bar, all rooms of its branch locked, and the moment from which a change counts."""
    seen = await bar(tx, who, id)
    locked = await rooms.lock(tx, [seen.branch_id])
    moment = await rooms.moment(tx, [row.id for row in locked])
    row = await bar(tx, who, id)
    if row.branch_id != seen.branch_id:  # moved to another branch while we waited for its rooms
        return await locked_bar(tx, who, id)
    return row, locked, moment


def check_scopes(who: Principal, needed: set[str]) -> None:
    """Whether this caller may change a room or bar so. What changes nothing still makes a version: no reader's.

    Raises:
        Forbidden
    """
    missing = needed - who.scopes
    if not needed and who.scopes.isdisjoint(("rooms:write", "rooms:inspect")):
        missing = {"rooms:write"}
    if missing:
        raise Forbidden("insufficient_scope", f"This needs {', '.join(sorted(missing))}.", required=sorted(missing))


def must_be_of_the_chain(who: Principal) -> None:
    """What holds for every branch is set by those who see every branch.

    Raises:
        Forbidden
    """
    if who.branches is not None:
        raise Forbidden("chain_token_required", "This is the whole chain's: it needs a token for every branch.")


async def timezone(tx: Transaction, branch_id: UUID) -> str:
    row = await projections.branch(tx, branch_id)
    return str(row.timezone) if row else "UTC"


async def known(
    unit: UnitOfWork, read: Callable[[Transaction, UUID], Awaitable[Row[Any] | None]], id: UUID, noun: str
) -> Row[Any]:
    """Another service's aggregate, waited for without holding a connection.

    Raises:
        Invalid: `unknown_<noun>`, pointing at `/<noun>_id`, when it has not been heard of after 2 s.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + WAIT_SECONDS
    while True:
        row = await read(await unit.begin(), id)
        if row is not None:
            return row
        if loop.time() >= deadline:
            raise unknown(noun)
        await unit.commit()
        await asyncio.sleep(0.05)


def unknown(noun: str) -> Invalid:
    """Not there, or not for this caller: the same words."""
    return Invalid(f"unknown_{noun}", f"There is no such {noun}.", pointer=f"/{noun}_id")
