"""Therapists with their shifts and time off, and clients."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Row

from services.scheduling.domain.appointment import Appointment
from services.scheduling.domain.errors import Unknown
from services.scheduling.domain.localtime import wall
from services.scheduling.handlers import waitlist
from services.scheduling.handlers.desk import cancel_in
from services.scheduling.handlers.saga import Step
from services.scheduling.recurrence import windows
from services.scheduling.settings import settings
from services.scheduling.store import appointments, holds, offers, people, places, saga, shifts, standings
from shared.errors import Invalid, NotFound
from shared.events.scheduling import (
    ClientChanged,
    ClientErased,
    ClientRegistered,
    TherapistChanged,
    TherapistRegistered,
)
from shared.kit.auth import Principal
from shared.kit.database import Transaction
from shared.kit.ids import new_id


async def check_branches(tx: Transaction, who: Principal, branch_ids: list[UUID]) -> None:
    """
    Raises:
        Unknown: one of them is not there for this caller.
    """
    unknown = await people.unknown_branches(tx, branch_ids)
    for index, branch_id in enumerate(branch_ids):
        if branch_id in unknown or not who.sees(branch_id):
            raise Unknown("branch", f"/branch_ids/{index}")


# --- therapists -----------------------------------------------------------------------------------------------------


async def add_therapist(tx: Transaction, who: Principal, values: dict[str, Any]) -> Row[Any]:
    await check_branches(tx, who, values["branch_ids"])
    row = await people.add_therapist(tx, values | {"id": new_id()})
    assert row is not None
    tx.announce(TherapistRegistered(**_therapist(row)))
    return row


async def change_therapist(tx: Transaction, who: Principal, row: Row[Any], values: dict[str, Any]) -> Row[Any]:
    await _keep_unseen_branches(tx, who, row, values)
    changed = await people.change_therapist(tx, row.id, values)
    assert changed is not None
    tx.announce(TherapistChanged(**_therapist(changed)))
    return changed


async def _keep_unseen_branches(tx: Transaction, who: Principal, row: Row[Any], values: dict[str, Any]) -> None:
    """A caller of some branches changes only whether somebody belongs to those."""
    if "branch_ids" in values:
        await check_branches(tx, who, values["branch_ids"])
        values["branch_ids"] = [*values["branch_ids"], *(id for id in row.branch_ids if not who.sees(id))]


async def visible_therapist(tx: Transaction, who: Principal, id: UUID, *, lock: bool = False) -> Row[Any]:
    """
    Raises:
        NotFound: there is none, or none of her branches is in the token.
    """
    row = await (people.lock_therapist if lock else people.get_therapist)(tx, id)
    if row is None or not who.sees_any(row.branch_ids):
        raise NotFound("not_found", "There is no such therapist.")
    return row


async def add_shift(
    tx: Transaction, who: Principal, therapist: Row[Any], branch_id: UUID, starts_at: datetime, ends_at: datetime,
    repeat: str | None,
) -> Row[Any]:  # fmt: skip
    """Store a shift by the branch's wall clock and lay it out to the horizon.

    Raises:
        Unknown: not a branch of hers. Invalid: it ends before it starts, lasts over 24 hours, or the rule is none.
    """
    branch = await places.get(tx, "branch", branch_id) if who.sees(branch_id) else None
    if branch is None or branch_id not in therapist.branch_ids:
        raise Unknown("branch", "/branch_id")
    if not timedelta() < ends_at - starts_at <= timedelta(hours=24):
        raise Invalid("invalid_interval", "A shift ends after it starts, within 24 hours.", pointer="/ends_at")
    zone, now = ZoneInfo(branch.timezone), await saga.now(tx)
    until = now + timedelta(days=settings().horizon_days)
    values = {
        "id": new_id(), "therapist_id": therapist.id, "branch_id": branch_id, "starts_local": wall(starts_at, zone),
        "ends_local": wall(ends_at, zone), "repeat": repeat, "expanded_until": until,
    }  # fmt: skip
    after = starts_at - timedelta(seconds=1) if repeat is None else now - timedelta(days=2)
    found = windows(
        values["starts_local"], values["ends_local"], repeat, zone, after, max(until, starts_at)
    )  # fmt: skip
    return await shifts.add(tx, values, found)


async def add_time_off(
    tx: Transaction, therapist_id: UUID, starts_at: datetime, ends_at: datetime, reason: str
) -> Row[Any]:  # fmt: skip
    if ends_at <= starts_at:
        raise Invalid("invalid_interval", "Time off ends after it starts.", pointer="/ends_at")
    return await shifts.add_time_off(tx, new_id(), therapist_id, starts_at, ends_at, reason)


def _therapist(row: Row[Any]) -> dict[str, Any]:
    return {"therapist_id": row.id, "version": row.version, "branch_ids": row.branch_ids, "active": row.active}


# --- clients --------------------------------------------------------------------------------------------------------


async def add_client(tx: Transaction, who: Principal, values: dict[str, Any]) -> Row[Any]:
    await check_branches(tx, who, values["branch_ids"])
    row = await people.add_client(tx, values | {"id": new_id()})
    tx.announce(ClientRegistered(client_id=row.id, version=row.version, branch_ids=row.branch_ids))
    return row


async def change_client(tx: Transaction, who: Principal, row: Row[Any], values: dict[str, Any]) -> Row[Any]:
    await _keep_unseen_branches(tx, who, row, values)
    changed = await people.change_client(tx, row.id, values)
    tx.announce(ClientChanged(client_id=row.id, version=changed.version, branch_ids=changed.branch_ids))
    return changed


async def visible_client(tx: Transaction, who: Principal, id: UUID, *, lock: bool = False) -> Row[Any]:
    """
    Raises:
        NotFound: there is none, none of their branches is in the token, or they were erased.
    """
    row = await people.get_client(tx, id, lock=lock)
    if row is None or not who.sees_any(row.branch_ids):
        raise NotFound("not_found", "There is no such client.")
    return row


async def to_erase(tx: Transaction, who: Principal, id: UUID) -> Row[Any]:
    """The client, locked; the line is taken before: whoever hands on waits for nobody who waits for the line.

    Raises:
        NotFound: as `visible_client`.
    """
    await offers.take_line(tx)
    return await visible_client(tx, who, id, lock=True)


async def erase_client(tx: Transaction, who: Principal, id: UUID) -> None:
    """Nothing personal stays; what is still to come is cancelled; every other service erases when it hears of it.
    They are `to_erase`."""
    step = Step(tx, who.subject)
    live: list[Appointment] = await appointments.lock_live_of_client(tx, id)
    for appointment in live:
        cancel_in(step, appointment, "erased")
    await step.finish()
    await holds.release_of_client(tx, id)
    await standings.forget(tx, id)
    await waitlist.forget_client(tx, id, who.subject)
    version = await people.erase_client(tx, id)
    tx.announce(ClientErased(client_id=id, version=version))
