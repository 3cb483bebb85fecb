"""Whether a protocol may be used at all: every answer leads to an outcome, nothing is unknown, unreachable or milder
for more that is declared.

Strictest wins is how decisions are taken (`decision.py`); that declaring more is never milder follows from it as long
as no rule rests on a "no", which is refused here.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from services.screening.domain.errors import UnsoundProtocol
from services.screening.domain.protocol import (
    LOCALES,
    NO,
    UNSURE,
    Outcome,
    Protocol,
    Question,
    QuestionType,
    Rule,
    Section,
    Text,
)

# Beyond these no protocol is meant, and a date would run out of the calendar.
MOST_MONTHS, MOST_DAYS, MOST_MINUTES = 120, 3_660, 1_440
ID = re.compile(r"[a-z][a-z0-9_]*")


class Flaw(NamedTuple):
    """One thing wrong. `pointer` is RFC 6901, into the protocol as it is written; `detail` is for its author."""

    pointer: str
    code: str
    detail: str


def check(protocol: Protocol) -> Protocol:
    """The protocol itself.

    Raises:
        UnsoundProtocol: with every flaw found.
    """
    if found := [*structure(protocol), *untranslated(protocol)]:
        raise UnsoundProtocol(protocol.name, protocol.version, found)
    return protocol


def structure(protocol: Protocol) -> list[Flaw]:
    """Everything that could leave an answer without an outcome, or an outcome without an answer."""
    found = [*_questions(protocol), *_rules(protocol), *_dead_ends(protocol)]
    found += [
        Flaw(f"/{name}", "out_of_range", f"{name} is 1 or more, and {MOST_MONTHS} at most")
        for name in ("standing_months", "clearance_months")
        if not 1 <= getattr(protocol, name) <= MOST_MONTHS
    ]
    found += [
        Flaw("/outcomes", "words_missing", f"outcome {outcome} has no words")
        for outcome in Outcome
        if outcome not in protocol.outcomes
    ]
    return found


def untranslated(protocol: Protocol) -> list[Flaw]:
    """Every text that is not there in every locale: nobody is asked what they cannot read."""
    found = []
    for pointer, place, text in _texts(protocol):
        missing = [locale for locale in LOCALES if not text.get(locale, "").strip()]
        if missing:
            found.append(Flaw(pointer, "translation_missing", f"{place} has no words in {', '.join(missing)}"))
    return found


def implied(questions: Mapping[str, Question], answers: Iterable[tuple[str, str]]) -> dict[str, set[str]]:
    """These answers and all that must have been answered before them, so that they were asked at all."""
    found: dict[str, set[str]] = {}
    left = list(answers)
    while left:
        id, value = left.pop()
        if value not in found.setdefault(id, set()):
            found[id].add(value)
            follows = questions[id].asked_when if id in questions else None
            left += [follows] if follows else []
    return found


def _questions(protocol: Protocol) -> Iterator[Flaw]:
    """A follow-up may only look back: what comes later, or in another section, could never be reached."""
    seen: dict[str, Question] = {}
    for place, question in enumerate(protocol.questions):
        at = f"/questions/{place}"
        if question.id in seen:
            yield Flaw(f"{at}/id", "asked_twice", f"question {question.id} is asked twice")
        if not ID.fullmatch(question.id):
            yield Flaw(f"{at}/id", "invalid_id", f"question {question.id}: an id is made of a-z, 0-9 and _")
        yield from _options(question, at)
        if question.asked_when:
            parent = seen.get(question.asked_when[0])
            if parent is None or parent.section != question.section:
                late = f"question {question.id} follows {question.asked_when[0]}, which is not asked before it"
                yield Flaw(f"{at}/asked_when", "unreachable", late)
            elif question.asked_when[1] not in parent.values:
                yield Flaw(f"{at}/asked_when", "unreachable",
                           f"question {question.id} is unreachable: {parent.id} never has that answer")  # fmt: skip
        if question.renews is not None and (
            question.section is not Section.ARRIVAL or question.renews not in question.values or question.renews == NO
        ):
            yield Flaw(f"{at}/renews", "invalid_renewal",
                       f"question {question.id}: only an answer at the door, and never {NO}, renews")  # fmt: skip
        seen[question.id] = question
    if not any(question.section is Section.STANDING for question in protocol.questions):
        yield Flaw("/questions", "nothing_asked", "no standing question is asked: everybody would be cleared")


def _options(question: Question, at: str) -> Iterator[Flaw]:
    if (question.type is QuestionType.CHOICE) != bool(question.options):
        yield Flaw(f"{at}/options", "invalid_options",
                   f"question {question.id}: options belong to a choice, and a choice needs them")  # fmt: skip
    if any(count > 1 for count in Counter(question.values).values()):
        yield Flaw(f"{at}/options", "invalid_options", f"question {question.id} offers one option twice")
    for option in question.options:
        if option.value == UNSURE or not ID.fullmatch(option.value):
            reserved = f"question {question.id}: a value is made of a-z, 0-9 and _, and {UNSURE} is always offered"
            yield Flaw(f"{at}/options", "invalid_options", reserved)


def _rules(protocol: Protocol) -> Iterator[Flaw]:
    questions = {question.id: question for question in protocol.questions}
    for place, rule in enumerate(protocol.rules):
        at = f"/rules/{place}"
        if not ID.fullmatch(rule.reason):
            yield Flaw(f"{at}/reason", "invalid_id", f"rule {rule.reason}: a reason is made of a-z, 0-9 and _")
        yield from _conditions(rule, questions, at)
        for limit in sorted(set(rule.limits) - set(protocol.limits)):
            yield Flaw(f"{at}/limits", "unknown_limit", f"rule {rule.reason} names limit {limit}, which has no words")
        yield from _deferral(rule, questions, at)


def _conditions(rule: Rule, questions: dict[str, Question], at: str) -> Iterator[Flaw]:
    if not rule.when:
        yield Flaw(f"{at}/when", "no_condition", f"rule {rule.reason} holds for everybody: it names no answer")
    for id, value in rule.when.items():
        if id not in questions:
            yield Flaw(f"{at}/when", "unknown_question", f"rule {rule.reason} names question {id}, which is not asked")
        elif value not in questions[id].values:
            yield Flaw(f"{at}/when", "unknown_answer", f"rule {rule.reason}: {id} never has the answer {value}")
        elif value == NO:
            resting = f"rule {rule.reason} rests on {id} being answered {NO}: declaring it would be milder"
            yield Flaw(f"{at}/when", "not_monotone", resting)
    if len({questions[id].section for id in rule.when if id in questions}) > 1:
        yield Flaw(f"{at}/when", "mixed_sections", f"rule {rule.reason} mixes standing and arrival answers")
    if any(len(values) > 1 for values in implied(questions, rule.when.items()).values()):
        yield Flaw(f"{at}/when", "unreachable", f"rule {rule.reason} can never hold: its answers exclude each other")


def _deferral(rule: Rule, questions: dict[str, Question], at: str) -> Iterator[Flaw]:
    deferral = rule.deferral

    def flaw(detail: str, where: str = "deferral") -> Flaw:
        return Flaw(f"{at}/{where}", "invalid_deferral", f"rule {rule.reason}{detail}")

    if (rule.outcome is Outcome.DEFERRED) != (deferral is not None):
        yield flaw(": a deferral belongs to the outcome deferred, and that needs one")
    if rule.then.severity >= Outcome.DEFERRED.severity:
        yield flaw(": after a deferral comes cleared or clearance_required", "then")
    if deferral is None:
        return
    spans = (deferral.days, deferral.months, deferral.minutes, deferral.until_well or None)
    if sum(span is not None for span in spans) != 1:
        yield flaw(": a deferral has one of hours, days, weeks, months, minutes or until_well")
    for name, most in (("days", MOST_DAYS), ("months", MOST_MONTHS), ("minutes", MOST_MINUTES)):
        if not 0 <= (getattr(deferral, name) or 0) <= most:
            yield flaw(f": {name} lie between 0 and {most}")
    counted = deferral.days is not None or deferral.months is not None
    start = questions.get(deferral.after or "")
    if counted != (deferral.after is not None):
        yield flaw(": days and months, and only they, run from the date of a question")
    elif counted and (start is None or start.type is not QuestionType.DATE):
        yield flaw(f": the deferral runs from {deferral.after}, which asks for no date")
    elif start is not None and (start.asked_when is None or start.asked_when not in rule.when.items()):
        yield flaw(f": {start.id} is not asked whenever the rule holds")


def _dead_ends(protocol: Protocol) -> Iterator[Flaw]:
    """With nothing declared ("no") the outcome is cleared, without a rule. Every other answer must lead somewhere."""
    decided = {(id, value) for rule in protocol.rules for id, value in rule.when.items()}
    dated = {rule.deferral.after for rule in protocol.rules if rule.deferral}
    for place, question in enumerate(protocol.questions):
        if question.type is QuestionType.DATE and question.id not in dated:
            yield Flaw(f"/questions/{place}", "no_outcome", f"question {question.id}: no rule uses its date")
        for value in question.values:
            if value not in (NO, question.renews) and (question.id, value) not in decided:
                yield Flaw(f"/questions/{place}", "no_outcome",
                           f"question {question.id}: the answer {value} leads to no outcome")  # fmt: skip


def _texts(protocol: Protocol) -> Iterator[tuple[str, str, Text]]:
    for name in ("title", "advisory", "ask_again"):
        yield f"/{name}", name, getattr(protocol, name)
    yield from ((f"/outcomes/{outcome}", f"outcome {outcome}", text) for outcome, text in protocol.outcomes.items())
    yield from ((f"/limits/{code}", f"limit {code}", text) for code, text in protocol.limits.items())
    for place, question in enumerate(protocol.questions):
        yield f"/questions/{place}/text", f"question {question.id}", question.text
        for number, option in enumerate(question.options):
            yield f"/questions/{place}/options/{number}/text", f"option {option.value} of {question.id}", option.text
