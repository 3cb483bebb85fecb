"""The waitlist over HTTP."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import ConfigDict, Field, StringConstraints

from shared.kit.body import Answer, Body, Note, example

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
From = Annotated[str, StringConstraints(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
To = Annotated[str, StringConstraints(pattern=r"^(([01]\d|2[0-3]):[0-5]\d|24:00)$")]
State = Literal["waiting", "offered", "accepted", "booked", "withdrawn", "expired"]
OfferState = Literal["open", "accepted", "booked", "declined", "lapsed", "refused", "withdrawn"]


class NewWindow(Body):
    """Local days of each branch, both included, and what is wanted of them."""

    from_: date = Field(alias="from", description="The first local day.", ge=date(1970, 1, 1), le=date(2200, 12, 31))
    to: date = Field(description="The last local day.", ge=date(1970, 1, 1), le=date(2200, 12, 31))
    weekdays: list[Weekday] | None = Field(None, min_length=1, max_length=7, description="Only these; all without it.")
    time_from: From | None = Field(None, description="Only starts at or after this local time.", examples=["17:00"])
    time_to: To | None = Field(
        None, examples=["21:00"],
        description="Only starts before this local time. If it is not after `time_from`, the stretch goes over midnight"
        " and counts to the day it began.",
    )  # fmt: skip


_WINDOW = {"from": "2027-01-11", "to": "2027-01-24", "weekdays": ["fri", "sat"], "time_from": "17:00"}
_Branches = Annotated[list[UUID], Field(min_length=1, max_length=10, description="The one liked best first.")]
_Windows = Annotated[list[NewWindow], Field(min_length=1, max_length=8)]


class NewEntry(Body):
    """What somebody waits for: a treatment in any of these branches and windows."""

    model_config = example(
        client_id="01995a3e-7c00-7000-8000-00000000000c",
        treatment_id="01995a3e-7c00-7000-8000-00000000000d",
        branch_ids=["01995a3e-7c00-7000-8000-00000000000b"],
        windows=[_WINDOW],
    )

    client_id: UUID
    treatment_id: UUID
    branch_ids: _Branches
    windows: _Windows
    therapist_id: UUID | None = Field(None, description="Only this one; without it whoever is free.")
    notes: Note | None = None


class EntryChange(Body):
    """What is left out stays. Who asks for more, or for something else, goes to the end of the line."""

    model_config = example(notes="Also at short notice.")

    treatment_id: UUID | None = None
    branch_ids: _Branches | None = None
    windows: _Windows | None = None
    therapist_id: UUID | None = None
    notes: Note | None = None


class Window(Answer):
    model_config = ConfigDict(populate_by_name=True)

    from_: date = Field(alias="from")
    to: date
    weekdays: list[Weekday]
    time_from: str
    time_to: str


class Entry(Answer):
    """`position`: 1 for who is next for some of it; null once the entry has ended."""

    id: UUID
    state: State
    position: int | None = Field(
        description="One more than there are entries before it that want some of the same time of the same treatment"
        " and branch."
    )
    client_id: UUID
    treatment_id: UUID
    branch_ids: list[UUID]
    windows: list[Window]
    therapist_id: UUID | None
    notes: str | None
    passed_over_for: str | None = Field(
        description="Why nothing is offered for now, as far as is known here: what screening still needs."
    )
    offer_id: UUID | None = Field(description="The latest offer: the one to answer while the state is `offered`.")
    missed: int = Field(description="Offers in a row that lapsed without an answer.")
    ended_for: str | None = Field(description="Why it is `expired`: `window_passed` or `unanswered`.")
    version: int
    created_at: datetime
    updated_at: datetime


class Offer(Answer):
    """A slot held for one client until `expires_at`. If it is accepted, the appointment has the same id."""

    id: UUID
    entry_id: UUID
    state: OfferState
    branch_id: UUID
    treatment_id: UUID
    client_id: UUID
    therapist_id: UUID
    starts_at: datetime
    ends_at: datetime
    created_at: datetime
    expires_at: datetime
    answered_at: datetime | None
    answered_by: str | None
    code: str | None = Field(description="Why its booking was refused.")


class OfferLetter(Answer):
    """What a letter to a client says of an offer now. `address`: where it is answered; null without a key."""

    id: UUID
    state: OfferState
    treatment_id: UUID
    therapist_id: UUID
    starts_at: datetime
    expires_at: datetime
    address: str | None
