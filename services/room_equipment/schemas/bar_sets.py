"""Bar sets and moves."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from services.room_equipment.schemas.values import DisplacedLists
from shared.kit.body import Answer, Body, Name, example

BarIds = Annotated[list[UUID], Field(min_length=1, max_length=20)]


class NewBarSet(Body):
    model_config = example(
        room_id="01995a3e-7c00-7000-8000-00000000000f",
        name="Oak frame",
        bar_ids=["01995a3e-7c00-7000-8000-0000000000ba"],
    )

    room_id: UUID
    name: Name
    bar_ids: BarIds = Field(description="Bars mounted in that room that move together.")


class BarSetPatch(Body):
    """A merge patch. `bar_ids`, where sent, are all bars of the set."""

    name: Name | None = None
    bar_ids: BarIds | None = None


class BarSetMove(Body):
    model_config = example(room_id="01995a3e-7c00-7000-8000-00000000000f")

    room_id: UUID


class BarSetAnswer(Answer):
    id: UUID
    version: int
    branch_id: UUID
    room_id: UUID
    name: str
    bar_ids: list[UUID]


class BarSetMoved(BarSetAnswer, DisplacedLists):
    """The set in its new room, and what the move did to the sessions of both rooms."""


class MoveAnswer(Answer):
    id: UUID
    from_room_id: UUID
    to_room_id: UUID
    moved_at: datetime
    moved_by: str
