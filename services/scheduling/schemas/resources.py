"""People and places over HTTP. In a change (PATCH) a field that is absent stays as it is."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints

from services.scheduling.schemas.contact import Contact
from shared.kit.body import Answer, Body, Code, Instant, Name, Note, example

ABSENT: Any = None
"""Default of a field that may be left out of a change but not be null."""

Locale = Annotated[str, StringConstraints(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$", max_length=35)]
Phone = Annotated[str, StringConstraints(pattern=r"^[+0-9][0-9 ()/.-]{2,30}$")]
Email = Annotated[str, StringConstraints(pattern=r"^[^@\s<>\"',;:]+@[^@\s<>\"',;:]+\.[A-Za-z0-9-]+$", max_length=254)]
Address = Annotated[str, StringConstraints(min_length=1, max_length=400, strip_whitespace=True)]
Skill = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]*$", max_length=60)]
Hours = dict[str, list[tuple[str, str]]]


def _distinct(ids: list[UUID]) -> list[UUID]:
    if len(set(ids)) != len(ids):
        raise ValueError("each branch at most once")
    return ids


BranchIds = Annotated[list[UUID], Field(min_length=1, max_length=500), AfterValidator(_distinct)]

# --- branches and treatments ------------------------------------------------------------------------------------------


class NewBranch(Body):
    model_config = example(
        code="berlin-mitte",
        name="Berlin Mitte",
        timezone="Europe/Berlin",
        locale="de",
        opening_hours={"mon": [["10:00", "22:00"]], "sat": [["12:00", "02:00"]]},
        contact_email="mitte@example.com",
        address="Invalidenstraße 1, 10115 Berlin",
    )

    code: Code
    name: Name
    timezone: str = Field(max_length=60, examples=["Europe/Berlin"])
    locale: Locale = "en"
    opening_hours: Hours = Field(examples=[{"mon": [["10:00", "22:00"]]}], max_length=7)
    contact_email: Email | None = None
    phone: Phone | None = None
    address: Address | None = Field(None, description="Where clients go, as a calendar entry says it.")


class BranchChange(Body):
    code: Code = ABSENT
    name: Name = ABSENT
    timezone: str = Field(ABSENT, max_length=60)
    locale: Locale = ABSENT
    opening_hours: Hours = Field(ABSENT, max_length=7)
    contact_email: Email | None = None
    phone: Phone | None = None
    address: Address | None = None


class Branch(Answer):
    id: UUID
    code: str
    name: str
    timezone: str
    locale: str
    opening_hours: Hours
    contact_email: str | None
    phone: str | None
    address: str | None
    version: int


class Requires(Body):
    """What a session needs: a certified skill of its therapist, and equipment of its room."""

    skill: Skill | None = None
    equipment: list[Literal["balancing_bar"]] = Field(default_factory=list, max_length=1)


class Price(Body):
    """`amount` in the currency's smallest unit."""

    amount: int = Field(ge=0, le=10_000_000)
    currency: str = Field(pattern=r"^[A-Z]{3}$", examples=["EUR"])


class NewTreatment(Body):
    model_config = example(
        code="back-stepping-60",
        name="Back-stepping, 60 minutes",
        duration_minutes=60,
        requires={"skill": "back_stepping", "equipment": ["balancing_bar"]},
        screening_protocol="back-stepping",
        price={"amount": 8900, "currency": "EUR"},
    )

    code: Code
    name: Name
    duration_minutes: int = Field(ge=1, le=720)
    turnover_minutes: int = Field(15, ge=0, le=240, description="House rule, not a standard: 15 minutes.")
    requires: Requires = Requires()
    screening_protocol: Code | None = None
    price: Price | None = None


class TreatmentChange(Body):
    code: Code = ABSENT
    name: Name = ABSENT
    duration_minutes: int = Field(ABSENT, ge=1, le=720)
    turnover_minutes: int = Field(ABSENT, ge=0, le=240)
    requires: Requires = ABSENT
    screening_protocol: Code | None = None
    price: Price | None = None


class Treatment(Answer):
    id: UUID
    code: str
    name: str
    duration_minutes: int
    turnover_minutes: int
    requires: Requires
    screening_protocol: str | None
    price: Price | None
    version: int


# --- people -----------------------------------------------------------------------------------------------------------


class Certified(Body):
    """`certified_until`: the last local day the certificate holds."""

    skill: Skill
    certified_until: Annotated[date, Field(ge=date(1970, 1, 1), le=date(2200, 12, 31))]


def _one_each(skills: list[Certified]) -> list[Certified]:
    if len({skill.skill for skill in skills}) != len(skills):
        raise ValueError("each skill at most once")
    return skills


Skills = Annotated[list[Certified], Field(max_length=50), AfterValidator(_one_each)]


class NewTherapist(Body):
    model_config = example(
        name="Li Na",
        branch_ids=["01995a3e-7c00-7000-8000-00000000000b"],
        skills=[{"skill": "back_stepping", "certified_until": "2027-12-31"}],
        locales=["zh-Hans", "de"],
    )

    code: Code | None = None
    name: Name
    branch_ids: BranchIds
    skills: Skills = Field(default_factory=list)
    locales: list[Locale] = Field([], max_length=20)
    active: bool = True


class TherapistChange(Body):
    code: Code | None = None
    name: Name = ABSENT
    branch_ids: BranchIds = ABSENT
    skills: Skills = ABSENT
    locales: list[Locale] = Field(ABSENT, max_length=20)
    active: bool = ABSENT


class Therapist(Answer):
    id: UUID
    code: str | None
    name: str
    branch_ids: list[UUID]
    skills: list[Certified]
    locales: list[str]
    active: bool
    version: int


class NewShift(Body):
    """Read as the branch's wall time: a repeated shift keeps it over a clock change."""

    model_config = example(
        branch_id="01995a3e-7c00-7000-8000-00000000000b",
        starts_at="2027-01-11T10:00:00+01:00",
        ends_at="2027-01-11T18:00:00+01:00",
        repeat="FREQ=WEEKLY;BYDAY=MO,TU,WE",
    )

    branch_id: UUID
    starts_at: Instant
    ends_at: Instant
    repeat: str | None = Field(None, max_length=500, examples=["FREQ=WEEKLY;BYDAY=MO,TU,WE"])


class Shift(Answer):
    id: UUID
    therapist_id: UUID
    branch_id: UUID
    starts_at_local: datetime
    ends_at_local: datetime
    repeat: str | None


class NewTimeOff(Body):
    starts_at: Instant
    ends_at: Instant
    reason: Note = ""


class TimeOff(Answer):
    id: UUID
    therapist_id: UUID
    starts_at: datetime
    ends_at: datetime
    reason: str


Pressure = Literal["light", "medium", "firm", "hard"]


class NewClient(Body):
    model_config = example(
        branch_ids=["01995a3e-7c00-7000-8000-00000000000b"],
        name="Ada Example",
        email="ada@example.com",
        locale="en",
        pressure_preference="firm",
    )

    code: Code | None = None
    branch_ids: BranchIds
    name: Name
    email: Email | None = None
    phone: Phone | None = None
    locale: Locale = "en"
    contact: Contact = Contact()
    pressure_preference: Pressure | None = None


class ClientChange(Body):
    code: Code | None = None
    branch_ids: BranchIds = ABSENT
    name: Name = ABSENT
    email: Email | None = None
    phone: Phone | None = None
    locale: Locale = ABSENT
    contact: Contact = ABSENT
    pressure_preference: Pressure | None = None


class Client(Answer):
    id: UUID
    code: str | None
    branch_ids: list[UUID]
    name: str
    email: str | None
    phone: str | None
    locale: str
    contact: Contact
    pressure_preference: Pressure | None
    version: int
