"""What scheduling announces: the chain's people and places, and each appointment's way through the saga."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from shared.events.base import Event, Word
from shared.events.codes import Refusal

OpeningHours = dict[str, list[tuple[str, str]]]
"""{"mon": [["10:00", "22:00"]], …} in the branch's wall time; an end at or before its start is on the next day."""


class BranchRegistered(Event, type="caibei.scheduling.branch.registered.v1", key="branch_id"):
    branch_id: UUID
    version: int
    code: str
    timezone: str
    opening_hours: OpeningHours


class BranchChanged(Event, type="caibei.scheduling.branch.changed.v1", key="branch_id"):
    branch_id: UUID
    version: int
    code: str
    timezone: str
    opening_hours: OpeningHours


class BranchClockChanged(Event, type="caibei.scheduling.branch.clock-changed.v1", key="branch_id"):
    """The rules of its time zone are others: what was to come keeps its wall time. `sessions`: how many are to follow,
    each announced when it has; the others are counted as they were laid out anew or let go."""

    branch_id: UUID
    timezone: str
    rules: Word
    sessions: int
    shifts: int
    closures: int
    holds: int


class BranchClockSettled(Event, type="caibei.scheduling.branch.clock-settled.v1", key="branch_id"):
    """Every session that was to follow has, or waits for a person (`conflicts`)."""

    branch_id: UUID
    timezone: str
    rules: Word
    moved: int
    conflicts: int


class TreatmentRegistered(Event, type="caibei.scheduling.treatment.registered.v1", key="treatment_id"):
    treatment_id: UUID
    version: int
    code: str
    duration_minutes: int
    turnover_minutes: int
    requires_bar: bool
    skill: str | None
    screening_protocol: str | None


class TreatmentChanged(Event, type="caibei.scheduling.treatment.changed.v1", key="treatment_id"):
    treatment_id: UUID
    version: int
    code: str
    duration_minutes: int
    turnover_minutes: int
    requires_bar: bool
    skill: str | None
    screening_protocol: str | None


class TherapistRegistered(Event, type="caibei.scheduling.therapist.registered.v1", key="therapist_id"):
    therapist_id: UUID
    version: int
    branch_ids: list[UUID]
    active: bool = True


class TherapistChanged(Event, type="caibei.scheduling.therapist.changed.v1", key="therapist_id"):
    therapist_id: UUID
    version: int
    branch_ids: list[UUID]
    active: bool = True


class ClientRegistered(Event, type="caibei.scheduling.client.registered.v1", key="client_id"):
    client_id: UUID
    version: int
    branch_ids: list[UUID]


class ClientChanged(Event, type="caibei.scheduling.client.changed.v1", key="client_id"):
    client_id: UUID
    version: int
    branch_ids: list[UUID]


class ClientErased(Event, type="caibei.scheduling.client.erased.v1", key="client_id"):
    client_id: UUID
    version: int


class _Appointment(Event):
    """What every fact of an appointment says. `version` rises with each change of the appointment."""

    appointment_id: UUID
    version: int
    attempt: int
    branch_id: UUID
    treatment_id: UUID
    client_id: UUID | None
    therapist_id: UUID | None
    room_id: UUID | None
    starts_at: datetime
    ends_at: datetime


class AppointmentRequested(_Appointment, type="caibei.scheduling.appointment.requested.v1", key="appointment_id"):
    """Screening and room-equipment each answer this, with the same `attempt`.

    `room_id` is set only when that room was named; it is then that room or a refusal.
    `attempt` rises when the saga asks again (next therapist, new time); an answer to an older one changes nothing.
    """

    turnover_minutes: int
    requires_bar: bool
    room_flexible: bool
    screening_protocol: str | None


class SeriesPlanned(Event, type="caibei.scheduling.series.planned.v1", key="series_id"):
    """Sessions that a client may want, of which nothing is booked: screening says of each whether it could be.

    `starts_at` and `ends_at` are of the same length.
    """

    series_id: UUID
    branch_id: UUID
    client_id: UUID
    screening_protocol: str
    starts_at: list[datetime]
    ends_at: list[datetime]


class AppointmentRescheduleRequested(
    _Appointment, type="caibei.scheduling.appointment.reschedule-requested.v1", key="appointment_id"
):
    """A new slot is wanted for an appointment that keeps its old one. Screening alone answers, with this `attempt`."""

    turnover_minutes: int
    requires_bar: bool
    room_flexible: bool
    screening_protocol: str | None


class AppointmentMoveRequested(
    _Appointment, type="caibei.scheduling.appointment.move-requested.v1", key="appointment_id"
):
    """Screening allows the new slot: room-equipment moves the assignment in place, or refuses and leaves it as it is.

    Its answer decides. Heard after `not_after` it is a refusal: `timed_out`.
    """

    turnover_minutes: int
    requires_bar: bool
    room_flexible: bool
    screening_protocol: str | None
    not_after: datetime


class AppointmentRescheduleRefused(
    _Appointment, type="caibei.scheduling.appointment.reschedule-refused.v1", key="appointment_id"
):
    """The new slot is not to be had; the appointment stands as these facts say, as before."""

    code: Refusal


class AppointmentConfirmed(_Appointment, type="caibei.scheduling.appointment.confirmed.v1", key="appointment_id"):
    assignment_version: int


class AppointmentRejected(_Appointment, type="caibei.scheduling.appointment.rejected.v1", key="appointment_id"):
    """Room-equipment releases what it holds for this appointment."""

    code: Refusal


class AppointmentRescheduled(_Appointment, type="caibei.scheduling.appointment.rescheduled.v1", key="appointment_id"):
    """`reason`: why, if nobody asked for it."""

    previous_starts_at: datetime
    reason: Word | None = None


class AppointmentCancelled(_Appointment, type="caibei.scheduling.appointment.cancelled.v1", key="appointment_id"):
    """Room-equipment releases what it holds for this appointment."""

    reason: Literal["client", "branch", "displaced", "screening", "erased"]
    late: bool = False


class AppointmentCheckedIn(_Appointment, type="caibei.scheduling.appointment.checked-in.v1", key="appointment_id"):
    pass


class AppointmentNoShow(_Appointment, type="caibei.scheduling.appointment.no-show.v1", key="appointment_id"):
    """Room-equipment releases what it holds for this appointment."""


class AppointmentStarted(_Appointment, type="caibei.scheduling.appointment.started.v1", key="appointment_id"):
    pass


class AppointmentCompleted(_Appointment, type="caibei.scheduling.appointment.completed.v1", key="appointment_id"):
    result: Literal["completed", "aborted"]


class AppointmentDisplaced(_Appointment, type="caibei.scheduling.appointment.displaced.v1", key="appointment_id"):
    """A room was lost: moved to another at the same time (`moved`), or waiting for a person (`room_id` is null)."""

    moved: bool
    previous_room_id: UUID | None
    reason: Word


class WaitlistOffered(Event, type="caibei.scheduling.waitlist.offered.v1", key="offer_id"):
    """A slot is held for somebody in line until `expires_at`. If they accept, the appointment has the offer's id."""

    offer_id: UUID
    entry_id: UUID
    branch_id: UUID
    treatment_id: UUID
    client_id: UUID
    therapist_id: UUID
    starts_at: datetime
    ends_at: datetime
    expires_at: datetime


class WaitlistOfferEnded(Event, type="caibei.scheduling.waitlist.offer-ended.v1", key="offer_id"):
    """`accepted`: the booking was asked for. Otherwise the slot goes to the next in line, or is free."""

    offer_id: UUID
    entry_id: UUID
    branch_id: UUID
    outcome: Literal["accepted", "declined", "lapsed", "refused", "withdrawn"]


class AppointmentEscalated(_Appointment, type="caibei.scheduling.appointment.escalated.v1", key="appointment_id"):
    """It begins soon, needs another slot, and nobody has acted: said once for an attention item."""

    attention_id: UUID
    kind: Word
    owner: Literal["manager"]


class AppointmentCallRequested(
    _Appointment, type="caibei.scheduling.appointment.call-requested.v1", key="appointment_id"
):
    """Its client wants to be called instead of choosing another slot: said once for an attention item."""

    attention_id: UUID
