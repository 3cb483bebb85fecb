"""Holds: a therapist's time kept for somebody who is still deciding, by the clock of the database (ADR 0018).

A hold keeps no room: rooms are for people who have booked, and for those whose room was lost.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from services.scheduling.domain import errors
from services.scheduling.domain.errors import HoldExpired, StartsInThePast, TooManyHolds
from services.scheduling.domain.localtime import wall
from services.scheduling.handlers.availability import nearest
from services.scheduling.handlers.booking import Asked, Wish, check_known, draft, instant_of, judge, refuse, row_of
from services.scheduling.handlers.facts import requested
from services.scheduling.settings import settings
from services.scheduling.store import booking
from services.scheduling.store import holds as store
from services.scheduling.store.booking import Ground
from shared.errors import Invalid, NotFound, Refused
from shared.kit.auth import Principal
from shared.kit.database import Transaction

NOBODY = UUID(int=0)


def holder(who: Principal) -> str:
    """Whose quota a hold counts against."""
    return f"{who.issuer} {who.client_id}"


async def place(tx: Transaction, who: Principal, id: UUID, wish: Wish, minutes: int | None) -> Row[Any]:
    """Keep a therapist's time for some minutes. `wish.client_id` may be NOBODY.

    Raises:
        Invalid: something named is unknown, the start has passed, or the time asked for is too long.
        SlotRefused: by the rules a booking is judged by; with free slots near the wish.
        TooManyHolds: for this API client, or for this client.
    """
    if minutes is not None and minutes > settings().hold_longest_minutes:
        longest = f"A hold lasts at most {settings().hold_longest_minutes} minutes."
        raise Invalid("hold_too_long", longest, pointer="/minutes")
    client_id = None if wish.client_id == NOBODY else wish.client_id
    starts_at, local_time = await instant_of(tx, who, wish)
    found = await _ground(tx, who, id, wish, starts_at)
    check_known(who, wish.branch_id, found if client_id is not None else replace(found, client_known=True))
    _check_start(starts_at, found.now, "/starts_at" if wish.starts_at else "/starts_at_local")
    if local_time is not None:
        raise local_time
    order, code = judge(found, id, starts_at, wish.therapist_id)
    await _check_quota(tx, who, client_id)
    values = {
        "id": id, "branch_id": wish.branch_id, "treatment_id": wish.treatment_id, "client_id": client_id,
        "therapist_named": wish.therapist_id is not None, "room_id": wish.room_id, "starts_at": starts_at,
        "ends_at": found.ends_at, "held_by": holder(who), "minutes": minutes or settings().hold_minutes,
        "starts_local": wall(starts_at, found.zone),
    }  # fmt: skip
    for therapist_id in order:
        row = await store.place(tx, values | {"therapist_id": therapist_id})
        if row is not None:
            return row
    near = await nearest(tx, wish.treatment_id, wish.branch_id, starts_at)
    raise errors.SlotNotFree(code, [offer.json() for offer in near])


async def _check_quota(tx: Transaction, who: Principal, client_id: UUID | None) -> None:
    live = await store.live(tx, holder(who), client_id)
    if live.held >= settings().holds_per_api_client:
        raise TooManyHolds("this API client", live.held, live.held_to - live.now)
    if live.for_client >= settings().holds_per_client:
        raise TooManyHolds("this client", live.for_client, live.for_client_to - live.now)


def _check_start(starts_at: datetime, now: datetime, pointer: str) -> None:
    if starts_at < now - timedelta(minutes=settings().past_grace_minutes):
        raise StartsInThePast(pointer)


async def visible(tx: Transaction, who: Principal, id: UUID, *, lock: bool = False) -> Row[Any]:
    """
    Raises:
        NotFound: there is none, or it lies in another branch.
    """
    row = await store.get(tx, id, lock=lock)
    if row is None or not who.sees(row.branch_id):
        raise NotFound("not_found", "There is no such hold.")
    return row


def state(row: Row[Any]) -> str:
    """`held`, `confirmed`, `released` or `expired`, by the clock of the database when the row was read."""
    return "expired" if row.state == "held" and row.expires_at <= row.now else str(row.state)


async def release(tx: Transaction, who: Principal, id: UUID) -> None:
    """Give it up. One that has expired or was released already is no error.

    Raises:
        Refused: `hold_confirmed`: it is a booking now, which is cancelled, not released.
    """
    row = await visible(tx, who, id, lock=True)
    _check_not_booked(row)
    await store.release(tx, [id])


def _check_not_booked(row: Row[Any]) -> None:
    if row.state == "confirmed":
        raise Refused("hold_confirmed", "This hold is a booking now; see the appointment.", appointment_id=str(row.id))


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmation:
    """What a hold still lacks to be a booking."""

    client_id: UUID | None = None
    room_id: UUID | None = None
    room_flexible: bool = True
    notes: str | None = None


async def confirm(tx: Transaction, who: Principal, id: UUID, said: Confirmation) -> Asked:
    """The hold becomes a request with its own id, judged again, and goes the way of every booking.

    Raises:
        HoldExpired: it ended, by the clock of the database; with free slots near it.
        Refused: `hold_confirmed`. Invalid: no client, another client than it was held for, or something unknown.
    """
    row = await visible(tx, who, id, lock=True)
    _check_not_booked(row)
    if state(row) != "held":
        raise await _expired(tx, row)
    wish = Wish(
        branch_id=row.branch_id, treatment_id=row.treatment_id, client_id=_client(row, said), starts_at=row.starts_at,
        therapist_id=row.therapist_id, room_id=said.room_id or row.room_id, room_flexible=said.room_flexible,
        notes=said.notes,
    )  # fmt: skip
    found = await _ground(tx, who, id, wish, row.starts_at, (row.ends_at - row.starts_at) // timedelta(minutes=1))
    check_known(who, row.branch_id, found)
    _check_start(row.starts_at, found.now, "")
    appointment = draft(id, wish, row.starts_at, found)
    appointment.therapist_named = row.therapist_named
    values = row_of(appointment, wish, who, found)
    order, code = judge(found, id, row.starts_at, row.therapist_id)
    if order:
        tx.announce(requested(appointment))
        if not await store.book(tx, values):
            raise await _expired(tx, row)
    else:
        await store.release(tx, [id])
        await refuse(tx, appointment, values, code)
    return Asked(appointment, found.zone.key, wish.notes, found.now)


def _client(row: Row[Any], said: Confirmation) -> UUID:
    if said.client_id is None and row.client_id is None:
        raise Invalid("client_required", "Say for whom: the hold names nobody.", pointer="/client_id")
    if None not in (said.client_id, row.client_id) and said.client_id != row.client_id:
        raise Invalid("hold_mismatch", "The hold is for another client.", pointer="/client_id")
    client_id: UUID = said.client_id or row.client_id
    return client_id


async def _expired(tx: Transaction, row: Row[Any]) -> HoldExpired:
    near = await nearest(tx, row.treatment_id, row.branch_id, row.starts_at)
    return HoldExpired([offer.json() for offer in near])


async def _ground(
    tx: Transaction, who: Principal, id: UUID, wish: Wish, starts_at: datetime, minutes: int | None = None
) -> Ground:
    return await booking.ground(
        tx,
        {"branch_id": wish.branch_id, "treatment_id": wish.treatment_id, "client_id": wish.client_id,
         "therapist_id": wish.therapist_id, "room_id": wish.room_id, "starts_at": starts_at, "self": id,
         "branches": who.branch_list, "minutes": minutes},
    )  # fmt: skip


async def check_is(tx: Transaction, who: Principal, id: UUID, wish: Wish) -> None:
    """A booking that names a hold asks for what is held.

    Raises:
        Invalid: `hold_mismatch`, at what differs; `unknown_hold`.
    """
    row = await store.get(tx, id)
    if row is None or not who.sees(row.branch_id):
        raise errors.Unknown("hold", "/hold_id")
    starts_at, _ = await instant_of(tx, who, wish)
    held = {"branch_id": wish.branch_id, "treatment_id": wish.treatment_id, "starts_at": starts_at}
    if wish.therapist_id is not None:
        held["therapist_id"] = wish.therapist_id
    for name, value in held.items():
        if getattr(row, name) != value:
            raise Invalid("hold_mismatch", "This is not what is held.", pointer=f"/{name}")
