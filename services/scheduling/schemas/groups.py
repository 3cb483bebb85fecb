"""Couples and groups over HTTP."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from pydantic import Field, model_validator

from services.scheduling.domain.groups import GroupStatus
from services.scheduling.schemas.availability import RoomView
from services.scheduling.schemas.bookings import Appointment, LocalTime
from shared.kit.body import Answer, Body, Instant, Note, example

MOST = 10
"""House rule, not a standard."""


class Member(Body):
    """One client of a group. A room named is that room or a refusal; a room is for one session at a time."""

    client_id: UUID
    treatment_id: UUID
    therapist_id: UUID | None = None
    room_id: UUID | None = None
    room_flexible: bool = Field(True, description="Whether a displaced session may move to another room.")
    notes: Note | None = None


class NewGroup(Body):
    """All members or none. One of `starts_at` and `starts_at_local` (the branch's clock, no offset) is needed."""

    model_config = example(
        branch_id="01995a3e-7c00-7000-8000-00000000000b",
        starts_at="2027-01-15T14:00:00+01:00",
        members=[
            {"client_id": "01995a3e-7c00-7000-8000-00000000000c",
             "treatment_id": "01995a3e-7c00-7000-8000-00000000000d"},
            {"client_id": "01995a3e-7c00-7000-8000-00000000001c",
             "treatment_id": "01995a3e-7c00-7000-8000-00000000000d",
             "therapist_id": "01995a3e-7c00-7000-8000-00000000000e"},
        ],
    )  # fmt: skip

    branch_id: UUID
    starts_at: Instant | None = Field(None, examples=["2027-01-15T14:00:00+01:00"])
    starts_at_local: LocalTime | None = Field(None, examples=["2027-01-15T14:00:00"])
    members: list[Member] = Field(min_length=2, max_length=MOST)

    @model_validator(mode="after")
    def _one_start(self) -> Self:
        if (self.starts_at is None) == (self.starts_at_local is None):
            raise ValueError("send either starts_at or starts_at_local")
        for noun in ("client", "therapist", "room"):
            self._twice(noun, [getattr(member, f"{noun}_id") for member in self.members])
        return self

    @staticmethod
    def _twice(noun: str, named: Sequence[Any]) -> None:
        ids = [id for id in named if id is not None]
        if len(set(ids)) < len(ids):
            raise ValueError(f"a {noun} is named twice: nobody has two sessions, and no room takes two, at one time")


class Group(Answer):
    """`incomplete`: some have their session and another has not, or not any more; see the members."""

    id: UUID
    branch_id: UUID
    status: GroupStatus
    starts_at: datetime
    created_at: datetime
    members: list[Appointment]


class GroupSlot(Answer):
    """`therapist_ids`: one way to give each member, in their order, a therapist. `ends_at`: of the longest session."""

    starts_at: datetime
    ends_at: datetime
    branch_id: UUID
    therapist_ids: list[UUID]
    rooms_free: int


class GroupSlots(Answer):
    model_config = example(
        slots=[
            {"starts_at": "2027-01-15T13:00:00Z", "ends_at": "2027-01-15T14:00:00Z",
             "branch_id": "01995a3e-7c00-7000-8000-00000000000b",
             "therapist_ids": ["01995a3e-7c00-7000-8000-00000000000e", "01995a3e-7c00-7000-8000-00000000001e"],
             "rooms_free": 2}
        ],
        rooms=[
            {"branch_id": "01995a3e-7c00-7000-8000-00000000000b", "as_of": "2027-01-14T07:12:00.311Z",
             "lag_seconds": 0.006, "rooms_behind": 0}
        ],
    )  # fmt: skip

    slots: list[GroupSlot]
    rooms: list[RoomView]
