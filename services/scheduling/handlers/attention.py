"""What needs a person: displaced sessions with proposals, and the acceptance of one, which runs the normal saga."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from services.scheduling.domain.appointment import Appointment
from services.scheduling.domain.errors import StaleAlternative
from services.scheduling.handlers.availability import nearest
from services.scheduling.handlers.booking import judge
from services.scheduling.handlers.facts import requested
from services.scheduling.handlers.saga import Step
from services.scheduling.store import attention as store
from services.scheduling.store import booking, saga
from shared.kit.auth import Principal
from shared.kit.database import Transaction
from shared.kit.ids import new_id

_TOLERANCE = timedelta(days=3)  # house rule: how far from its time a displaced session is proposed again


async def propose(tx: Transaction, limit: int) -> int:
    """Fill in alternatives where there are none; they are not held for anyone. Returns for how many items."""
    filled = []
    for item in await store.to_fill(tx, limit):
        alternatives = await alternatives_for(tx, item)
        filled.append({"id": item.id, "alternatives": alternatives})
    if filled:
        await store.fill(tx, filled)
    return len(filled)


async def alternatives_for(tx: Transaction, item: Any) -> list[dict[str, Any]]:
    """Free slots near a displaced session's time, its own therapist preferred. `item` has the appointment's fields."""
    found = await nearest(
        tx,
        item.treatment_id,
        item.branch_id,
        item.starts_at,
        before=_TOLERANCE,
        after=_TOLERANCE,
        self=getattr(item, "appointment_id", None) or item.id,
    )
    return [
        {
            "alternative_id": new_id(),
            "kind": _kind(offer.starts_at == item.starts_at, item.therapist_id in offer.therapist_ids),
            "starts_at": offer.starts_at,
            "ends_at": offer.ends_at,
            "branch_id": offer.branch_id,
            "treatment_id": item.treatment_id,
            "therapist_id": item.therapist_id if item.therapist_id in offer.therapist_ids else offer.therapist_ids[0],
        }
        for offer in found
    ]


def _kind(same_time: bool, same_therapist: bool) -> str:
    if same_time:
        return "other_room" if same_therapist else "other_therapist"
    return "other_time"


@dataclass(frozen=True, slots=True)
class Accepted:
    """The saga runs again for the chosen slot; or `stale`, with fresh proposals, and nothing else changed."""

    stale: StaleAlternative | None = None


async def accept(tx: Transaction, who: Principal, appointment: Appointment, alternative_id: UUID) -> Accepted:
    """Ask for the proposed slot. The therapist's old time is kept until the new one is certain.

    Raises:
        WrongStatus: the appointment does not wait for a person.
    """
    appointment.check_waits_for_person()
    item = await store.open_of(tx, appointment.id)
    chosen = _chosen(item, alternative_id)
    if chosen is None:
        return await _stale(tx, appointment, item)
    starts_at, therapist_id = datetime.fromisoformat(chosen["starts_at"]), UUID(chosen["therapist_id"])
    ground = await booking.ground(
        tx,
        {"branch_id": appointment.branch_id, "treatment_id": appointment.treatment_id,
         "client_id": appointment.client_id, "therapist_id": therapist_id, "room_id": None, "starts_at": starts_at,
         "self": appointment.id, "branches": who.branch_list},
    )  # fmt: skip
    order, _ = judge(ground, appointment.id, starts_at, therapist_id)
    if not order or starts_at < ground.now:
        return await _stale(tx, appointment, item)
    claim = {"id": appointment.id, "attempt": appointment.attempt + 1, "therapist_id": therapist_id,
             "starts_at": starts_at, "ends_at": ground.ends_at}  # fmt: skip
    appointment.ask_for(therapist_id, starts_at, ground.ends_at)
    if not await saga.claim(tx, [claim]):
        appointment.reject("slot_taken")  # back to what it was; nothing is saved
        return await _stale(tx, appointment, item)
    step = Step(tx, who.subject)
    step.changes.step(appointment)
    step.changes.asked.add(appointment.id)
    tx.announce(requested(appointment))
    await store.forget_alternatives(tx, appointment.id)
    await step.finish()
    return Accepted()


def _chosen(item: Any, alternative_id: UUID) -> dict[str, Any] | None:
    for alternative in (item.alternatives or ()) if item is not None else ():
        if alternative["alternative_id"] == str(alternative_id):
            found: dict[str, Any] = alternative
            return found
    return None


async def _stale(tx: Transaction, appointment: Appointment, item: Any) -> Accepted:
    fresh = await alternatives_for(tx, appointment)
    if item is not None:
        await store.fill(tx, [{"id": item.id, "alternatives": fresh}])
    return Accepted(StaleAlternative(fresh))
