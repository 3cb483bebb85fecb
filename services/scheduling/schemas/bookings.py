"""Appointments over HTTP."""

from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, Field, NaiveDatetime, model_validator

from services.scheduling.domain.appointment import Status
from shared.kit.body import Answer, Body, Instant, Note, example


def _local_year(value: datetime) -> datetime:
    if not 1970 <= value.year <= 2200:
        raise ValueError("the year must lie between 1970 and 2200")
    return value


LocalTime = Annotated[NaiveDatetime, AfterValidator(_local_year)]


class NewAppointment(Body):
    """One of `starts_at` (with an offset) and `starts_at_local` (the branch's clock, without one) is needed."""

    model_config = example(
        branch_id="01995a3e-7c00-7000-8000-00000000000b",
        treatment_id="01995a3e-7c00-7000-8000-00000000000d",
        client_id="01995a3e-7c00-7000-8000-00000000000c",
        starts_at="2027-01-15T14:00:00+01:00",
        therapist_id="01995a3e-7c00-7000-8000-00000000000e",
    )

    branch_id: UUID
    treatment_id: UUID
    client_id: UUID
    starts_at: Instant | None = Field(None, examples=["2027-01-15T14:00:00+01:00"])
    starts_at_local: LocalTime | None = Field(None, examples=["2027-01-15T14:00:00"])
    therapist_id: UUID | None = None
    room_id: UUID | None = Field(None, description="Never swapped for another: this room, or a refusal.")
    room_flexible: bool = Field(True, description="Whether a displaced session may move to another room.")
    notes: Note | None = None
    walk_in: bool = Field(False, description="Starts this minute, instead of `starts_at`.")
    hold_id: UUID | None = Field(None, description="Book what is held; the rest must be what is held.")

    @model_validator(mode="after")
    def _one_start(self) -> Self:
        if [self.starts_at is not None, self.starts_at_local is not None, self.walk_in].count(True) != 1:
            raise ValueError("send either starts_at or starts_at_local, or walk_in")
        if self.walk_in and self.hold_id is not None:
            raise ValueError("who walks in has held nothing: leave hold_id out")
        return self


class Money(Answer):
    """`amount` in the currency's smallest unit."""

    amount: int
    currency: str


class CancellationTerms(Answer):
    """What cancelling by the client would cost now, by the policy it was booked under. A flag: nothing is charged."""

    free_now: bool
    free_until: datetime
    late_fee: Money | None = Field(description="What a late cancel is marked with.")


class Cancelled(Answer):
    reason: str
    code: str | None
    by: str
    late: bool
    fee: Money | None


class Appointment(Answer):
    id: UUID
    status: Status
    version: int
    attempt: int
    branch_id: UUID
    treatment_id: UUID
    client_id: UUID
    therapist_id: UUID | None
    room_id: UUID | None
    room_flexible: bool
    starts_at: datetime
    ends_at: datetime
    starts_at_local: datetime
    timezone: str
    code: str | None = Field(description="Why it, or the last new slot asked for it, was refused.")
    cancellation: CancellationTerms | None = Field(description="Null when there is nothing left to cancel.")
    cancel_reason: str | None
    cancelled: Cancelled | None
    walk_in: bool
    notes: str | None
    started_at: datetime | None
    finished_at: datetime | None
    created_at: datetime


class HistoryEntry(Answer):
    version: int
    at: datetime
    status: Status
    attempt: int
    therapist_id: UUID | None
    room_id: UUID | None
    starts_at: datetime
    code: str | None
    actor: str


class History(Answer):
    items: list[HistoryEntry]


class Reschedule(Body):
    """The new start, and what else is to change. What is left out stays: a therapist or room that was named is kept."""

    model_config = example(starts_at="2027-01-15T16:00:00+01:00")

    starts_at: Instant | None = Field(None, examples=["2027-01-15T16:00:00+01:00"])
    starts_at_local: LocalTime | None = Field(None, examples=["2027-01-15T16:00:00"])
    therapist_id: UUID | None = Field(None, description="Exactly this one. `null`: whoever is free.")
    room_id: UUID | None = Field(None, description="Exactly this room, or a refusal. `null`: whichever is free.")
    branch_id: UUID | None = Field(None, description="Another branch of the chain.")
    reason: Literal["client", "branch"] = Field(
        "client", description="Whose wish it is. A client's, once cancelling is late, stays late at the new time."
    )

    @model_validator(mode="after")
    def _one_start(self) -> Self:
        if (self.starts_at is None) == (self.starts_at_local is None):
            raise ValueError("send either starts_at or starts_at_local")
        return self


class Cancellation(Body):
    """`reason`: whose wish it is; a branch's is always free. `code`: why."""

    reason: Literal["client", "branch"] = "client"
    code: Literal["illness", "schedule", "travel", "weather", "mistake", "staff", "equipment", "other"] | None = None
