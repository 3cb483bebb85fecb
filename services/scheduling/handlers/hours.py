"""New opening hours: what is booked outside of them stays, is named in the answer and put to a person."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Row

from services.scheduling.domain.appointment import Appointment
from services.scheduling.domain.opening import is_open
from services.scheduling.handlers.saga import Step
from services.scheduling.store import attention, hours
from shared.kit.database import Transaction

OUTSIDE = "outside_opening_hours"


async def check_booked(tx: Transaction, branch: Row[Any], actor: str) -> list[Appointment]:
    """The sessions to come that lie outside of the branch's hours as they are now, each put to a person once; those
    that were, and lie inside again, need nobody any more."""
    zone, opening = ZoneInfo(branch.timezone), branch.opening_hours

    def fits(starts_at: datetime, ends_at: datetime) -> bool:
        return is_open(opening, zone, (), starts_at, ends_at)

    outside = [a for a in await hours.to_come(tx, branch.id) if not fits(a.starts_at, a.ends_at)]
    await attention.withdraw(tx, branch.id, "conflict", OUTSIDE, keep=[a.id for a in outside])
    step = Step(tx, actor)
    for appointment in outside:
        step.changes.ask_person(appointment, "conflict", OUTSIDE)
    await step.finish()
    return outside
