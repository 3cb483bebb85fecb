"""What scheduling asks and takes back: rooms for requested appointments, and their release."""

from typing import Any

from services.room_equipment.handlers.placing import Assigned, Request, Unplaced, assign
from services.room_equipment.store import assignments
from shared.events.base import Event
from shared.events.room_equipment import RoomAssigned, RoomReleased, RoomUnavailable
from shared.events.scheduling import (
    AppointmentCancelled,
    AppointmentDisplaced,
    AppointmentMoveRequested,
    AppointmentNoShow,
    AppointmentRejected,
    AppointmentRequested,
)
from shared.kit.database import Transaction
from shared.kit.inbox import Received


async def on_requested(tx: Transaction, batch: list[Received[AppointmentRequested]]) -> None:
    """Answer each with a room or exactly why none."""
    tx.announce(*(said(answer) for answer in await assign(tx, _requests(batch))))


async def on_move_requested(tx: Transaction, batch: list[Received[AppointmentMoveRequested]]) -> None:
    """Move each assignment to its new slot in place, or refuse and leave it as it is: this answer decides the move."""
    not_after = {received.event.appointment_id: received.event.not_after for received in batch}
    tx.announce(*(said(answer) for answer in await assign(tx, _requests(batch), not_after)))


def _requests(batch: list[Received[Any]]) -> list[Request]:
    return [
        Request(
            e.appointment_id, e.attempt, e.version, e.branch_id, e.treatment_id, e.therapist_id, e.client_id,
            e.room_id, e.starts_at, e.ends_at, e.turnover_minutes, e.requires_bar, e.room_flexible,
            e.screening_protocol,
        )
        for e in (received.event for received in batch)
    ]  # fmt: skip


def said(answer: Assigned | Unplaced) -> Event:
    """The event that tells of an answer."""
    request = answer.request
    if isinstance(answer, Assigned):
        assert request.therapist_id is not None
        return RoomAssigned(
            appointment_id=request.appointment_id,
            attempt=request.attempt,
            assignment_version=answer.assignment_version,
            branch_id=request.branch_id,
            room_id=answer.room_id,
            treatment_id=request.treatment_id,
            therapist_id=request.therapist_id,
            starts_at=request.starts_at,
            ends_at=request.ends_at,
            blocked_until=answer.blocked_until,
        )
    why: dict[str, Any] = {}
    if answer.refusal is not None:
        why = {"gap_reason": answer.refusal.gap_reason, "gap_at": answer.refusal.gap_at}
    return RoomUnavailable(
        appointment_id=request.appointment_id,
        attempt=request.attempt,
        branch_id=request.branch_id,
        code=answer.code,
        room_id=request.room_id,
        **why,
    )


Ended = AppointmentRejected | AppointmentCancelled | AppointmentNoShow | AppointmentDisplaced
BRANCH_CLOSED = "branch_closed"


async def on_ended(tx: Transaction, batch: list[Received[Ended]]) -> None:
    """Let go of the room of an appointment that ended before its session, or lost its branch for a while."""
    events = [received.event for received in batch]
    await assignments.lock_rooms_of(tx, [event.appointment_id for event in events])
    gone = await assignments.release(
        tx,
        {
            "ids": [event.appointment_id for event in events],
            "attempts": [event.attempt for event in events],
            "versions": [event.version for event in events],
            "reasons": [_reason(event) for event in events],
        },
    )
    tx.announce(
        *(
            RoomReleased(
                appointment_id=row.appointment_id,
                attempt=row.attempt,
                assignment_version=row.assignment_version,
                branch_id=row.branch_id,
                room_id=row.room_id,
            )
            for row in gone
        )
    )


async def on_displaced(tx: Transaction, batch: list[Received[AppointmentDisplaced]]) -> None:
    """Let go of the rooms of a branch that is closed; every other displacement began here, and is known."""
    closed: list[Received[Any]] = [received for received in batch if received.event.reason == BRANCH_CLOSED]
    await on_ended(tx, closed)


def _reason(event: Ended) -> str:
    if isinstance(event, AppointmentDisplaced):
        return event.reason
    if isinstance(event, AppointmentRejected):
        return str(event.code)
    return "no_show" if isinstance(event, AppointmentNoShow) else f"cancelled: {event.reason}"
