"""A series of sessions by a rule: what became of its dates, and of the whole."""

from collections.abc import Collection
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from services.scheduling.domain.errors import AmbiguousLocalTime
from services.scheduling.domain.localtime import instants
from services.scheduling.domain.status import Status

NOT_ASKED_FOR = frozenset({"nonexistent_local_time", "ambiguous_local_time", "beyond_horizon"})
"""Codes of dates that have no instant, or none that anything is laid out for: no booking of them is tried."""


class Choice(StrEnum):
    """Which of the two a repeated hour means (RFC 5545, 3.3.5: the first)."""

    FIRST = "first"
    SECOND = "second"
    REFUSE = "refuse"


class State(StrEnum):
    PLANNED = "planned"
    BOOKING = "booking"
    BOOKED = "booked"
    REFUSED = "refused"
    CANCELLED = "cancelled"


def instant_on(local: datetime, zone: ZoneInfo, choice: Choice) -> tuple[datetime | None, bool]:
    """When the branch's clock shows `local` on that date, and whether it does so twice. None: it never does.

    Raises:
        AmbiguousLocalTime: it does so twice, and that is to be refused.
    """
    found = instants(local, zone)
    if not found:
        return None, False
    if len(found) > 1 and choice is Choice.REFUSE:
        raise AmbiguousLocalTime(local, zone.key, found)
    return found[-1 if choice is Choice.SECOND else 0], len(found) > 1


def date_status(state: str, code: str | None, appointment: str | None) -> str:
    """Of one date: its appointment's status once it has one; before that `planned`, or `refused` as it would be now."""
    if state == "asked" and appointment is not None:
        return appointment
    return "refused" if state == "planned" and code is not None else state


def state_of(stored: str, whole: bool, dates: Collection[str]) -> State:
    """Of the whole, from the statuses of its dates. `whole`: all or none was wanted."""
    if stored in (State.PLANNED, State.CANCELLED, State.REFUSED):
        return State(stored)
    if stored == State.BOOKING or Status.PENDING in dates:
        return State.BOOKING
    if whole and Status.REJECTED in dates:
        return State.REFUSED
    gone = {Status.CANCELLED, Status.REJECTED, "skipped", "dropped"}
    return State.CANCELLED if Status.CANCELLED in dates and gone.issuperset(dates) else State.BOOKED
