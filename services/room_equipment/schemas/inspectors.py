"""The register of inspectors."""

from datetime import date
from uuid import UUID

from pydantic import Field

from services.room_equipment.schemas.values import Credential, Text
from shared.kit.body import Answer, Body, Name, example


class NewInspector(Body):
    model_config = example(
        name="Ines Prüfer",
        organisation="Lift Inspectors",
        credential="LOLER-4711",
        valid_until="2028-06-30",
    )

    name: Name
    organisation: Text = ""
    credential: Credential
    valid_until: date = Field(description="The credential's last day.")
    in_service: bool = True


class InspectorPatch(Body):
    """A merge patch: what is not sent stays. `in_service: false` withdraws the inspector."""

    name: Name | None = None
    organisation: Text | None = None
    credential: Credential | None = None
    valid_until: date | None = None
    in_service: bool | None = None


class InspectorAnswer(Answer):
    id: UUID
    version: int
    name: str
    organisation: str
    credential: str
    valid_until: date
    in_service: bool
