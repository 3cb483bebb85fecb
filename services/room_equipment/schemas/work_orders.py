"""Work orders."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from services.room_equipment.schemas.bars import Credential
from services.room_equipment.schemas.values import Text
from shared.kit.body import Answer, Body, Name, Note, example


class Assignment(Body):
    assigned_to: Name


class LogEntry(Body):
    entry: Annotated[Note, Field(min_length=1)]
    parts: Annotated[list[Text], Field(default_factory=list, max_length=100)]


class Repairer(Body):
    """Who did the repair; may not be the next inspector of the bar."""

    name: Name
    organisation: Text = ""
    credential: Credential


class Completion(Body):
    model_config = example(
        completed_by={"name": "Jan Monteur", "organisation": "Ceiling Works", "credential": "WELD-88"},
    )

    completed_by: Repairer | Credential = Field(description="Who repaired; a text alone is name and credential.")


class LoggedAnswer(Answer):
    id: UUID
    at: datetime
    entry: str
    parts: list[str]


class WorkOrderAnswer(Answer):
    id: UUID
    version: int
    bar_id: UUID
    branch_id: UUID
    lockout_id: UUID
    status: str
    title: str
    assigned_to: str | None
    opened_at: datetime
    completed_at: datetime | None
    repairer_name: str | None
    repairer_credential: str | None


class WorkOrderDetail(WorkOrderAnswer):
    log: list[LoggedAnswer]
