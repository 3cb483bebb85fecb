"""HTTP shapes of protocols: as they are asked, as they are written, and what becomes of a version."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from services.screening.domain.protocol import LOCALES, Outcome
from shared.kit.body import Answer, Body, Instant, Note, example

ProtocolName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{1,39}$")]
Id = Annotated[str, StringConstraints(min_length=1, max_length=64)]
Words = Annotated[
    dict[Annotated[str, StringConstraints(max_length=35)], Annotated[str, StringConstraints(max_length=2_000)]],
    Field(max_length=40, description="One text by locale: en, zh-Hans, de, es. A draft may lack some."),
]
State = Literal["draft", "submitted", "reviewed", "sent_back", "withdrawn", "scheduled", "active", "retired"]


class Option(Answer):
    value: str
    text: str


class Condition(Answer):
    """A follow-up applies when the earlier question has this answer."""

    question: str
    answer: str


class Question(Answer):
    """`section`: standing answers hold for months, arrival answers are given at check-in and hold for the day.

    `renews`: this answer ends the standing answers; all of them are asked again.
    """

    id: str
    section: Literal["standing", "arrival"]
    type: Literal["boolean", "choice", "date"]
    text: str
    options: list[Option]
    asked_when: Condition | None
    renews: str | None = None


class ProtocolSummary(Answer):
    name: str
    version: int
    title: str


class ProtocolAnswer(ProtocolSummary):
    """The questions in one language; `locale` says which. `state`: only an `active` version is asked."""

    state: State
    locale: str
    advisory: str
    standing_months: int = Field(description="House rule, not a standard.")
    clearance_months: int = Field(description="House rule, not a standard.")
    questions: list[Question]


class OptionSource(Body):
    value: Id
    text: Words


class QuestionSource(Body):
    """`asked_when`: {earlier question: its answer}. `past`: a date that cannot lie ahead."""

    id: Id
    section: Literal["standing", "arrival"]
    type: Literal["boolean", "choice", "date"]
    text: Words
    options: list[OptionSource] = Field(default_factory=list, max_length=50)
    asked_when: Annotated[dict[Id, Id], Field(min_length=1, max_length=1)] | None = None
    past: bool = False
    renews: Id | None = None


class DeferralSource(Body):
    """One span. Hours, days, weeks and months run from the day answered to `after`; hours count as full days."""

    hours: Annotated[int, Field(ge=0, le=87_600)] | None = None
    days: Annotated[int, Field(ge=0, le=3_660)] | None = None
    weeks: Annotated[int, Field(ge=0, le=520)] | None = None
    months: Annotated[int, Field(ge=0, le=120)] | None = None
    minutes: Annotated[int, Field(ge=0, le=1_440)] | None = None
    until_well: bool = False
    after: Id | None = None


class RuleSource(Body):
    """If every answer in `when` was given: this outcome. `then`: what stays after a deferral."""

    reason: Id
    when: Annotated[dict[Id, Id], Field(max_length=20)]
    outcome: Outcome
    limits: list[Id] = Field(default_factory=list, max_length=50)
    deferral: DeferralSource | None = None
    then: Outcome = Outcome.CLEARED


class ProtocolSource(Body):
    """A protocol as it is written, in every language; what `GET …/source` answers can be sent again."""

    title: Words
    advisory: Words
    standing_months: Annotated[int, Field(ge=1, le=120)]
    clearance_months: Annotated[int, Field(ge=1, le=120)]
    outcomes: dict[Outcome, Words]
    ask_again: Words
    limits: Annotated[dict[Id, Words], Field(max_length=200)] = Field(default_factory=dict)
    questions: list[QuestionSource] = Field(min_length=1, max_length=300)
    rules: list[RuleSource] = Field(max_length=500)


def _said(text: str) -> dict[str, str]:
    return dict.fromkeys(LOCALES, text)


_DRAFT: dict[str, Any] = {
    "title": _said("Foot massage"),
    "advisory": _said("We advise everyone to consult a healthcare professional before a massage."),
    "standing_months": 12,
    "clearance_months": 6,
    "outcomes": {outcome.value: _said(f"The outcome: {outcome.value}.") for outcome in Outcome},
    "ask_again": _said("Please find out and answer these questions again."),
    "limits": {"avoid_feet": _said("Leave out the feet.")},
    "questions": [{"id": "foot_injury", "section": "standing", "type": "boolean", "text": _said("Is a foot injured?")}],
    "rules": [
        {"reason": "foot_injury", "when": {"foot_injury": "yes"}, "outcome": "cleared", "limits": ["avoid_feet"]}
    ],
}


class NewVersion(ProtocolSource):
    """A draft. `based_on`: the version it was copied from."""

    model_config = example(**_DRAFT)

    based_on: Annotated[int, Field(ge=1)] | None = None


class NewProtocol(NewVersion):
    """The first draft of a protocol of the chain's own."""

    model_config = example(name="foot-massage", **_DRAFT)

    name: ProtocolName


class Flaw(Answer):
    """`pointer` (RFC 6901) into the protocol as it was sent."""

    pointer: str
    code: str
    detail: str


class MilderDecline(Answer):
    """A decline of the default that this version does not take; such a version cannot be activated."""

    pointer: str
    reason: str
    questions: list[str]
    here: Outcome | None


class Step(Answer):
    """What somebody did with a version."""

    step: Literal["submitted", "approved", "sent_back", "withdrawn"]
    actor: str
    note: str
    at: datetime


class VersionAnswer(Answer):
    """One version and what became of it. `flaws` and `milder` must be empty before it can be submitted."""

    name: str
    version: int
    state: State
    origin: Literal["default", "chain"]
    based_on: int | None
    author: str
    created_at: datetime
    digest: str = Field(description="SHA-256 of what was written; a stored version never changes.")
    steps: list[Step]
    flaws: list[Flaw] = Field(default_factory=list)
    milder: list[MilderDecline] = Field(default_factory=list)


class Review(Body):
    model_config = example(verdict="approved", note="Compared with the default, row by row.")

    verdict: Literal["approved", "sent_back"]
    note: Note = ""


class Reason(Body):
    model_config = example(reason="Replaced before it was asked.")

    reason: Note = ""


class NewActivation(Body):
    """`active_from`: from which moment it is asked; now where it is not given."""

    model_config = example(reason="The spring review.")

    active_from: Instant | None = None
    reason: Note = ""


class ActivationAnswer(Answer):
    """A version that is asked from a moment on, and how far re-running the standing decisions has come.

    Each client counts once: `done` is the sum of `to_stricter`, `to_milder`, `unchanged` and `needs_new_answers`.
    A dry run counts the same and changes nothing.
    """

    id: UUID
    protocol: str
    version: int
    dry_run: bool
    state: Literal["scheduled", "running", "done", "superseded", "withdrawn"]
    active_from: datetime
    activated_by: str
    reason: str
    total: int
    done: int
    to_stricter: int
    to_milder: int
    unchanged: int
    needs_new_answers: int
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


class ChangedClient(Answer):
    """Whose standing changed and which way, never why."""

    client_id: UUID
    direction: Literal["to_stricter", "to_milder", "needs_new_answers"]
    before: Outcome
    after: Outcome
