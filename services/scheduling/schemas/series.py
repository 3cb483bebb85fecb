"""Series over HTTP."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from pydantic import Field

from services.scheduling.domain.series import Choice, State
from services.scheduling.domain.status import Status
from services.scheduling.schemas.availability import Slot
from services.scheduling.schemas.bookings import Cancellation, LocalTime
from shared.kit.body import Answer, Body, example

OnConflict = Literal["skip", "refuse_all"]


class NewSeries(Body):
    """`rrule` (RFC 5545, with COUNT or UNTIL) is read in the branch's wall time: a clock change keeps the hour."""

    model_config = example(
        branch_id="01995a3e-7c00-7000-8000-00000000000b",
        treatment_id="01995a3e-7c00-7000-8000-00000000000d",
        client_id="01995a3e-7c00-7000-8000-00000000000c",
        starts_at_local="2027-01-15T14:00:00",
        rrule="FREQ=WEEKLY;COUNT=6",
        on_conflict="skip",
    )

    branch_id: UUID
    treatment_id: UUID
    client_id: UUID
    therapist_id: UUID | None = Field(None, description="Exactly this one on every date.")
    starts_at_local: LocalTime = Field(description="The first start, by the branch's clock; a day of the rule.")
    rrule: str = Field(
        min_length=1, max_length=200, examples=["FREQ=WEEKLY;BYDAY=FR;UNTIL=20270625"],
        description="At most 60 dates (house rule). An UNTIL without a time holds through its day.",
    )  # fmt: skip
    repeated_hour: Choice = Field(
        Choice.FIRST, description="Which one is meant on a date whose clock shows the time twice."
    )
    on_conflict: OnConflict = Field(
        "skip", description="`skip` books what can be had; `refuse_all` books all dates or none."
    )


class SeriesConfirmation(Body):
    on_conflict: OnConflict | None = Field(None, description="Null: as planned.")


class SeriesCancellation(Cancellation):
    from_date: date | None = Field(None, description="The first local day to give up; null: whatever is to come.")


class SeriesDate(Answer):
    """`starts_at` is null where the clock jumps over the time. `alternatives` are not held for anyone."""

    starts_at_local: datetime
    starts_at: datetime | None
    ends_at: datetime | None
    status: Status | Literal["planned", "refused", "skipped", "dropped"] = Field(
        description="Of its appointment, once it has one. Before that `planned`, or `refused` as it would be now;"
        " `skipped` and `dropped`: never asked for."
    )
    code: str | None = Field(description="Why it was or would be refused.")
    detail: str | None = Field(description="The same in a sentence, with what helps.")
    alternatives: list[Slot]
    repeated_hour: bool = Field(description="The clock shows this time twice on this date.")
    client_busy: bool = Field(description="The client had another session at this time when it was planned.")
    rooms_free: int | None = Field(description="As far as was known when it was planned; advice.")
    appointment_id: UUID | None
    detached: bool = Field(description="It was moved by itself: cancelling the rest leaves it alone.")


class SeriesHead(Answer):
    """`planned`: nothing is booked, and after a day it is forgotten."""

    id: UUID
    state: State
    branch_id: UUID
    treatment_id: UUID
    client_id: UUID
    therapist_id: UUID | None
    starts_at_local: datetime
    rrule: str
    timezone: str
    repeated_hour: Choice
    on_conflict: OnConflict
    created_at: datetime
    screening: Literal["asked", "answered", "not_needed"] = Field(
        description="`asked`: its answer has not come yet; until then no date has a code of screening."
    )
    counts: dict[str, int] = Field(description="How many dates have each status.")


class Series(SeriesHead):
    dates: list[SeriesDate]
