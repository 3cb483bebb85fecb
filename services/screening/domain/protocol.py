"""A protocol: the questions of one treatment family and the rules that turn answers into an outcome.

A protocol is data with a version, never code, and a stored version never changes: the same answers and the
same version give the same decision for ever. `services.screening.protocols` reads it from YAML and JSON and
`domain.soundness` refuses one that could leave an answer without an outcome.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

LOCALES = ("en", "zh-Hans", "de", "es")

Text = Mapping[str, str]
"""One text in every locale of LOCALES."""

YES, NO, UNSURE = "yes", "no", "unsure"


class Outcome(StrEnum):
    """From mildest to strictest; the strictest finding decides."""

    CLEARED = "cleared"
    CLEARANCE_REQUIRED = "clearance_required"
    DEFERRED = "deferred"
    DECLINED = "declined"

    @property
    def severity(self) -> int:
        return _SEVERITY[self]


_SEVERITY = {outcome: place for place, outcome in enumerate(Outcome)}


class Section(StrEnum):
    """Standing answers hold for months, arrival answers for the local day of the check-in."""

    STANDING = "standing"
    ARRIVAL = "arrival"


class QuestionType(StrEnum):
    BOOLEAN = "boolean"
    CHOICE = "choice"
    DATE = "date"


@dataclass(frozen=True)
class Option:
    value: str
    text: Text


@dataclass(frozen=True)
class Question:
    """`asked_when` (a follow-up): asked only if that earlier question has that answer. `past`: no date to come.

    `renews` (at the door only): this answer ends the standing answers, and all of them are asked again.
    """

    id: str
    section: Section
    type: QuestionType
    text: Text
    options: tuple[Option, ...] = ()
    asked_when: tuple[str, str] | None = None
    past: bool = False
    renews: str | None = None

    @cached_property
    def values(self) -> tuple[str, ...]:
        """The answers it takes beside "unsure" (and, of a date, the date itself)."""
        match self.type:
            case QuestionType.BOOLEAN:
                return (YES, NO)
            case QuestionType.CHOICE:
                return tuple(option.value for option in self.options)
            case QuestionType.DATE:
                return (NO,)

    def is_asked(self, answers: Mapping[str, str]) -> bool:
        """Whether these answers make the question apply."""
        return self.asked_when is None or answers.get(self.asked_when[0]) == self.asked_when[1]


@dataclass(frozen=True)
class Deferral:
    """How long a deferred client waits: exactly one of the four is set.

    `days` / `months` run from the date answered to the question `after`, and the last day still waits, so that
    "72 hours" are full ones whatever the hour was; `minutes` run from the moment of the answer; `until_well`
    has no date and ends only with new answers.
    """

    days: int | None = None
    months: int | None = None
    minutes: int | None = None
    until_well: bool = False
    after: str | None = None


@dataclass(frozen=True)
class Rule:
    """If every answer in `when` was given: this outcome, for this reason. `then` is what stays after a deferral."""

    reason: str
    when: Mapping[str, str]
    outcome: Outcome
    limits: tuple[str, ...] = ()
    deferral: Deferral | None = None
    then: Outcome = Outcome.CLEARED


@dataclass(frozen=True)
class Protocol:
    """One version of one protocol. `limits` maps a limit's code to the words its therapist reads."""

    name: str
    version: int
    title: Text
    advisory: Text
    standing_months: int
    clearance_months: int
    outcomes: Mapping[Outcome, Text]
    ask_again: Text
    limits: Mapping[str, Text]
    questions: tuple[Question, ...]
    rules: tuple[Rule, ...]

    def asked(self, section: Section) -> tuple[Question, ...]:
        """The questions of a section, in their order."""
        return self._asked[section]

    def ruled(self, section: Section) -> tuple[Rule, ...]:
        """The rules that rest on answers of a section only."""
        return self._ruled[section]

    def settled(self, section: Section) -> frozenset[tuple[str, str]]:
        """Every answer of a section that leaves nothing open; a date is looked at by itself."""
        return self._settled[section]

    # Sorted once: a new version is decided over every client's answers.
    @cached_property
    def _asked(self) -> dict[Section, tuple[Question, ...]]:
        return {section: tuple(each for each in self.questions if each.section == section) for section in Section}

    @cached_property
    def _ruled(self) -> dict[Section, tuple[Rule, ...]]:
        ids = {section: {question.id for question in self._asked[section]} for section in Section}
        return {section: tuple(rule for rule in self.rules if rule.when.keys() <= ids[section]) for section in Section}

    @cached_property
    def _settled(self) -> dict[Section, frozenset[tuple[str, str]]]:
        return {
            section: frozenset(
                (each.id, value)
                for each in self._asked[section]
                if each.type is not QuestionType.DATE
                for value in each.values
            )
            for section in Section
        }
