"""Reports over HTTP. What each number is, exactly: docs/rules.md, "Reports"."""

from datetime import date, datetime
from typing import Generic, Literal, TypeVar
from uuid import UUID

from pydantic import Field

from services.scheduling.schemas.bookings import Money
from shared.kit.body import Answer


class Row(Answer):
    """What is not split by is null. `first_day`: of the stretch of local days this row counts."""

    first_day: date
    branch_id: UUID | None
    branch_code: str | None
    branch_name: str | None
    treatment_id: UUID | None
    treatment_code: str | None
    treatment_name: str | None
    therapist_id: UUID | None
    therapist_code: str | None
    therapist_name: str | None


class Utilisation(Row):
    sessions: int = Field(description="Those that start in it.")
    available_minutes: int = Field(description="On shift while the branch is open, less time off and closures.")
    booked_minutes: int = Field(description="With at least one session, available or not.")
    booked_outside_minutes: int = Field(description="Of these, those that were not available: overtime.")
    utilisation: float | None = Field(description="Booked and available / available. Null: nothing was available.")


class Cancellations(Row):
    booked: int = Field(description="Sessions confirmed at some time, whatever became of them.")
    cancelled: int
    cancelled_by_reason: dict[str, int]
    late: int = Field(description="Cancelled by the client after the policy's time.")
    no_shows: int
    attended: int
    withdrawn: int = Field(description="Cancelled before they were ever confirmed: not in `booked`.")
    cancellation_rate: float | None = Field(description="cancelled / booked")
    no_show_rate: float | None = Field(description="no_shows / (no_shows + attended)")
    late_fees: list[Money] = Field(description="Marked, not charged. Each currency apart.")


class Displaced(Row):
    booked: int
    displaced: int = Field(description="Lost their room, or their time to a closure, at least once.")
    moved: int = Field(description="Of these: kept their time in another room, without a person.")
    put_to_a_person: int
    open: int = Field(description="Of those put to a person: nobody has chosen yet.")
    kept: int = Field(description="A place was found, at their time or another.")
    cancelled: int
    displaced_rate: float | None = Field(description="displaced / booked")


class Revenue(Row):
    """One row a currency; amounts in its smallest unit, by the price each session was booked at."""

    currency: str | None = Field(description="Null: sessions without a price.")
    completed: int
    earned: int = Field(description="Of completed sessions.")
    expected_sessions: int
    expected: int = Field(description="Of those that are still to come or run.")
    no_shows: int
    no_show_value: int = Field(description="What no-shows would have cost: not earned.")
    late_fees: int = Field(description="Of late cancellations. Marked, not charged.")


R = TypeVar("R", bound=Row)


class Report(Answer, Generic[R]):
    from_: date = Field(serialization_alias="from")
    to: date
    by: list[Literal["chain", "branch", "treatment", "therapist"]]
    per: Literal["period", "day", "week", "month"]
    computed_at: datetime
    items: list[R]
