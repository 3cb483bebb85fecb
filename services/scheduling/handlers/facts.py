"""What every event of an appointment says, and what is read from those of its room."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from services.scheduling.domain.appointment import Appointment
from services.scheduling.settings import settings
from shared.events.room_equipment import (
    RoomAssigned,
    RoomReassigned,
    RoomUnavailable,
    SessionAtRisk,
    SessionOverran,
    SessionStarted,
    TherapistStoodDown,
)
from shared.events.scheduling import AppointmentMoveRequested, AppointmentRequested, AppointmentRescheduleRequested


def facts(a: Appointment) -> dict[str, Any]:
    """The fields all appointment events share."""
    return {
        "appointment_id": a.id,
        "version": a.version,
        "attempt": a.attempt,
        "branch_id": a.branch_id,
        "treatment_id": a.treatment_id,
        "client_id": a.client_id,
        "therapist_id": a.therapist_id,
        "room_id": a.room_id,
        "starts_at": a.starts_at,
        "ends_at": a.ends_at,
    }


def requested(a: Appointment) -> AppointmentRequested:
    """The question of this attempt; a room is in it only if somebody named it."""
    return AppointmentRequested(**_question(a))


def asked(a: Appointment) -> AppointmentRequested | AppointmentRescheduleRequested:
    """The first question of this attempt: to both at once, or for a move to screening alone."""
    return AppointmentRescheduleRequested(**_question(a)) if a.moving else requested(a)


def move_requested(a: Appointment) -> AppointmentMoveRequested:
    """The second question of a move, to room-equipment. Heard too late it changes nothing any more."""
    begun = a.starts_at + timedelta(minutes=settings().past_grace_minutes)
    not_after = min(begun, datetime.now(UTC) + timedelta(minutes=settings().unpublished_minutes))
    return AppointmentMoveRequested(**_question(a), not_after=not_after)


def _question(a: Appointment) -> dict[str, Any]:
    return facts(a) | {
        "room_id": a.requested_room_id,
        "turnover_minutes": a.turnover_minutes,
        "requires_bar": a.requires_bar,
        "room_flexible": a.room_flexible,
        "screening_protocol": a.screening_protocol,
    }


def answers(a: Appointment, event: RoomAssigned) -> bool:
    """Whether this is the room that was asked for, in this attempt. A room can also be assigned directly, under any id:
    one for another branch, time, therapist or treatment is no answer to this request."""
    asked = (a.attempt, a.branch_id, a.therapist_id, a.starts_at, a.treatment_id)
    said = (event.attempt, event.branch_id, event.therapist_id, event.starts_at, event.treatment_id or a.treatment_id)
    return asked == said


def seen(event: Any) -> dict[str, Any] | None:
    """What an event says about which room is taken when; None when it says nothing of it."""
    version = getattr(event, "assignment_version", None)
    if version is None or isinstance(event, (SessionAtRisk, SessionOverran, TherapistStoodDown)):
        return None
    taken = isinstance(event, (RoomAssigned, RoomReassigned, SessionStarted))
    return {
        "id": event.appointment_id,
        "version": version,
        "room_id": event.room_id,
        "starts_at": getattr(event, "starts_at", getattr(event, "started_at", None)) if taken else None,
        "blocked_until": event.blocked_until if taken else None,
    }


def gap(event: RoomUnavailable) -> dict[str, Any] | None:
    if event.gap_reason is None:
        return None
    return {"gap_reason": event.gap_reason, "gap_at": event.gap_at}


def wanted(a: Appointment, therapist_id: UUID) -> dict[str, Any]:
    """The claim of this therapist's time, for the next attempt."""
    return {"id": a.id, "attempt": a.attempt + 1, "therapist_id": therapist_id,
            "starts_at": a.starts_at, "ends_at": a.ends_at}  # fmt: skip
