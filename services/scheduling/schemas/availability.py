"""Free starts over HTTP."""

from datetime import date, datetime
from uuid import UUID

from pydantic import Field

from services.scheduling.domain.days import Shutter, Why
from shared.kit.body import Answer, example


class Slot(Answer):
    """A start that can be booked at this moment. `rooms_free`: rooms where one of these therapists could be placed."""

    starts_at: datetime
    ends_at: datetime
    branch_id: UUID
    treatment_id: UUID
    therapist_ids: list[UUID]
    rooms_free: int


class RoomView(Answer):
    """How fresh the view of a branch's rooms is. It comes from what room-equipment announces."""

    branch_id: UUID
    as_of: datetime | None = Field(
        description="When room-equipment said the newest of what is known here of these rooms. It stands still while"
        " nothing about them changes. Null: nothing has been heard of any room."
    )
    lag_seconds: float | None = Field(description="How long that took to arrive here.")
    rooms_behind: int = Field(
        description="Rooms of which something newer is known to wait (a dead letter): what is shown of them is old."
    )


_VIEW = {"branch_id": "01995a3e-7c00-7000-8000-00000000000b", "as_of": "2027-01-14T07:12:00.311Z",
         "lag_seconds": 0.006, "rooms_behind": 0}  # fmt: skip


class Slots(Answer):
    """In order of time; at one time in the order in which the branches were asked for."""

    model_config = example(
        slots=[
            {"starts_at": "2027-01-15T13:00:00Z", "ends_at": "2027-01-15T14:00:00Z",
             "branch_id": "01995a3e-7c00-7000-8000-00000000000b",
             "treatment_id": "01995a3e-7c00-7000-8000-00000000000d",
             "therapist_ids": ["01995a3e-7c00-7000-8000-00000000000e"], "rooms_free": 2}
        ],
        rooms=[_VIEW],
    )  # fmt: skip

    slots: list[Slot]
    rooms: list[RoomView]


class Closed(Answer):
    """`by` its hours, a closure of the branch, or closures of all its rooms; the closure's reason where it has one."""

    by: Shutter
    reason: str | None


class Day(Answer):
    """A local day of a branch. `reason` is there exactly when nothing is free."""

    branch_id: UUID
    date: date
    free: int = Field(description="Starts that can be booked now.")
    first_free: datetime | None
    reason: Why | None = Field(
        description="The first that holds: `past` (nothing left of the day, lead time included), `beyond_horizon`,"
        " `closed`, `no_shift` (or all away), `no_qualified_therapist` (certificate or load profile), `no_cleared_room`"
        " (`no_room` for a treatment without bars), `client_busy`, `fully_booked`."
    )
    closed: Closed | None = Field(description="What keeps it closed, where the reason is `closed`.")


class Days(Answer):
    """The branches in the order they were asked for, each day that has a start between `from` and `to`."""

    model_config = example(
        days=[
            {"branch_id": "01995a3e-7c00-7000-8000-00000000000b", "date": "2027-01-15", "free": 31,
             "first_free": "2027-01-15T09:00:00Z", "reason": None, "closed": None},
            {"branch_id": "01995a3e-7c00-7000-8000-00000000000b", "date": "2027-01-16", "free": 0,
             "first_free": None, "reason": "closed", "closed": {"by": "branch", "reason": "Renovation"}},
        ],
        rooms=[_VIEW],
    )  # fmt: skip

    days: list[Day]
    rooms: list[RoomView]
