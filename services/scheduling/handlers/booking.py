"""A request for a session: judged by scheduling's own rules, then put to screening and room-equipment."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from services.scheduling.domain import cancelling, candidates
from services.scheduling.domain.appointment import Appointment, Status
from services.scheduling.domain.errors import AmbiguousLocalTime, NonexistentLocalTime, StartsInThePast, Unknown
from services.scheduling.domain.localtime import at_wall, resolve, wall
from services.scheduling.domain.opening import is_open
from services.scheduling.handlers.facts import facts, requested
from services.scheduling.settings import settings
from services.scheduling.store import appointments, booking, saga
from services.scheduling.store.booking import Ground
from shared.events.codes import Refusal
from shared.events.scheduling import AppointmentRejected
from shared.kit.auth import Principal
from shared.kit.database import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a client asks for. Exactly one of `starts_at`, `starts_local` (naive, the branch's clock) and `walk_in`
    (now) is set."""

    branch_id: UUID
    treatment_id: UUID
    client_id: UUID
    starts_at: datetime | None = None
    starts_local: datetime | None = None
    therapist_id: UUID | None = None
    room_id: UUID | None = None
    room_flexible: bool = True
    notes: str | None = None
    walk_in: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """What became of it in the first transaction: pending, or rejected by our own rules."""

    appointment: Appointment
    zone: str
    notes: str | None
    created_at: datetime
    walk_in: bool = False
    local_time: AmbiguousLocalTime | NonexistentLocalTime | None = None


async def request(tx: Transaction, who: Principal, id: UUID, wish: Wish) -> Asked:
    """Store the wish: `pending` with its therapist's time taken, or `rejected` with a code and no live row.

    Two statements when all goes well, the outbox row included; one more for each therapist lost to a racing request.
    Each is whole by itself, so that `tx` may commit every one of them. `id` is the appointment's to be.

    Raises:
        Invalid: something named is unknown, or the start has passed; nothing is stored.
    """
    starts_at, local_time, found = await look(tx, who, id, wish)
    appointment = draft(id, wish, starts_at, found)
    values = row_of(appointment, wish, who, found)
    if local_time is not None:
        code = local_time.code
    else:
        order, code = judge(found, appointment.id, starts_at, wish.therapist_id)
        for therapist_id in order:
            appointment.therapist_id = therapist_id
            tx.announce(requested(appointment))  # said only if her time can be had
            if await appointments.insert_claimed(tx, values | {"therapist_id": therapist_id}):
                return Asked(appointment, found.zone.key, wish.notes, found.now, wish.walk_in)
    appointment.therapist_id = wish.therapist_id
    await refuse(tx, appointment, values, code)
    return Asked(appointment, found.zone.key, wish.notes, found.now, wish.walk_in, local_time)


LocalTimeRefusal = AmbiguousLocalTime | NonexistentLocalTime


async def look(
    tx: Transaction, who: Principal, id: UUID, wish: Wish
) -> tuple[datetime, LocalTimeRefusal | None, Ground]:  # fmt: skip
    """The instant a wish means, what is wrong with the local time it came from, and all it is judged by.

    Raises:
        Invalid: something named is unknown, or the start has passed.
    """
    starts_at, local_time = await instant_of(tx, who, wish)
    found = await booking.ground(
        tx,
        {"branch_id": wish.branch_id, "treatment_id": wish.treatment_id, "client_id": wish.client_id,
         "therapist_id": wish.therapist_id, "room_id": wish.room_id, "starts_at": starts_at, "self": id,
         "branches": who.branch_list},
    )  # fmt: skip
    check_known(who, wish.branch_id, found)
    if starts_at < found.now - timedelta(minutes=settings().past_grace_minutes):
        raise StartsInThePast("/starts_at" if wish.starts_at else "/starts_at_local")
    return starts_at, local_time, found


async def refuse(tx: Transaction, appointment: Appointment, values: dict[str, Any], code: str) -> None:
    """Store and say what our own rules refused: a record, and no live row anywhere."""
    appointment.status, appointment.code = Status.REJECTED, code
    tx.announce(AppointmentRejected(**facts(appointment), code=Refusal(code)))
    if not await appointments.insert_rejected(tx, values | {"status": Status.REJECTED, "code": code}):
        raise Unknown("client", "/client_id")  # erased since we looked


def judge(found: Ground, seed: UUID, starts_at: datetime, named: UUID | None) -> tuple[list[UUID], str]:
    """Which therapists to try in order, and the refusal if none of them can be had."""
    if not is_open(found.opening_hours, found.zone, found.closures, starts_at, found.ends_at):
        return [], Refusal.OUTSIDE_OPENING_HOURS
    if named is not None:
        refusal = candidates.UNAVAILABLE
        for candidate in found.candidates:
            refusal = candidate.refusal(found.ends_at, found.zone, found.skill) or ""
        return ([], refusal) if refusal else ([named], Refusal.SLOT_TAKEN)
    order = candidates.choose(found.candidates, seed, found.ends_at, found.zone, found.skill, found.requires_bar)
    if order:
        return order, Refusal.THERAPIST_UNAVAILABLE
    return [], candidates.why_none(found.candidates, found.ends_at, found.zone, found.skill)


def check_known(who: Principal, branch_id: UUID, found: Ground) -> None:
    """
    Raises:
        Unknown: the first thing named that is not there for this caller.
    """
    if found.branch_id is None or not who.sees(branch_id):
        raise Unknown("branch", "/branch_id")
    if found.treatment_id is None:
        raise Unknown("treatment", "/treatment_id")
    if not found.client_known:
        raise Unknown("client", "/client_id")
    if not found.therapist_known:
        raise Unknown("therapist", "/therapist_id")
    if not found.room_known:
        raise Unknown("room", "/room_id")


async def instant_of(tx: Transaction, who: Principal, wish: Wish) -> tuple[datetime, LocalTimeRefusal | None]:
    """The instant a wish means, and what is wrong with the local time it came from."""
    if wish.starts_at is not None:
        return wish.starts_at, None
    if wish.walk_in:
        return (await saga.now(tx)).replace(second=0, microsecond=0), None
    assert wish.starts_local is not None
    zone = await booking.zone_of(tx, wish.branch_id, who.branch_list)
    if zone is None:
        raise Unknown("branch", "/branch_id")
    try:
        return resolve(wish.starts_local, zone), None
    except (AmbiguousLocalTime, NonexistentLocalTime) as refusal:
        return at_wall(wish.starts_local, zone), refusal


def draft(id: UUID, wish: Wish, starts_at: datetime, found: Ground) -> Appointment:
    return Appointment(
        id=id,
        status=Status.PENDING,
        version=1,
        attempt=1,
        branch_id=wish.branch_id,
        treatment_id=wish.treatment_id,
        client_id=wish.client_id,
        therapist_id=wish.therapist_id,
        therapist_named=wish.therapist_id is not None,
        room_id=None,
        requested_room_id=wish.room_id,
        room_flexible=wish.room_flexible,
        starts_at=starts_at,
        ends_at=found.ends_at,
        turnover_minutes=found.turnover_minutes,
        requires_bar=found.requires_bar,
        screening_protocol=found.screening_protocol,
        cancellation=cancelling.fixed(found.cancellation, found.price, settings().cancel_free_minutes),
    )


def row_of(a: Appointment, wish: Wish, who: Principal, found: Ground) -> dict[str, Any]:
    return {
        "id": a.id, "status": a.status, "branch_id": a.branch_id, "treatment_id": a.treatment_id,
        "client_id": a.client_id, "therapist_id": a.therapist_id, "therapist_named": a.therapist_named,
        "requested_room_id": a.requested_room_id, "room_flexible": a.room_flexible, "starts_at": a.starts_at,
        "ends_at": a.ends_at, "timezone": found.zone.key, "turnover_minutes": a.turnover_minutes,
        "requires_bar": a.requires_bar, "screening_protocol": a.screening_protocol, "code": None,
        "notes": wish.notes, "actor": who.subject, "now": found.now, "cancellation": a.cancellation,
        "walk_in": wish.walk_in, "party_id": a.party_id, "party_size": a.party_size,
        "starts_local": wall(a.starts_at, found.zone),
    }  # fmt: skip
