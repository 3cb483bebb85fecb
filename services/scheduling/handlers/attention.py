"""What needs a person: proposals as they are now, and the acceptance of one, which runs the normal saga."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from services.scheduling.domain import alternatives as domain
from services.scheduling.domain import cancelling
from services.scheduling.domain.alternatives import Alternative
from services.scheduling.domain.appointment import Appointment, Status
from services.scheduling.domain.errors import SlotRefused, StaleAlternative, WrongStatus
from services.scheduling.handlers import proposals, reschedule
from services.scheduling.handlers.booking import judge
from services.scheduling.handlers.facts import requested
from services.scheduling.handlers.reschedule import Move
from services.scheduling.handlers.saga import Step
from services.scheduling.store import attention as store
from services.scheduling.store import booking, saga
from services.scheduling.store.booking import Ground
from shared.kit.auth import Principal
from shared.kit.database import Transaction


@dataclass(frozen=True, slots=True)
class Accepted:
    """The saga runs again for the chosen slot; or `stale`, with fresh proposals, and nothing else changed."""

    stale: StaleAlternative | None = None


async def accept(
    tx: Transaction,
    who: Principal,
    appointment: Appointment,
    alternative_id: UUID,
    tolerance_minutes: int | None = None,
) -> Accepted:
    """Ask for the proposed slot. The therapist's old time is kept until the new one is certain.

    Raises:
        WrongStatus: the appointment does not wait for a person.
    """
    item = await store.to_answer(tx, appointment.id)
    if item is None:
        raise WrongStatus("given another slot", appointment.status.value)
    found = proposals.seen_by(await proposals.every(tx, item, tolerance_minutes), who.branch_list)
    chosen = next((one for one in found if one.alternative_id == alternative_id), None)
    if chosen is not None and await _ask(tx, who, appointment, chosen):
        return Accepted()
    fresh = [one.json() for one in domain.chosen([one for one in found if one is not chosen])]
    await store.fill(tx, [{"id": item.id, "alternatives": fresh}])
    return Accepted(StaleAlternative(fresh))


async def _ask(tx: Transaction, who: Principal, a: Appointment, chosen: Alternative) -> bool:
    """False: it could not be had after all, and nothing has changed."""
    if a.status is Status.NEEDS_ATTENTION:
        return await _ask_anew(tx, who, a, chosen)
    move = Move(
        starts_at=chosen.starts_at, therapist_id=chosen.therapist_id, branch_id=chosen.branch_id, room_id=None,
        reason="branch",
        given=frozenset({"starts_at", "therapist_id", "branch_id", "room_id"}),
    )  # fmt: skip
    try:
        await reschedule.ask(tx, who, a, move)
    except SlotRefused:
        return False
    return True


async def _ask_anew(tx: Transaction, who: Principal, a: Appointment, chosen: Alternative) -> bool:
    """It has no room that could move: everybody is asked again, as for a new booking."""
    ground = await booking.ground(
        tx,
        {"branch_id": chosen.branch_id, "treatment_id": chosen.treatment_id, "client_id": a.client_id,
         "therapist_id": chosen.therapist_id, "room_id": None, "starts_at": chosen.starts_at, "self": a.id,
         "branches": who.branch_list},
    )  # fmt: skip
    order, _ = judge(ground, a.id, chosen.starts_at, chosen.therapist_id)
    if not order or chosen.starts_at < ground.now:
        return False
    claim = {"id": a.id, "attempt": a.attempt + 1, "therapist_id": chosen.therapist_id,
             "starts_at": chosen.starts_at, "ends_at": ground.ends_at}  # fmt: skip
    if not await saga.claim(tx, [claim]):
        return False
    a.ask_for(
        chosen.therapist_id, chosen.starts_at, ground.ends_at, branch_id=chosen.branch_id,
        session=None if chosen.treatment_id == a.treatment_id else _session(chosen, ground),
    )  # fmt: skip
    a.cancellation = cancelling.forgiven(a.cancellation)
    step = Step(tx, who.subject)
    step.changes.step(a)
    step.changes.asked.add(a.id)
    tx.announce(requested(a))
    await store.forget_alternatives(tx, a.id)
    await step.finish()
    return True


def _session(chosen: Alternative, ground: Ground) -> dict[str, Any]:
    return {"treatment_id": chosen.treatment_id, "turnover_minutes": ground.turnover_minutes,
            "requires_bar": ground.requires_bar, "screening_protocol": ground.screening_protocol}  # fmt: skip


async def shown(
    tx: Transaction, who: Principal, item: Any, *, fresh: bool = False, tolerance_minutes: int | None = None
) -> list[dict[str, Any]] | None:
    """The item's alternatives that this caller may see: those kept, or computed now when they are old or it is asked
    for. None: it waits for nobody's choice, or they were not computed yet."""
    asked = fresh or tolerance_minutes is not None or proposals.is_old(item.alternatives_at, item.now)
    if asked and await store.to_answer(tx, item.appointment_id) is not None:
        found = proposals.seen_by(await proposals.every(tx, item, tolerance_minutes), who.branch_list)
        return [one.json() for one in domain.chosen(found)]
    return kept(who, item)


def kept(who: Principal, item: Any) -> list[dict[str, Any]] | None:
    """The proposals that are stored, of branches this caller sees."""
    found: list[dict[str, Any]] | None = item.alternatives
    return found and [one for one in found if who.sees(UUID(one["branch_id"]))]
