"""The states an appointment can be in."""

from enum import StrEnum


class Status(StrEnum):
    PENDING = "pending"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"
    NEEDS_ATTENTION = "needs_attention"
    CHECKED_IN = "checked_in"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    NO_SHOW = "no_show"


ENDED = frozenset({Status.REJECTED, Status.COMPLETED, Status.CANCELLED, Status.NO_SHOW})
"""Statuses in which an appointment holds no therapist and no room."""
