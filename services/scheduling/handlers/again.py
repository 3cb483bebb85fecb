"""Asking the saga for a slot that nobody chose: an old one that is free again, or one that follows its wall time."""

from datetime import datetime, timedelta

from services.scheduling.domain.appointment import Appointment
from services.scheduling.handlers.booking import judge
from services.scheduling.handlers.facts import asked
from services.scheduling.handlers.saga import Step
from services.scheduling.store import attention, booking, saga

STILL_CLOSED = "still_closed"


async def ask_again(step: Step, a: Appointment, starts_at: datetime, why: str | None = None) -> str | None:
    """Ask for its own therapist and length at `starts_at`, judged as every booking is; the room answers last.

    Returns why it cannot be asked for, None when it is. `why` says so to those who hear of the move.
    """
    length = a.ends_at - a.starts_at
    found = await booking.ground(
        step.tx,
        {"branch_id": a.branch_id, "treatment_id": a.treatment_id, "client_id": a.client_id,
         "therapist_id": a.therapist_id, "room_id": a.requested_room_id, "starts_at": starts_at, "self": a.id,
         "branches": None, "minutes": length // timedelta(minutes=1)},
    )  # fmt: skip
    if found.closures:
        return STILL_CLOSED
    order, code = judge(found, a.id, starts_at, a.therapist_id)
    if not order or a.therapist_id is None:
        return code
    claim = {"id": a.id, "attempt": a.attempt + 1, "therapist_id": a.therapist_id, "starts_at": starts_at,
             "ends_at": starts_at + length}  # fmt: skip
    if not await saga.claim(step.tx, [claim]):
        return code
    a.move_to(
        branch_id=a.branch_id, therapist_id=a.therapist_id, named=a.therapist_named, room_id=a.requested_room_id,
        starts_at=starts_at, ends_at=starts_at + length, why=why,
    )  # fmt: skip
    step.changes.step(a)
    step.changes.asked.add(a.id)
    step.tx.announce(asked(a))
    await attention.forget_alternatives(step.tx, a.id)
    return None
