"""What reception does with an appointment: cancel, check in, no-show."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import Row

from services.scheduling.domain import cancelling, resume
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


async def cancel(
    tx: Transaction, appointment: Appointment, reason: Reason, actor: str, code: str | None = None
) -> None:  # fmt: skip
    """`code` says why in one of our words. A client's late cancel is marked, with the fee that was agreed on.

    Raises:
        WrongStatus: it has ended, or its session runs.
    """
    await cancel_all(tx, [appointment], reason, actor, code)


async def cancel_all(
    tx: Transaction, appointments: Iterable[Appointment], reason: Reason, actor: str, code: str | None = None
) -> None:  # fmt: skip
    """The same of several, each by the policy it was booked under."""
    step = Step(tx, actor)
    now: datetime = await store.now(tx)
    for appointment in appointments:
        status, starts_at = resume.slot_of(appointment)
        found = cancelling.terms(appointment.cancellation, status, starts_at, now)
        cancel_in(step, appointment, reason, code, late=None if found.free or reason != "client" else found)
    await step.finish()


def cancel_in(
    step: Step, appointment: Appointment, reason: Reason, code: str | None = None, *,
    late: cancelling.Terms | None = None,
) -> None:  # fmt: skip
    """The same, as one of several in a transaction; free unless `late`."""
    waited_for = appointment.status is Status.PENDING
    appointment.cancel()
    if waited_for:
        step.changes.settle(appointment)
    else:
        step.changes.step(appointment)
    step.changes.cancelled[appointment.id] = {
        "reason": reason, "code": code, "by": step.changes.actor, "late": late is not None,
        "fee": late.fee if late is not None else None,
    }  # fmt: skip
    step.changes.free(appointment)
    step.changes.resolve(appointment)
    step.tx.announce(AppointmentCancelled(**facts(appointment), reason=reason, late=late is not None))


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
