"""HTTP shapes of screening."""

from datetime import date, datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import (
    BeforeValidator,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    PrivateAttr,
    StringConstraints,
    WithJsonSchema,
    model_validator,
)

from services.screening.domain.clearance import Verdict
from services.screening.domain.protocol import Outcome
from shared.errors import Invalid
from shared.kit.body import Answer, Body, Name, example

MAX_ANSWERS = 500


def _answers(value: Any) -> dict[str, str]:
    """An object of strings. Checked by hand, so that no problem document repeats a key or a value of it."""
    if not isinstance(value, dict) or len(value) > MAX_ANSWERS:
        raise ValueError("answers are an object: {question id: answer}")
    return {id: answer if isinstance(answer, str) else "" for id, answer in value.items()}


Answers = Annotated[
    Any,
    BeforeValidator(_answers),
    WithJsonSchema(
        {
            "type": "object",
            "additionalProperties": {"type": "string"},
            "description": 'Question id to "yes", "no", "unsure", an option, or a date (YYYY-MM-DD).',
            "examples": [{"osteoporosis": "no", "joint_surgery": "yes", "joint_surgery_on": "2025-11-03"}],
        }
    ),
]


class Signature(Body):
    name: Name
    relationship: Literal["self", "guardian"]


class NewScreening(Body):
    """A client's standing answers, signed, with the advisory acknowledged."""

    model_config = example(
        client_id="01995a3e-7c00-7000-8000-00000000000c",
        protocol="back-stepping",
        protocol_version=1,
        answers={"osteoporosis": "no", "epilepsy": "no"},
        advisory_acknowledged=True,
        signed_by={"name": "Ada Example", "relationship": "self"},
        locale="en",
    )

    client_id: UUID
    protocol: Annotated[str, StringConstraints(max_length=100)]
    protocol_version: Annotated[int, Field(ge=1, le=1_000_000)]
    answers: Answers
    advisory_acknowledged: bool
    signed_by: Signature
    locale: Annotated[str, StringConstraints(max_length=35)] | None = None
    _places: dict[str, str] = PrivateAttr(default_factory=dict)

    @model_validator(mode="wrap")
    @classmethod
    def _from_fhir(cls, value: Any, whole: ModelWrapValidatorHandler[Self]) -> Self:
        """An HL7 FHIR QuestionnaireResponse says the same in other words."""
        if not isinstance(value, dict) or value.get("resourceType") != "QuestionnaireResponse":
            return whole(value)
        from services.screening import fhir  # 7 MB that only those pay who send it

        body, places = fhir.screening(value)
        made = whole(body)
        made._places = places
        return made

    def place(self, refused: Invalid) -> None:
        """Let a refusal point into the body as it was sent."""
        refused.pointer = self._places.get(refused.pointer, refused.pointer)
        errors = refused.extra.get("errors")
        for error in errors if isinstance(errors, list) else ():
            error["pointer"] = self._places.get(error["pointer"], error["pointer"])


class Reason(Answer):
    """`not_eligible` is all that is said without `screening:answers`."""

    code: str
    detail: str


class Limit(Answer):
    """`letter`: in the professional's own words."""

    code: str
    detail: str


class LetterAnswer(Answer):
    """A professional's letter, for who may read answers. `document`: its name, or what it is a reference to."""

    id: UUID
    professional: dict[str, str | None]
    verdict: Verdict
    limits: list[str]
    issued_on: date
    valid_until: date | None
    document: str | None


class Redecided(Answer):
    """What the same answers mean under the version that was activated since; the decision above stays as it was."""

    protocol_version: int
    outcome: Outcome
    reasons: list[Reason]


class ScreeningAnswer(Answer):
    """A decision. `answers`, `signed_by`, `clearances` only with `screening:answers`; `limits` also for the therapist.

    `outcome` is the one decided then, without any letter; `GET /v1/clients/{id}/standing` tells today's.
    `asks_again`: some answers are open, so nothing is confirmed until they are asked again.
    """

    id: UUID
    client_id: UUID
    protocol: str
    protocol_version: int
    outcome: Outcome
    deferred_until: date | None = None
    asks_again: bool = False
    limits: list[Limit] = Field(default_factory=list)
    reasons: list[Reason] = Field(default_factory=list)
    valid_until: date
    decided_at: datetime | None = None
    current: bool = True
    erased: bool = False
    answers: dict[str, str] | None = None
    advisory: str | None = None
    signed_by: dict[str, str] | None = None
    clearances: list[LetterAnswer] | None = None
    redecided: Redecided | None = None


class StandingAnswer(Answer):
    """Where a client stands for a protocol. `code` is why not, null when nothing is in the way.

    With `appointment_id` it answers the start gate: `code` is judged for that session, `arrival_answered` for today,
    and `allowed_to_start` says that all is there.
    """

    client_id: UUID
    protocol: str | None
    screening_id: UUID | None
    protocol_version: int | None
    outcome: Outcome | None
    valid_until: date | None
    deferred_until: date | None
    clearance_valid_until: date | None
    code: str | None
    appointment_id: UUID | None = None
    arrival_answered: bool | None = None
    limits_acknowledged: bool | None = None
    allowed_to_start: bool = False


_LONGEST_SCAN = 30_000_000  # in base64; the setting `document_max_bytes` is what counts

LimitText = Annotated[str, StringConstraints(min_length=1, max_length=500)]


class Professional(Body):
    name: Name
    role: Name
    registration: Annotated[str, StringConstraints(max_length=200)] | None = None


class Document(Body):
    """A scan: a PDF, PNG or JPEG in base64, whose bytes must be of that type and of no other."""

    model_config = ConfigDict(extra="forbid", str_max_length=_LONGEST_SCAN, hide_input_in_errors=True)

    filename: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    content_type: Literal["application/pdf", "image/png", "image/jpeg"]
    data: Annotated[str, StringConstraints(min_length=4, max_length=_LONGEST_SCAN)]


class NewClearance(Body):
    """A professional's letter. `document`: a scan, or a word on where the paper is kept."""

    model_config = ConfigDict(extra="forbid", str_max_length=_LONGEST_SCAN, hide_input_in_errors=True)

    professional: Professional
    verdict: Verdict
    limits: list[LimitText] = Field(default_factory=list, max_length=20)
    issued_on: date
    valid_until: date | None = None
    document: Document | Annotated[str, StringConstraints(max_length=500)] | None = None


class ClearanceAnswer(Answer):
    """`valid_until`: how long the letter holds here; `outcome`: the client's standing with it."""

    id: UUID
    screening_id: UUID
    verdict: Verdict
    valid_until: date | None
    outcome: Outcome


class NewAcknowledgement(Body):
    appointment_id: UUID


class AcknowledgementAnswer(Answer):
    """The limits as the therapist has read them."""

    id: UUID
    screening_id: UUID
    appointment_id: UUID
    therapist_id: UUID
    acknowledged_at: datetime
    limits: list[Limit]


class NewArrival(Body):
    model_config = example(
        client_id="01995a3e-7c00-7000-8000-00000000000c",
        appointment_id="01995a3e-7c00-7000-8000-0000000000a1",
        answers={"fever": "no", "alcohol": "no"},
    )

    client_id: UUID
    appointment_id: UUID
    answers: Answers


class ArrivalAnswer(Answer):
    """What the answers at the door mean for this local day. `not_before`: the start moves to then.

    `asks_again`: a question is open, or something changed since the last visit: then ask the standing questions again.
    """

    id: UUID
    client_id: UUID
    appointment_id: UUID
    local_day: date
    outcome: Outcome
    not_before: datetime | None
    asks_again: bool
    reasons: list[Reason]
    limits: list[Limit]
