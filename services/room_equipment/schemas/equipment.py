"""Equipment that is no bar, and its inspections."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from services.room_equipment.domain.accessories import Kind, Status
from services.room_equipment.schemas.bars import ChecklistItem, Documents, Inspector
from services.room_equipment.schemas.values import Day, Kg, Label, Number, Text
from shared.kit.body import Answer, Body, Instant, Name, Note, example


class NewEquipment(Body):
    model_config = example(
        room_id="01995a3e-7c00-7000-8000-00000000000f",
        bar_id="01995a3e-7c00-7000-8000-0000000000ba",
        kind="strap",
        name="Strap pair, left bar",
        serial="ST-2210",
        manufacturer="Strap Works",
        model="S2",
        purchased_on="2026-10-12",
        rated_load_kg=250,
    )

    room_id: UUID
    bar_id: UUID | None = Field(None, description="The bar it hangs on, in the same room; it moves with that bar.")
    kind: Kind = Field(description="What is not on the list is `other`, and `name` says what it is.")
    name: Name
    serial: Label | None = Field(None, description="One thing of a kind and branch, among those not removed.")
    manufacturer: Text = ""
    model: Text = ""
    purchased_on: Day | None = None
    installed_on: Day | None = None
    installed_by: Text = ""
    rated_load_kg: Kg | None = Field(
        None, description="Where it carries load; needed before an inspection of it can pass."
    )
    documents: Documents = Field(default_factory=list)
    inspected: bool | None = Field(
        None, description="Whether it carries a leaning therapist. Straps, handles and frames always do."
    )
    in_service: bool = True
    note: Note = ""


class EquipmentPatch(Body):
    """A merge patch. In another room it hangs on no bar, unless the patch names one there."""

    room_id: UUID | None = None
    bar_id: UUID | None = None
    kind: Kind | None = None
    name: Name | None = None
    serial: Label | None = None
    manufacturer: Text | None = None
    model: Text | None = None
    purchased_on: Day | None = None
    installed_on: Day | None = None
    installed_by: Text | None = None
    rated_load_kg: Kg | None = None
    documents: Documents | None = None
    inspected: bool | None = None
    in_service: bool | None = Field(None, description="True is refused while an inspection is missing.")
    removed_on: Day | None = Field(None, description="Recorded as removed that day; it stays on record.")
    note: Note | None = None


MAY_BE_NULL = frozenset({"bar_id", "serial", "purchased_on", "installed_on", "rated_load_kg", "removed_on"})


class EquipmentAnswer(Answer):
    """`in_service` and `status` are as of now: what is inspected is out of service when its inspection failed or ended.

    It does not touch the room's clearance, which its bars alone define.
    """

    id: UUID
    version: int
    branch_id: UUID
    room_id: UUID
    bar_id: UUID | None
    kind: Kind
    name: str
    serial: str | None
    manufacturer: str
    model: str
    purchased_on: date | None
    installed_on: date | None
    installed_by: str
    rated_load_kg: Number | None
    documents: list[Any]
    inspected: bool
    in_service: bool
    status: Status
    valid_until: date | None = Field(description="Last local day of its latest inspection; null after a fail.")
    removed_on: date | None
    note: str


class NewEquipmentInspection(Body):
    model_config = example(
        performed_at="2026-11-03T09:30:00+01:00",
        kind="periodic",
        inspector={
            "name": "Ines Prüfer",
            "organisation": "Lift Inspectors",
            "credential": "LOLER-4711",
            "credential_valid_until": "2028-06-30",
        },
        checklist=[{"item": "stitching", "result": "pass"}],
        result="pass",
    )

    performed_at: Instant
    kind: Literal["periodic", "after_event"]
    inspector: Inspector
    checklist: Annotated[list[ChecklistItem], Field(default_factory=list, max_length=200)]
    result: Literal["pass", "fail"]
    valid_until: Day | None = Field(None, description="Local day, inclusive; six months when not given (house rule).")
    note: Note = ""


class EquipmentInspectionAnswer(Answer):
    id: UUID
    equipment_id: UUID
    sequence: int
    room_id: UUID
    serial: str | None
    rated_load_kg: Number | None
    kind: str
    performed_at: datetime
    recorded_at: datetime
    inspector_name: str
    inspector_organisation: str
    inspector_credential: str
    credential_valid_until: date
    checklist: list[Any]
    result: str
    note: str
    valid_until: date | None


class EquipmentInspectionRecorded(EquipmentInspectionAnswer):
    """The inspection, and the thing as it is now."""

    equipment: EquipmentAnswer
