"""Work orders."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from pydantic import BeforeValidator, Field, StringConstraints

from services.room_equipment.schemas.values import Credential, DisplacedLists, Number, Text
from shared.kit.body import Answer, Body, Name, Note, example


class NewWorkOrder(Body):
    """Planned work, of a bar or of another piece of equipment: exactly one of the two."""

    model_config = example(
        bar_id="01995a3e-7c00-7000-8000-0000000000ba",
        title="Tighten the anchors",
        due_on="2026-12-15",
    )

    bar_id: UUID | None = None
    equipment_id: UUID | None = None
    title: Name
    note: Note = ""
    due_on: date | None = Field(None, description="Local date of the branch; overdue from the day after.")


class Assignment(Body):
    assigned_to: Name
    due_on: date | None = None


def _named(value: Any) -> Any:
    return {"name": value} if isinstance(value, str) else value


class Part(Body):
    name: Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]
    quantity: Annotated[Decimal, Field(gt=0, le=10_000, decimal_places=2)] = Decimal(1)


class LogEntry(Body):
    entry: Annotated[Note, Field(min_length=1)]
    parts: Annotated[
        list[Annotated[Part, BeforeValidator(_named)]],
        Field(default_factory=list, max_length=100, description="A text alone is one of it."),
    ]


class Repairer(Body):
    """Who did the repair; may not be the next inspector of the bar."""

    name: Name
    organisation: Text = ""
    credential: Credential


class Completion(Body):
    model_config = example(
        completed_by={"name": "Jan Monteur", "organisation": "Ceiling Works", "credential": "WELD-88"},
    )

    touched_mounting: bool = Field(
        False, description="Planned work of a bar: it is then locked out until someone else's after-event inspection."
    )
    completed_by: Repairer | Credential = Field(description="Who repaired; a text alone is name and credential.")


class PartAnswer(Answer):
    name: str
    quantity: Number = Decimal(1)


class LoggedAnswer(Answer):
    id: UUID
    at: datetime
    entry: str
    parts: list[Annotated[PartAnswer, BeforeValidator(_named)]]


class WorkOrderAnswer(Answer):
    id: UUID
    version: int
    bar_id: UUID | None
    equipment_id: UUID | None
    branch_id: UUID
    lockout_id: UUID | None
    status: str
    title: str
    note: str
    assigned_to: str | None
    due_on: date | None
    overdue: bool
    opened_at: datetime
    completed_at: datetime | None
    repairer_name: str | None
    repairer_credential: str | None
    touched_mounting: bool


class WorkOrderCompleted(WorkOrderAnswer, DisplacedLists):
    """The order, and what a lock-out after work on a mounting did to sessions."""


class WorkOrderDetail(WorkOrderAnswer):
    log: list[LoggedAnswer]
