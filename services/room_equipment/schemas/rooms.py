"""Rooms and their clearance."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from services.room_equipment.domain.clearance import Reason
from services.room_equipment.schemas.values import DisplacedLists, Minutes, Number
from shared.kit.body import Answer, Body, Code, Name, example

Bars = Annotated[int, Field(ge=1, le=20)]


class NewRoom(Body):
    model_config = example(
        branch_id="01995a3e-7c00-7000-8000-00000000000b",
        code="R3",
        name="Bamboo",
        bars_required=2,
    )

    branch_id: UUID
    code: Code
    name: Name | None = None
    turnover_minutes: Minutes | None = Field(None, description="House rule where it is not given: 15.")
    bars_required: Bars = 1
    in_service: bool = True


class RoomPatch(Body):
    """A merge patch: what is not sent stays."""

    code: Code | None = None
    name: Name | None = None
    turnover_minutes: Minutes | None = Field(None, description="Concerns new sessions only.")
    bars_required: Bars | None = Field(None, description="Lowering it needs rooms:inspect.")
    in_service: bool | None = Field(None, description="False displaces every session of the room.")


class RoomAnswer(Answer):
    id: UUID
    version: int
    branch_id: UUID
    code: str
    name: str
    turnover_minutes: int
    bars_required: int
    in_service: bool


class RoomChangeAnswer(RoomAnswer, DisplacedLists):
    """The room, and what its change did to sessions."""


class Period(Answer):
    """Half-open. Cleared by these inspections for loads up to `max_load_kg`."""

    starts_at: datetime
    ends_at: datetime
    max_load_kg: Number
    inspection_ids: list[UUID]


class GapAnswer(Answer):
    """Half-open; `reason` says why the room is not cleared."""

    starts_at: datetime
    ends_at: datetime
    reason: Reason


class ClearanceAnswer(Answer):
    room_id: UUID
    periods: list[Period]
    gaps: list[GapAnswer]
