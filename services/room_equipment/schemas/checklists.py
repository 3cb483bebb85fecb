"""Checklists."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from services.room_equipment.domain.checklists import Kind
from shared.kit.body import Answer, Body, Code, Name, example


class NewItem(Body):
    id: Code
    text: Name
    required: bool = True
    load_test: bool = Field(False, description="Its pass says that `load_test_kg` was held.")


class NewChecklist(Body):
    """The next version of the chain's list, or of a branch's own."""

    model_config = example(
        title="Periodic inspection, with our straps",
        items=[
            {"id": "fixings", "text": "Fixings are tight"},
            {"id": "load_test", "text": "Load test where due", "required": False, "load_test": True},
        ],
    )

    branch_id: UUID | None = Field(None, description="The branch whose own list it is; the chain's when not given.")
    title: Name
    items: Annotated[list[NewItem], Field(min_length=1, max_length=100)]


class ItemAnswer(Answer):
    id: str
    text: str
    required: bool
    load_test: bool


class ChecklistAnswer(Answer):
    """`source`: whose it is. Versions are counted within it."""

    kind: Kind
    version: int
    source: Literal["default", "chain", "branch"]
    branch_id: UUID | None
    title: str
    published_at: datetime | None
    superseded_at: datetime | None
    items: list[ItemAnswer]
