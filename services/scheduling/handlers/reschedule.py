"""A new slot for an appointment, the old one kept until it is certain (ADR 0019).

The therapist's new time is claimed beside her old one; then screening is asked, and after its yes room-equipment, which
moves its one assignment in place or refuses. Whatever is refused, the old appointment stands as it was.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from services.scheduling.domain import cancelling
from services.scheduling.domain.appointment import Appointment, Status
from services.scheduling.domain.errors import NothingToChange, SlotRefused, StartsInThePast
from services.scheduling.handlers.availability import nearest
from services.scheduling.handlers.booking import Wish, check_known, instant_of, judge
from services.scheduling.handlers.facts import asked
from services.scheduling.handlers.saga import Step
from services.scheduling.settings import settings
from services.scheduling.store import attention, booking, saga
from services.scheduling.store.booking import Ground
from shared.events.codes import Refusal
from shared.kit.auth import Principal
from shared.kit.database import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """What is to change. A therapist, room or branch that is not `given` stays as it is. `reason`: whose wish it is."""

    starts_at: datetime | None = None
    starts_local: datetime | None = None
    therapist_id: UUID | None = None
    room_id: UUID | None = None
    branch_id: UUID | None = None
    reason: Literal["client", "branch"] = "client"
    given: frozenset[str] = frozenset()

    def changes(self, a: Appointment, starts_at: datetime) -> bool:
        """Whether the new slot is another than the one it has."""
        other = self.branch_id not in (None, a.branch_id) or self.therapist_id not in (None, a.therapist_id)
        return other or "room_id" in self.given or starts_at != a.starts_at or a.room_id is None


async def ask(tx: Transaction, who: Principal, a: Appointment, move: Move) -> None:
    """Ask for the new slot: `pending` until it is settled.

    Raises:
        WrongStatus: it has ended, its session runs, or a slot is being asked for already.
        Invalid: something named is unknown, or the start has passed.
        SlotRefused: by scheduling's own rules; with free slots near the wish.
    """
    a.check_can_move()
    wish = _wish(a, move)
    starts_at, local_time = await instant_of(tx, who, wish)
    found = await booking.ground(
        tx,
        {"branch_id": wish.branch_id, "treatment_id": a.treatment_id, "client_id": a.client_id,
         "therapist_id": wish.therapist_id, "room_id": wish.room_id, "starts_at": starts_at, "self": a.id,
         "branches": who.branch_list, "minutes": (a.ends_at - a.starts_at) // timedelta(minutes=1)},
    )  # fmt: skip
    check_known(who, wish.branch_id, found)
    if starts_at < found.now - timedelta(minutes=settings().past_grace_minutes):
        raise StartsInThePast("/starts_at" if move.starts_at else "/starts_at_local")
    if local_time is not None:
        raise local_time
    if not move.changes(a, starts_at):
        raise NothingToChange
    order, code = judge(found, a.id, starts_at, wish.therapist_id)
    if a.therapist_id in order:  # who was to give it gives it, if she can
        order = [a.therapist_id, *(other for other in order if other != a.therapist_id)]
    if move.reason == "client" and a.status is not Status.NEEDS_ATTENTION:
        a.cancellation = cancelling.moved_late(a.cancellation, a.status, a.starts_at, found.now)
    else:
        a.cancellation = cancelling.forgiven(a.cancellation)
    await _take(tx, who, a, wish, starts_at, found, order, code)


async def _take(
    tx: Transaction, who: Principal, a: Appointment, wish: Wish, starts_at: datetime, found: Ground,
    order: list[UUID], code: str,
) -> None:  # fmt: skip
    for therapist_id in order:
        claim = {"id": a.id, "attempt": a.attempt + 1, "therapist_id": therapist_id, "starts_at": starts_at,
                 "ends_at": found.ends_at}  # fmt: skip
        if await saga.claim(tx, [claim]):
            break
    else:
        near = await nearest(tx, a.treatment_id, wish.branch_id, starts_at, self=a.id)
        raise SlotRefused(Refusal(code), a.id, [offer.json() for offer in near])
    a.move_to(
        branch_id=wish.branch_id, therapist_id=therapist_id, named=wish.therapist_id is not None,
        room_id=wish.room_id, starts_at=starts_at, ends_at=found.ends_at,
    )  # fmt: skip
    step = Step(tx, who.subject)
    step.changes.step(a)
    step.changes.asked.add(a.id)
    tx.announce(asked(a))
    await attention.forget_alternatives(tx, a.id)
    await step.finish()


def _wish(a: Appointment, move: Move) -> Wish:
    """The whole of the new slot. Who and which room was named stays named; in another branch it is another room."""
    branch_id = move.branch_id or a.branch_id
    kept_room = a.requested_room_id if branch_id == a.branch_id else None
    kept_therapist = a.therapist_id if a.therapist_named else None
    return Wish(
        branch_id=branch_id,
        treatment_id=a.treatment_id,
        client_id=a.client_id,
        starts_at=move.starts_at,
        starts_local=move.starts_local,
        therapist_id=move.therapist_id if "therapist_id" in move.given else kept_therapist,
        room_id=move.room_id if "room_id" in move.given else kept_room,
        room_flexible=a.room_flexible,
    )
