"""What reception does with an appointment: cancel, check in, no-show."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import Row

from services.scheduling.domain.appointment import Appointment, Status
from services.scheduling.handlers.facts import facts
from services.scheduling.handlers.saga import Step
from services.scheduling.store import appointments
from services.scheduling.store import saga as store
from shared.errors import NotFound
from shared.events.scheduling import AppointmentCancelled, AppointmentCheckedIn, AppointmentNoShow
from shared.kit.auth import Principal
from shared.kit.database import Transaction

Reason = Literal["client", "branch", "displaced", "screening", "erased"]


async def visible(tx: Transaction, who: Principal, id: UUID) -> Row[Any]:
    """
    Raises:
        NotFound: there is none, or it lies in another branch.
    """
    row = await appointments.get(tx, id)
    if row is None or not who.sees(row.branch_id):
        raise NotFound("not_found", "There is no such appointment.")
    return row


async def locked(tx: Transaction, who: Principal, id: UUID) -> Appointment:
    """The appointment, its row locked until the transaction ends.

    Raises:
        NotFound: there is none, or it lies in another branch.
    """
    appointment = (await appointments.lock(tx, [id])).get(id)
    if appointment is None or not who.sees(appointment.branch_id):
        raise NotFound("not_found", "There is no such appointment.")
    return appointment


async def cancel(tx: Transaction, appointment: Appointment, reason: Reason, actor: str) -> None:
    """
    Raises:
        WrongStatus: it has ended, or its session runs.
    """
    step = Step(tx, actor)
    cancel_in(step, appointment, reason)
    await step.finish()


def cancel_in(step: Step, appointment: Appointment, reason: Reason) -> None:
    """The same, as one of several in a transaction."""
    waited_for = appointment.status is Status.PENDING
    appointment.cancel()
    if waited_for:
        step.changes.settle(appointment)
    else:
        step.changes.step(appointment)
    step.changes.cancel_reasons[appointment.id] = reason
    step.changes.free(appointment)
    step.changes.resolve(appointment)
    step.tx.announce(AppointmentCancelled(**facts(appointment), reason=reason))


async def check_in(tx: Transaction, appointment: Appointment, actor: str) -> None:
    """
    Raises:
        WrongStatus: it is not confirmed.
    """
    step = Step(tx, actor)
    appointment.check_in()
    step.changes.step(appointment)
    tx.announce(AppointmentCheckedIn(**facts(appointment)))
    await step.finish()


async def mark_missed(tx: Transaction, appointment: Appointment, actor: str) -> None:
    """
    Raises:
        WrongStatus: nobody was expected.
        TooEarly: the session has not begun.
    """
    step = Step(tx, actor)
    now: datetime = await store.now(tx)
    appointment.miss(now)
    step.changes.step(appointment)
    step.changes.free(appointment)
    step.changes.resolve(appointment)
    tx.announce(AppointmentNoShow(**facts(appointment)))
    await step.finish()
