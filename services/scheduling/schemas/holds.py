"""Holds and cancellation policies over HTTP."""

from datetime import datetime
from typing import Literal, Self
from uuid import UUID

from pydantic import Field, model_validator

from services.scheduling.schemas.bookings import LocalTime
from services.scheduling.schemas.resources import Price
from shared.kit.body import Answer, Body, Instant, Note, example

HoldState = Literal["held", "confirmed", "released", "expired"]


class NewHold(Body):
    """One of `starts_at` (with an offset) and `starts_at_local` (the branch's clock, without one) is needed."""

    model_config = example(
        branch_id="01995a3e-7c00-7000-8000-00000000000b",
        treatment_id="01995a3e-7c00-7000-8000-00000000000d",
        starts_at="2027-01-15T14:00:00+01:00",
        minutes=5,
    )

    branch_id: UUID
    treatment_id: UUID
    starts_at: Instant | None = Field(None, examples=["2027-01-15T14:00:00+01:00"])
    starts_at_local: LocalTime | None = Field(None, examples=["2027-01-15T14:00:00"])
    therapist_id: UUID | None = None
    room_id: UUID | None = Field(None, description="Wanted when it is confirmed; a hold keeps no room.")
    client_id: UUID | None = None
    minutes: int | None = Field(None, ge=1, le=60, description="How long; within the setting's limit.")

    @model_validator(mode="after")
    def _one_start(self) -> Self:
        if (self.starts_at is None) == (self.starts_at_local is None):
            raise ValueError("send either starts_at or starts_at_local")
        return self


class HoldConfirmation(Body):
    """`client_id` is needed if the hold names nobody."""

    client_id: UUID | None = None
    room_id: UUID | None = Field(None, description="Never swapped for another: this room, or a refusal.")
    room_flexible: bool = Field(True, description="Whether a displaced session may move to another room.")
    notes: Note | None = None


class Hold(Answer):
    """`state` is `expired` from `expires_at` on; the appointment of a confirmed one has the same id."""

    id: UUID
    state: HoldState
    branch_id: UUID
    treatment_id: UUID
    client_id: UUID | None
    therapist_id: UUID
    room_id: UUID | None
    starts_at: datetime
    ends_at: datetime
    created_at: datetime
    expires_at: datetime


class CancellationPolicy(Body):
    """For a branch and treatment; `null` means every one. A fee is a share of the price or an amount, or none."""

    model_config = example(free_until_minutes=720, fee_percent=50)

    branch_id: UUID | None = None
    treatment_id: UUID | None = None
    free_until_minutes: int = Field(ge=0, le=43200, description="Cancelling is free until so long before the start.")
    fee_percent: int | None = Field(None, ge=1, le=100, description="Of the price on the day it was booked.")
    fee: Price | None = None

    @model_validator(mode="after")
    def _one_fee(self) -> Self:
        if self.fee_percent is not None and self.fee is not None:
            raise ValueError("send either fee_percent or fee")
        if self.fee is not None and self.fee.amount == 0:
            raise ValueError("a fee of nothing is no fee: leave it out")
        return self


class KeptPolicy(Answer):
    id: UUID
    branch_id: UUID | None
    treatment_id: UUID | None
    free_until_minutes: int
    fee_percent: int | None
    fee: Price | None
    version: int
