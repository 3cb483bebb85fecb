"""What every event of an appointment says."""

from typing import Any

from services.scheduling.domain.appointment import Appointment
from shared.events.scheduling import AppointmentRequested


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
    return AppointmentRequested(
        **(facts(a) | {"room_id": a.requested_room_id}),
        turnover_minutes=a.turnover_minutes,
        requires_bar=a.requires_bar,
        room_flexible=a.room_flexible,
        screening_protocol=a.screening_protocol,
    )
