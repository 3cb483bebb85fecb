"""A branch's closures over HTTP."""

from datetime import date, datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Field, model_validator

from services.scheduling.domain.appointment import Status
from services.scheduling.schemas.bookings import LocalTime
from services.scheduling.schemas.resources import Branch
from shared.kit.body import Answer, Body, Instant, Note, example

Day = Annotated[date, Field(ge=date(1970, 1, 1), le=date(2200, 12, 31))]


class NewClosure(Body):
    """From when to when, each said in one of three ways: an instant, the branch's clock, or a day of the branch.

    A day lasts as the branch works: to the end of the night that began in it. Without a start it is closed from now.
    """

    model_config = example(
        starts_on="2027-12-24",
        ends_at_local="2027-12-27T10:00:00",
        reason="Christmas",
    )

    starts_at: Instant | None = None
    starts_at_local: LocalTime | None = None
    starts_on: Day | None = Field(None, description="The first day on which it is closed.")
    ends_at: Instant | None = None
    ends_at_local: LocalTime | None = None
    ends_on: Day | None = Field(None, description="The last day on which it is closed.")
    reason: Note = ""

    @model_validator(mode="after")
    def _one_of_each(self) -> Self:
        if sum(value is not None for value in (self.starts_at, self.starts_at_local, self.starts_on)) > 1:
            raise ValueError("send one of starts_at, starts_at_local and starts_on")
        if sum(value is not None for value in (self.ends_at, self.ends_at_local, self.ends_on)) != 1:
            raise ValueError("send one of ends_at, ends_at_local and ends_on")
        return self


class Closure(Answer):
    """Half-open: a session may begin at `ends_at`."""

    id: UUID
    branch_id: UUID
    starts_at: datetime
    ends_at: datetime
    starts_at_local: datetime
    ends_at_local: datetime
    reason: str


class TouchedSession(Answer):
    """As it was before."""

    appointment_id: UUID
    status: Status
    starts_at: datetime
    ends_at: datetime
    treatment_id: UUID
    client_id: UUID
    therapist_id: UUID | None
    room_id: UUID | None


class Touched(Answer):
    """What a closure does to the sessions in it."""

    displaced: list[TouchedSession] = Field(description="They lose their room and wait for a person: `/v1/attention`.")
    refused: list[TouchedSession] = Field(description="Requests nobody has answered yet: `outside_opening_hours`.")
    waiting: list[TouchedSession] = Field(
        description="Another slot is being asked for. Whatever of them is in the closure then is displaced then."
    )
    already: list[TouchedSession] = Field(description="They wait for a person already, for another reason.")
    running: list[TouchedSession] = Field(description="They run, and are left alone.")


class ClosurePlanned(Touched):
    """What would be; nothing was written. Somebody else may change it meanwhile."""

    dry_run: Literal[True] = True
    starts_at: datetime
    ends_at: datetime


class ClosureRecorded(Closure, Touched):
    """The closure, and what it did."""


class ChangedBranch(Branch):
    """The branch as it is now, and the sessions to come outside of its hours: they stay, and a person decides."""

    dry_run: bool = False
    conflicts: list[TouchedSession]


Outcome = Literal["displaced", "restoring", "restored", "not_restored"]


class ClosureSession(Answer):
    """What became of a displaced session. `code` says why it was not restored: a refusal's code, `still_closed`,
    `moved_elsewhere`, or the status it has (`cancelled`, …).
    """

    appointment_id: UUID
    outcome: Outcome
    code: str | None


class ClosureDetail(Closure):
    """`ended_at`: when it was taken back."""

    ended_at: datetime | None
    sessions: list[ClosureSession]


class Reopened(Answer):
    """The closure that was taken back, and what becomes of each session it displaced."""

    dry_run: bool = False
    id: UUID
    branch_id: UUID
    starts_at: datetime
    ends_at: datetime
    reason: str
    sessions: list[ClosureSession]
