"""A branch's day sheet over HTTP."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from pydantic import Field

from shared.kit.body import Answer


class Stretch(Answer):
    starts_at: datetime
    ends_at: datetime


class Closed(Answer):
    starts_at: datetime
    ends_at: datetime | None
    reason: str


class BarStatus(Stretch):
    cleared: bool
    reason: str | None = Field(description="Why not, in room-equipment's words. Null: nobody has said.")


class SheetRoom(Answer):
    room_id: UUID
    code: str
    in_service: bool
    cleared: Literal["all_day", "partly", "not"]
    cleared_until: datetime | None = Field(description="From the day's start, or from now on it. Null: not, or no end.")
    bars: list[BarStatus] = Field(description="The day without a hole; of what is past, only what is known.")
    closures: list[Closed]


class SheetTherapist(Answer):
    therapist_id: UUID
    name: str
    shifts: list[Stretch]
    time_off: list[Stretch]


class SheetSession(Answer):
    appointment_id: UUID
    status: str
    starts_at: datetime
    ends_at: datetime
    treatment_name: str
    therapist_id: UUID | None
    therapist_name: str | None
    room_id: UUID | None
    room_code: str | None
    client_id: UUID
    client_name: str | None
    walk_in: bool


class SheetAttention(Answer):
    id: UUID
    appointment_id: UUID
    kind: str
    reason: str
    client_phone: str | None = Field(description="Whom to call: the only numbers on the sheet.")


class DaySheet(Answer):
    """A working day: from midnight, or the closing of the evening before, to where the next begins."""

    branch_id: UUID
    branch_code: str
    branch_name: str
    date: date
    timezone: str
    starts_at: datetime
    ends_at: datetime
    opening: list[Stretch]
    closures: list[Closed]
    rooms: list[SheetRoom]
    therapists: list[SheetTherapist]
    sessions: list[SheetSession]
    attention: list[SheetAttention]
    rooms_heard_at: datetime | None = Field(description="When the newest of what is said of rooms was heard.")
    computed_at: datetime
