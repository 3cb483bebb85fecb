"""A closure is taken back: whom it displaced is put back by the saga, the room asked last (ADR 0033).

Who was accepted elsewhere or cancelled meanwhile stays so. What is left to do is rows, so that an undo that broke off
goes on: each session is asked for and its row marked in one transaction.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from services.scheduling.domain.appointment import Appointment
from services.scheduling.domain.closing import why_not_back
from services.scheduling.domain.opening import Interval
from services.scheduling.handlers.again import ask_again
from services.scheduling.handlers.saga import Step
from services.scheduling.store import appointments, saga
from services.scheduling.store import closures as store
from shared.errors import NotFound
from shared.kit.audit import record as audit
from shared.kit.auth import Principal
from shared.kit.database import Transaction

AT_ONCE = 100


async def reopen(
    tx: Transaction, who: Principal, branch_id: UUID, id: UUID, limit: int | None
) -> Row[Any]:  # fmt: skip
    """The branch can be booked again then; the first of those it displaced are asked for, the job asks for the rest.

    Raises:
        NotFound: there is none, or it was taken back before.
    """
    closure = await store.end(tx, branch_id, id, who.subject)
    if closure is None:
        raise NotFound("not_found", "There is no such closure.")
    await audit(tx, who, "reopened_branch", "branch", branch_id, branch_id=branch_id)
    await restore(tx, who.subject, limit, closure_id=id)
    await store.forget_proposals(tx, branch_id)  # last, as when it was closed
    return closure


async def go_on(tx: Transaction) -> int:
    """Ask for those that are left, and note what the saga has answered."""
    return await restore(tx, "closures") + await store.note_settled(tx)


async def restore(tx: Transaction, actor: str, limit: int | None = AT_ONCE, closure_id: UUID | None = None) -> int:
    """Ask for the slot each of them had, or note why not."""
    left = await store.to_restore(tx, limit, closure_id)
    known = await appointments.lock(tx, {row.appointment_id for row in left})
    step, marks, now = Step(tx, actor), [], await saga.now(tx)
    for row in left:
        code = await _put_back(step, known[row.appointment_id], Interval(row.during.lower, row.during.upper), now)
        marks.append(
            {"closure_id": row.closure_id, "appointment_id": row.appointment_id, "code": code,
             "state": "asked" if code is None else "kept"}
        )  # fmt: skip
    await step.finish()
    await store.mark(tx, marks)
    return len(left)


async def _put_back(step: Step, a: Appointment, closed: Interval, now: datetime) -> str | None:
    """Ask for it, or say why not."""
    return why_not_back(a, closed, now) or await ask_again(step, a, a.starts_at)
