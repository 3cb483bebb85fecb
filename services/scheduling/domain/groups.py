"""How a group stands, told from how its members stand."""

from collections.abc import Collection
from enum import StrEnum

from services.scheduling.domain.appointment import Status

_HELD = frozenset({Status.CONFIRMED, Status.CHECKED_IN, Status.IN_PROGRESS, Status.COMPLETED})
_GONE = frozenset({Status.CANCELLED, Status.NO_SHOW})


class GroupStatus(StrEnum):
    """`incomplete`: some have their session, and another has lost its room, is asked anew, or was cancelled."""

    PENDING = "pending"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"
    INCOMPLETE = "incomplete"
    CANCELLED = "cancelled"


def status_of(members: Collection[tuple[Status, bool]]) -> GroupStatus:
    """Of each member its status, and whether it is undecided with all the others."""
    statuses = {status for status, _ in members}
    if any(undecided for _, undecided in members):
        return GroupStatus.PENDING
    if statuses <= _HELD:
        return GroupStatus.CONFIRMED
    if Status.REJECTED in statuses:
        return GroupStatus.REJECTED
    return GroupStatus.CANCELLED if statuses <= _GONE else GroupStatus.INCOMPLETE
