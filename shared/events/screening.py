"""What screening announces: yes or no to an appointment, and a client's standing. Never an answer or a condition."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from shared.events.base import Event
from shared.events.codes import Refusal

Outcome = Literal["cleared", "clearance_required", "deferred", "declined"]


class AppointmentCleared(Event, type="caibei.screening.appointment.cleared.v1", key="appointment_id"):
    appointment_id: UUID
    attempt: int
    client_id: UUID | None


class AppointmentBlocked(Event, type="caibei.screening.appointment.blocked.v1", key="appointment_id"):
    appointment_id: UUID
    attempt: int
    client_id: UUID | None
    code: Refusal


class SeriesJudged(Event, type="caibei.screening.series.judged.v1", key="series_id"):
    """Of each session of a planned series the code that a booking would be refused with now, or null; no promise."""

    series_id: UUID
    client_id: UUID
    starts_at: list[datetime]
    codes: list[Refusal | None]


class StandingChanged(Event, type="caibei.screening.standing.changed.v1", key="client_id"):
    """A client's standing for one protocol: the outcome and how long it holds, never why."""

    client_id: UUID
    version: int
    protocol: str
    outcome: Outcome
    valid_until: date | None


class StandingExpired(Event, type="caibei.screening.standing.expired.v1", key="client_id"):
    client_id: UUID
    version: int
    protocol: str


class StandingEnding(Event, type="caibei.screening.standing.ending.v1", key="client_id"):
    """New answers are needed before this session; said once, some days ahead (a house rule), never why."""

    client_id: UUID
    version: int
    protocol: str
    appointment_id: UUID
    branch_id: UUID
    starts_at: datetime
    invitation_id: UUID | None = None


class InvitationIssued(Event, type="caibei.screening.invitation.issued.v1", key="client_id"):
    """The client is to be sent a link to their own page. The link is a secret and in no event."""

    invitation_id: UUID
    client_id: UUID
    branch_id: UUID
    expires_at: datetime


class AnswersErased(Event, type="caibei.screening.answers.erased.v1", key="client_id"):
    """The key of this client's vault is destroyed."""

    client_id: UUID
    version: int


class ClientForgottenByScreening(Event, type="caibei.screening.client.forgotten.v1", key="client_id"):
    """Scheduling erased this client, and nothing of theirs can be read in screening any more."""

    client_id: UUID
