"""What time itself brings about: deadlines, starts that passed, the shifts' horizon, proposals."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from services.scheduling.handlers.desk import cancel_in
from services.scheduling.handlers.proposals import propose
from services.scheduling.handlers.saga import Step
from services.scheduling.recurrence import windows
from services.scheduling.settings import settings
from services.scheduling.store import holds, shifts
from services.scheduling.store import saga as store
from shared.events.codes import Refusal
from shared.events.scheduling import AppointmentRequested, AppointmentRescheduleRequested
from shared.kit.database import Transaction

QUESTIONS = (AppointmentRequested.type, AppointmentRescheduleRequested.type)


async def time_out(tx: Transaction) -> int:
    """Reject what nobody answered in time (rules: Saga): 30 s from the relay's publish mark, not from the request.

    One that is not published stays pending until 15 minutes after acceptance or its start, whichever is sooner.
    """
    overdue = await store.lock_overdue(tx, QUESTIONS, settings().answer_seconds, settings().unpublished_minutes)
    step = Step(tx, "clock")
    for appointment in overdue:
        step.reject(appointment, Refusal.TIMED_OUT)
    await step.finish()
    return len(overdue)


async def give_up_displaced(tx: Transaction) -> int:
    """Cancel, without a fee, displaced sessions whose start passed before anybody chose."""
    passed = await store.lock_passed(tx)
    step = Step(tx, "clock")
    for appointment in passed:
        cancel_in(step, appointment, "displaced")
    await step.finish()
    return len(passed)


async def extend_shifts(tx: Transaction) -> int:
    """Lay recurring shifts out further, so that the horizon moves with the days."""
    now = await store.now(tx)
    until = now + timedelta(days=settings().horizon_days)
    due = await shifts.to_expand(tx, until - timedelta(days=7))
    found = [
        (shift.id, window)
        for shift in due
        for window in windows(
            shift.starts_local, shift.ends_local, shift.repeat, ZoneInfo(shift.timezone), shift.expanded_until, until
        )
    ]
    await shifts.add_windows(tx, found)
    await shifts.mark_expanded(tx, [shift.id for shift in due], until)
    return len(found)


async def fill_proposals(tx: Transaction) -> int:
    """Compute alternatives for sessions that need another slot, where there are none or old ones, a few at a time."""
    return await propose(tx, limit=20)


async def sweep_holds(tx: Transaction) -> int:
    """Tidy up after holds that expired. Nobody waits for it: they give way by themselves."""
    return await holds.sweep(tx)
