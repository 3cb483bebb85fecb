"""What room-equipment announces: rooms and bars (key room_id), assignments and sessions (key appointment_id)."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from shared.events.base import Event, Word
from shared.events.codes import GapReason, Refusal


class RoomRegistered(Event, type="caibei.room-equipment.room.registered.v1", key="room_id"):
    room_id: UUID
    version: int
    branch_id: UUID
    code: str
    turnover_minutes: int
    in_service: bool = True


class RoomChanged(Event, type="caibei.room-equipment.room.changed.v1", key="room_id"):
    room_id: UUID
    version: int
    branch_id: UUID
    code: str
    turnover_minutes: int
    in_service: bool = True


class ClearancePeriod(BaseModel):
    """Half-open. `excluded_therapist_ids`: whose load is over this period's limit (no number leaves)."""

    starts_at: datetime
    ends_at: datetime | None
    excluded_therapist_ids: list[UUID] = []


class ClearanceGap(BaseModel):
    """Half-open; without an end while nobody acts."""

    starts_at: datetime
    ends_at: datetime | None
    reason: GapReason


class RoomClearanceChanged(Event, type="caibei.room-equipment.room.clearance-changed.v1", key="room_id"):
    """All periods from now on in which back-stepping may happen in this room, and why not between and behind them;
    replaces what was said before. `gaps` is empty from an announcer that did not say them yet."""

    room_id: UUID
    branch_id: UUID
    version: int
    periods: list[ClearancePeriod]
    gaps: list[ClearanceGap] = Field(default_factory=list)


class Closure(BaseModel):
    """Half-open; without an end while nobody knows when the room is usable again."""

    starts_at: datetime
    ends_at: datetime | None
    reason: Word | None = None


class RoomClosuresChanged(Event, type="caibei.room-equipment.room.closures-changed.v1", key="room_id"):
    """All times from now on in which no session of any kind may be in this room; replaces what was said before."""

    room_id: UUID
    branch_id: UUID
    version: int
    closures: list[Closure]


class LoadProfileChanged(Event, type="caibei.room-equipment.load-profile.changed.v1", key="therapist_id"):
    therapist_id: UUID
    version: int
    state: Literal["valid", "stale", "missing"]


class _Assignment(Event):
    """`assignment_version` rises with every change of one appointment's assignment; an older one is not applied."""

    appointment_id: UUID
    attempt: int
    assignment_version: int
    branch_id: UUID
    room_id: UUID


class RoomAssigned(_Assignment, type="caibei.room-equipment.room.assigned.v1", key="appointment_id"):
    """`ends_at` is the session's end; the room is blocked until `blocked_until` (turnover included).

    `treatment_id`: what the room was assigned for; null from an announcer that did not say it yet.
    """

    therapist_id: UUID
    treatment_id: UUID | None = None
    starts_at: datetime
    ends_at: datetime
    blocked_until: datetime


class RoomUnavailable(Event, type="caibei.room-equipment.room.unavailable.v1", key="appointment_id"):
    """No room for this attempt. With `room_not_certified`, `gap_reason` says why and `gap_at` from when."""

    appointment_id: UUID
    attempt: int
    branch_id: UUID
    code: Refusal
    room_id: UUID | None = None
    gap_reason: GapReason | None = None
    gap_at: datetime | None = None


class RoomReassigned(_Assignment, type="caibei.room-equipment.room.reassigned.v1", key="appointment_id"):
    """Displaced and kept at its time, in another cleared room."""

    previous_room_id: UUID
    starts_at: datetime
    ends_at: datetime
    blocked_until: datetime
    reason: Word


class RoomRevoked(_Assignment, type="caibei.room-equipment.room.revoked.v1", key="appointment_id"):
    """Displaced with no room left at its time; `room_id` is the room it lost."""

    reason: Word


class RoomReleased(_Assignment, type="caibei.room-equipment.room.released.v1", key="appointment_id"):
    """Given back because the appointment ended before its session (rejected, cancelled, no show)."""


class SessionStarted(_Assignment, type="caibei.room-equipment.session.started.v1", key="appointment_id"):
    therapist_id: UUID
    started_at: datetime
    ends_at: datetime
    blocked_until: datetime


class SessionFinished(_Assignment, type="caibei.room-equipment.session.finished.v1", key="appointment_id"):
    result: Literal["completed", "aborted"]
    finished_at: datetime


class SessionAtRisk(_Assignment, type="caibei.room-equipment.session.at-risk.v1", key="appointment_id"):
    """A bar failed under a running session, or its room closes before its end (`bar_id` null, `at_risk_at` maybe still
    to come): the branch must be told at once."""

    bar_id: UUID | None
    at_risk_at: datetime
    reason: Word | None = None


class SessionOverran(_Assignment, type="caibei.room-equipment.session.overran.v1", key="appointment_id"):
    """Not finished when its time and turnover were over. `delayed_appointment_ids`: sessions of this room or therapist
    that should have begun by now and cannot."""

    therapist_id: UUID
    blocked_until: datetime
    overran_at: datetime
    delayed_appointment_ids: Annotated[list[UUID], Field(default_factory=list)]


class TherapistStoodDown(
    _Assignment, type="caibei.room-equipment.session.therapist-stood-down.v1", key="appointment_id"
):
    """At the door the assigned therapist stated that she cannot perform: the session needs another. Not why."""

    therapist_id: UUID
    stated_at: datetime


class _Bar(Event):
    room_id: UUID
    bar_id: UUID
    branch_id: UUID


class BarInspectionPassed(_Bar, type="caibei.room-equipment.bar.inspection-passed.v1", key="room_id"):
    inspection_id: UUID
    valid_until: datetime


class BarInspectionFailed(_Bar, type="caibei.room-equipment.bar.inspection-failed.v1", key="room_id"):
    inspection_id: UUID


class BarInspectionDue(_Bar, type="caibei.room-equipment.bar.inspection-due.v1", key="room_id"):
    days_left: int
    valid_until: datetime


class BarInspectionExpired(_Bar, type="caibei.room-equipment.bar.inspection-expired.v1", key="room_id"):
    valid_until: datetime


class BarLockedOut(_Bar, type="caibei.room-equipment.bar.locked-out.v1", key="room_id"):
    lockout_id: UUID
    reason: Word


class BarReleased(_Bar, type="caibei.room-equipment.bar.released.v1", key="room_id"):
    lockout_id: UUID
    inspection_id: UUID


class _Equipment(Event):
    """What carries a leaning therapist and is no bar: a strap, a handle, a frame."""

    room_id: UUID
    equipment_id: UUID
    branch_id: UUID


class EquipmentInspectionPassed(_Equipment, type="caibei.room-equipment.equipment.inspection-passed.v1", key="room_id"):
    inspection_id: UUID
    valid_until: datetime


class EquipmentInspectionFailed(_Equipment, type="caibei.room-equipment.equipment.inspection-failed.v1", key="room_id"):
    inspection_id: UUID


class EquipmentInspectionDue(_Equipment, type="caibei.room-equipment.equipment.inspection-due.v1", key="room_id"):
    days_left: int
    valid_until: datetime


class EquipmentInspectionExpired(
    _Equipment, type="caibei.room-equipment.equipment.inspection-expired.v1", key="room_id"
):
    valid_until: datetime


class ClientForgottenByRooms(Event, type="caibei.room-equipment.client.forgotten.v1", key="client_id"):
    """Scheduling erased this client, and no assignment names them any more."""

    client_id: UUID
