"""The rows of a chain, one class a noun, in the order in which they are loaded (docs/import.md). Fields that name
another row hold its natural code: a branch's `SHA`, a bar's serial. Masses and loads are in kg.
"""

from decimal import Decimal
from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from deploy.cli.chain.fields import (
    Clock,
    Code,
    Codes,
    DayField,
    Hours,
    Many,
    MomentField,
    Money,
    Pairs,
    Text,
    Until,
    Yes,
    Zone,
)
from services.room_equipment.domain.accessories import Kind

CHECKLIST = (
    "fixings", "cracks", "corrosion", "bent_bar", "ceiling_damage", "movement_under_hand_load", "label", "straps",
)  # fmt: skip
"""What an inspector looks at; every item not named in `failed` or `flagged` passed. House rule, not a standard."""

Item = Literal[
    "fixings", "cracks", "corrosion", "bent_bar", "ceiling_damage", "movement_under_hand_load", "label", "straps",
    "load_test",
]  # fmt: skip
Mass = Annotated[Decimal, Field(gt=0, le=10_000)]
Minutes = Annotated[int, Field(ge=0, le=720)]


class Row(BaseModel):
    """What every row is: strict about its fields, and known by `natural`, which no other row of its noun has."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, arbitrary_types_allowed=True)
    noun: ClassVar[str]
    refers: ClassVar[dict[str, str]] = {}
    """Field → the noun it names."""

    @property
    def natural(self) -> str:
        return str(getattr(self, "code", ""))


class Branch(Row):
    noun = "branches"
    code: Code
    name: Text
    timezone: Zone
    locale: Text = "en"
    opening_hours: Hours
    contact_email: Text | None = None
    phone: Text | None = None
    address: Text | None = None


class Treatment(Row):
    noun = "treatments"
    code: Code
    name: Text
    duration_minutes: Annotated[int, Field(ge=1, le=720)]
    turnover_minutes: Minutes = 15
    skill: Text | None = None
    equipment: Many = []
    screening_protocol: Text | None = None
    price: Money | None = None


class Therapist(Row):
    noun = "therapists"
    refers = {"branches": "branches"}
    code: Code
    name: Text
    branches: Codes
    skills: Until = {}
    locales: Many = []


class Shift(Row):
    """`starts` to `ends` by the branch's clock, repeated by an RRULE. An end before the start is the next day's."""

    noun = "shifts"
    refers = {"therapist": "therapists", "branch": "branches"}
    therapist: Code
    branch: Code
    starts: MomentField
    ends: Clock
    repeat: Text | None = None

    @property
    def natural(self) -> str:
        return f"{self.therapist} {self.branch} {self.starts} {self.ends} {self.repeat}"


class LoadProfile(Row):
    """Restricted: only room-equipment keeps the number, and no answer shows it."""

    noun = "load_profiles"
    refers = {"therapist": "therapists"}
    therapist: Code
    mass_kg: Mass
    measured_on: DayField

    @property
    def natural(self) -> str:
        return self.therapist


class Room(Row):
    noun = "rooms"
    refers = {"branch": "branches"}
    branch: Code
    code: Code
    name: Text
    turnover_minutes: Minutes = 15
    bars_required: Annotated[int, Field(ge=1, le=20)] = 1

    @property
    def natural(self) -> str:
        return f"{self.branch} {self.code}"


class Bar(Row):
    noun = "bars"
    refers = {"branch": "branches"}
    branch: Code
    room: Code
    serial: Text
    rated_load_kg: Mass
    installed_on: DayField
    installed_by: Text
    mounting: Text
    material: Text | None = None
    diameter_mm: Mass | None = None

    @property
    def natural(self) -> str:
        return self.serial


class Inspector(Row):
    """Not loaded as such: the person and credential that inspections name by this code."""

    noun = "inspectors"
    code: Code
    name: Text
    organisation: Text
    credential: Text
    credential_valid_until: DayField


class Inspection(Row):
    """One line of a bar's history, oldest first. With `repaired_by` (after a fail) the repair is recorded as well."""

    noun = "inspections"
    refers = {"bar": "bars", "inspector": "inspectors"}
    bar: Text
    performed_at: MomentField
    kind: Literal["installation", "periodic", "after_event"]
    event: Literal["impact", "water", "overload", "building_work", "repair", "relocation"] | None = None
    inspector: Code
    result: Literal["pass", "pass_with_conditions", "fail"]
    failed: Annotated[list[Item], Many.__metadata__[0]] = []
    flagged: Annotated[list[Item], Many.__metadata__[0]] = []
    load_test_kg: Mass | None = None
    valid_until: DayField | None = None
    conditions: Text | None = None
    note: Text | None = None
    repaired_by: Text | None = None
    repair_note: Text | None = None

    @property
    def natural(self) -> str:
        return f"{self.bar} {self.performed_at} {self.kind} {self.result}"


class Equipment(Row):
    """What is no bar: a table, a stool; or hangs on one: a strap. `bar` is that bar's serial."""

    noun = "equipment"
    refers = {"branch": "branches", "bar": "bars"}
    branch: Code
    room: Code
    kind: Kind
    name: Text
    serial: Text
    bar: Text | None = None
    manufacturer: Text | None = None
    model: Text | None = None
    purchased_on: DayField | None = None
    installed_on: DayField | None = None
    installed_by: Text | None = None
    rated_load_kg: Mass | None = None
    note: Text | None = None

    @property
    def natural(self) -> str:
        return self.serial


class EquipmentInspection(Row):
    """One line of the history of what carries a therapist, oldest first."""

    noun = "equipment_inspections"
    refers = {"equipment": "equipment", "inspector": "inspectors"}
    equipment: Text
    performed_at: MomentField
    kind: Literal["periodic", "after_event"] = "periodic"
    inspector: Code
    result: Literal["pass", "fail"]
    failed: Annotated[list[Literal["stitching", "webbing", "buckles", "label"]], Many.__metadata__[0]] = []
    valid_until: DayField | None = None
    note: Text | None = None

    @property
    def natural(self) -> str:
        return f"{self.equipment} {self.performed_at} {self.kind} {self.result}"


class Client(Row):
    noun = "clients"
    refers = {"branches": "branches"}
    code: Code
    name: Text
    branches: Codes
    email: Text | None = None
    phone: Text | None = None
    locale: Text = "en"
    pressure_preference: Literal["light", "medium", "firm", "hard"] | None = None


class Screening(Row):
    """`answers` of the standing questions; `otherwise` answers all that are not named, and only if it is written."""

    noun = "screenings"
    refers = {"client": "clients"}
    client: Code
    protocol: Code
    answers: Pairs = {}
    otherwise: Literal["no"] | None = None
    advisory_acknowledged: Yes
    signed_by: Text | None = None
    relationship: Literal["self", "guardian"] = "self"
    locale: Text | None = None

    @property
    def natural(self) -> str:
        return f"{self.client} {self.protocol}"


class Clearance(Row):
    """A professional's letter, for the client's screening of that protocol."""

    noun = "clearances"
    refers = {"client": "clients"}
    client: Code
    protocol: Code
    professional: Text
    role: Text
    registration: Text
    verdict: Literal["no_limits", "limits", "inadvisable"]
    limits: Many = []
    issued_on: DayField
    valid_until: DayField | None = None

    @property
    def natural(self) -> str:
        return f"{self.client} {self.protocol} {self.issued_on}"


class Appointment(Row):
    noun = "appointments"
    refers = {"branch": "branches", "treatment": "treatments", "client": "clients", "therapist": "therapists"}
    branch: Code
    treatment: Code
    client: Code
    starts: MomentField
    therapist: Code | None = None
    room: Code | None = None
    room_flexible: Yes = True
    notes: Text | None = None
    uid: Text | None = None
    minutes: Minutes | None = None

    @property
    def natural(self) -> str:
        return f"{self.branch} {self.client} {self.starts}"
