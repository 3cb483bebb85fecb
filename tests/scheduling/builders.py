"""Nouns for the tests of scheduling."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from services.scheduling.domain.appointment import Appointment, Status
from shared.kit.ids import new_id

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
ROOM, OTHER_ROOM, ANNA, BEN = (UUID(int=n) for n in range(1, 5))


def an_appointment(**changes: Any) -> Appointment:
    """A pending request for an unnamed therapist, ANNA tried first, at NOON for an hour."""
    values: dict[str, Any] = {
        "id": new_id(), "status": Status.PENDING, "version": 1, "attempt": 1, "branch_id": new_id(),
        "treatment_id": new_id(), "client_id": new_id(), "therapist_id": ANNA, "therapist_named": False,
        "room_id": None, "requested_room_id": None, "room_flexible": True, "starts_at": NOON,
        "ends_at": NOON + timedelta(hours=1), "turnover_minutes": 15, "requires_bar": True,
        "screening_protocol": "back-stepping",
    }  # fmt: skip
    return Appointment(**(values | changes))
