"""Bars, their inspections, lock-outs and work orders."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, WrapValidator

from services.room_equipment.domain.checklists import Kind as Checklist
from services.room_equipment.domain.inspections import Event, Kind, Result
from services.room_equipment.schemas.values import Credential, DisplacedLists, Kg, Label, Millimetres, Number, Text
from shared.kit.body import Answer, Body, Instant, Name, Note, example


class Document(Body):
    name: Name
    url: Annotated[str, Field(max_length=1_000)] | None = None
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = Field(
        None, description="Of the document's bytes: proves later that it is the one that was filed."
    )


Documents = Annotated[list[Document | Text], Field(max_length=50)]


class NewBar(Body):
    model_config = example(
        room_id="01995a3e-7c00-7000-8000-00000000000f",
        serial="BB-0417",
        rated_load_kg=250,
        installed_on="2026-11-02",
        installed_by="Ceiling Works",
        mounting="ceiling, four anchors",
        material="steel",
        diameter_mm=42,
    )

    room_id: UUID
    serial: Label
    rated_load_kg: Kg
    installed_on: date | None = Field(None, description="Local date of the branch; today when not given.")
    installed_by: Text = ""
    mounting: Label = Field("ceiling", description="How and where it is fixed.")
    material: Text = ""
    diameter_mm: Millimetres | None = None
    documents: Documents = Field(default_factory=list)
    in_service: bool = True


class BarPatch(Body):
    """A merge patch. Another room, mounting or serial, or a higher rating, needs a new installation inspection."""

    room_id: UUID | None = None
    serial: Label | None = None
    rated_load_kg: Kg | None = None
    installed_on: date | None = None
    installed_by: Text | None = None
    mounting: Label | None = None
    material: Text | None = None
    diameter_mm: Millimetres | None = None
    documents: Documents | None = None
    in_service: bool | None = None
    removed_on: date | None = Field(None, description="Recorded as removed that day (rooms:inspect).")


class BarAnswer(Answer):
    id: UUID
    version: int
    branch_id: UUID
    room_id: UUID
    serial: str
    rated_load_kg: Number
    installed_on: date
    installed_by: str
    mounting: str
    material: str
    diameter_mm: Number | None
    documents: list[Any]
    in_service: bool
    removed_on: date | None
    bar_set_id: UUID | None


class BarChangeAnswer(BarAnswer, DisplacedLists):
    """The bar, and what its change did to sessions."""


class Inspector(Body):
    name: Name
    organisation: Text = ""
    credential: Credential = Field(examples=["LOLER-4711"])
    credential_valid_until: date


class RegisteredInspector(Body):
    """One of the chain's register; name, organisation and credential are copied from it."""

    inspector_id: UUID


def _by_what_it_names(value: Any, _: Any) -> Inspector | RegisteredInspector:
    # Not a plain union: its errors would point at names of classes.
    registered = isinstance(value, dict) and "inspector_id" in value
    return (RegisteredInspector if registered else Inspector).model_validate(value)


class TemplateRef(Body):
    """Which checklist is answered: a version of what `GET /v1/checklists?branch_id=` has for this kind."""

    kind: Checklist | None = Field(None, description="The inspection's own, which is also what it is when left out.")
    version: Annotated[int, Field(ge=1, lt=2**31)]


class ChecklistItem(Body):
    item: Name
    result: Literal["pass", "flag", "fail"]
    note: Note = ""


class NewInspection(Body):
    model_config = example(
        performed_at="2026-11-03T09:30:00+01:00",
        kind="installation",
        inspector={
            "name": "Ines Prüfer",
            "organisation": "Lift Inspectors",
            "credential": "LOLER-4711",
            "credential_valid_until": "2028-06-30",
        },
        checklist=[
            {"item": "fixings tight", "result": "pass"},
            {"item": "movement under hand load", "result": "flag", "note": "slight, to be watched"},
        ],
        load_test_kg=250,
        result="pass",
    )

    performed_at: Instant
    kind: Kind
    event: Event | None = Field(
        None, description="Of an after-event inspection. Where it is left out, what the open lock-out says counts."
    )
    inspector: Annotated[Inspector | RegisteredInspector, WrapValidator(_by_what_it_names)]
    checklist_template: TemplateRef | None = None
    checklist: Annotated[list[ChecklistItem], Field(default_factory=list, max_length=200)]
    load_test_kg: Kg | None = Field(None, description="Needed at an installation: at least the rated load.")
    result: Result
    valid_until: date | None = Field(None, description="Local day, inclusive; six months when not given (house rule).")
    conditions: Annotated[str, Field(min_length=1, max_length=2_000)] | None = None
    note: Note = ""


class CertificateAnswer(Answer):
    """Half-open from when it was recorded to `ends_at`, the end of the local day `valid_until`."""

    inspection_id: UUID
    bar_id: UUID
    starts_at: datetime
    ends_at: datetime
    valid_until: date
    conditions: str | None
    record_hash: str | None = Field(description="Printed on paper, it holds the record to what it was then.")


class LockoutAnswer(Answer):
    id: UUID
    bar_id: UUID
    room_id: UUID
    cause: str
    event: str | None
    reason: str
    note: str
    opened_at: datetime
    released_at: datetime | None
    released_by: UUID | None
    work_order_id: UUID | None


class InspectionAnswer(Answer):
    id: UUID
    bar_id: UUID
    sequence: int
    room_id: UUID
    bar_serial: str
    rated_load_kg: Number
    kind: str
    event: str | None
    performed_at: datetime
    recorded_at: datetime
    inspector_id: UUID | None
    inspector_name: str
    inspector_organisation: str
    inspector_credential: str
    credential_valid_until: date
    checklist_template: dict[str, Any] | None
    checklist: list[Any]
    load_test_kg: Number | None
    result: str
    conditions: str | None
    note: str
    valid_until: date | None
    record_sequence: int | None
    record_hash: str | None = Field(description="SHA-256 of the bar's record up to and with this inspection.")


class InspectionRecorded(InspectionAnswer, DisplacedLists):
    """What an inspection gave: a certificate or a lock-out, and what happened to sessions."""

    certificate: CertificateAnswer | None
    lockout: LockoutAnswer | None


class NewLockout(Body):
    model_config = example(
        reason="crack seen",
        note="Left bar, near the second anchor.",
    )

    reason: Name
    event: Event | None = Field(
        None, description="What happened to the bar. Then only an after-event inspection of what it did releases it."
    )
    note: Note = ""


class LockoutRecorded(DisplacedLists):
    """`id` and `lockout` are null in a dry run."""

    id: UUID | None
    dry_run: bool
    lockout: LockoutAnswer | None


class NewCheck(Body):
    model_config = example(
        therapist_id="01995a3e-7c00-7000-8000-00000000000e",
        appointment_id="01995a3e-7c00-7000-8000-0000000000a1",
        result="pass",
    )

    therapist_id: UUID
    appointment_id: UUID | None = None
    result: Literal["pass", "fail"]
    note: Note = ""


class CheckRecorded(DisplacedLists):
    bar_id: UUID
    result: str
    checked_at: datetime
    lockout: LockoutAnswer | None
