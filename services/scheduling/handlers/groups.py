"""Couples and groups: several clients at one time, each with a therapist and a room of their own, all or none."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Row

from services.scheduling.domain.appointment import ENDED, Status
from services.scheduling.domain.errors import WrongStatus
from services.scheduling.handlers import together
from services.scheduling.handlers.booking import Asked
from services.scheduling.handlers.desk import Reason, cancel_all
from services.scheduling.handlers.together import Place
from services.scheduling.store import groups as store
from shared.errors import NotFound
from shared.kit.auth import Principal
from shared.kit.database import Transaction

_CANNOT_BE_CANCELLED = ENDED | {Status.IN_PROGRESS}


async def ask(tx: Transaction, who: Principal, id: UUID, places: Sequence[Place]) -> list[Asked]:
    """Ask for every member's session, all or none; each goes the way of a single booking.

    Raises:
        Invalid: something named is unknown, or the start has passed; nothing is stored.
    """
    asked = await together.ask(tx, who, id, places)
    first = asked[0].appointment
    await store.insert(
        tx, {"id": id, "branch_id": first.branch_id, "starts_at": first.starts_at, "created_by": who.subject}
    )
    return asked


async def visible(tx: Transaction, who: Principal, id: UUID) -> Row[tuple[object, ...]]:
    """
    Raises:
        NotFound: there is none, or it lies in another branch.
    """
    row = await store.get(tx, id)
    if row is None or not who.sees(row.branch_id):
        raise NotFound("not_found", "There is no such group.")
    return row


async def cancel(tx: Transaction, who: Principal, id: UUID, reason: Reason, code: str | None) -> None:
    """Cancel every member that still can be, each by the policy it was booked under.

    Raises:
        NotFound: as `visible`.
        WrongStatus: there is nothing left to cancel.
    """
    await visible(tx, who, id)
    members = await store.lock_members(tx, id)
    left = [member for member in members if member.status not in _CANNOT_BE_CANCELLED and who.sees(member.branch_id)]
    if not left:
        raise WrongStatus("cancelled", members[0].status.value)
    await cancel_all(tx, left, reason, who.subject, code)
