"""Whether a protocol may be used at all: every answer leads to an outcome, and nothing is unknown or unreachable."""

import re
from collections import Counter
from collections.abc import Iterator

from services.screening.domain.errors import UnsoundProtocol
from services.screening.domain.protocol import (
    LOCALES,
    NO,
    Outcome,
    Protocol,
    Question,
    QuestionType,
    Rule,
    Text,
)


def check(protocol: Protocol) -> Protocol:
    """The protocol itself.

    Raises:
        UnsoundProtocol: with every fault found, in words for its author.
    """
    faults = [
        *_question_faults(protocol),
        *_rule_faults(protocol),
        *_dead_ends(protocol),
        *_text_faults(protocol),
    ]
    if protocol.version < 1 or protocol.standing_months < 1 or protocol.clearance_months < 1:
        faults.append("version, standing_months and clearance_months are 1 or more")
    if faults:
        raise UnsoundProtocol(protocol.name, protocol.version, faults)
    return protocol


def _question_faults(protocol: Protocol) -> Iterator[str]:
    """A follow-up may only look back: what comes later, or in another section, could never be reached."""
    seen: dict[str, Question] = {}
    for question in protocol.questions:
        if question.id in seen:
            yield f"question {question.id} is asked twice"
        if not re.fullmatch(r"[a-z][a-z0-9_]*", question.id):
            yield f"question {question.id}: an id is made of a-z, 0-9 and _"
        if (question.type is QuestionType.CHOICE) != bool(question.options):
            yield f"question {question.id}: options belong to a choice, and a choice needs them"
        if any(count > 1 for count in Counter(question.values).values()):
            yield f"question {question.id} offers one option twice"
        if question.asked_when:
            parent = seen.get(question.asked_when[0])
            if parent is None or parent.section != question.section:
                yield f"question {question.id} follows {question.asked_when[0]}, which is not asked before it"
            elif question.asked_when[1] not in parent.values:
                yield f"question {question.id} is unreachable: {parent.id} never has that answer"
        seen[question.id] = question


def _rule_faults(protocol: Protocol) -> Iterator[str]:
    questions = {question.id: question for question in protocol.questions}
    for rule in protocol.rules:
        if not rule.when:
            yield f"rule {rule.reason} holds for everybody: it names no answer"
        for id, value in rule.when.items():
            if id not in questions:
                yield f"rule {rule.reason} names question {id}, which is not asked"
            elif value not in questions[id].values:
                yield f"rule {rule.reason}: {id} never has the answer {value}"
        if len({questions[id].section for id in rule.when if id in questions}) > 1:
            yield f"rule {rule.reason} mixes standing and arrival answers"
        for limit in set(rule.limits) - set(protocol.limits):
            yield f"rule {rule.reason} names limit {limit}, which has no words"
        yield from _deferral_faults(rule, questions)


def _deferral_faults(rule: Rule, questions: dict[str, Question]) -> Iterator[str]:
    deferral = rule.deferral
    if (rule.outcome is Outcome.DEFERRED) != (deferral is not None):
        yield f"rule {rule.reason}: a deferral belongs to the outcome deferred, and that needs one"
    if rule.then.severity >= Outcome.DEFERRED.severity:
        yield f"rule {rule.reason}: after a deferral comes cleared or clearance_required"
    if deferral is None:
        return
    spans = (deferral.days, deferral.months, deferral.minutes, deferral.until_well or None)
    if sum(span is not None for span in spans) != 1 or min(deferral.days or 0, deferral.months or 0) < 0:
        yield f"rule {rule.reason}: a deferral has days, months, minutes or until_well"
    counted = deferral.days is not None or deferral.months is not None
    start = questions.get(deferral.after or "")
    if counted != (deferral.after is not None):
        yield f"rule {rule.reason}: days and months, and only they, run from the date of a question"
    elif counted and (start is None or start.type is not QuestionType.DATE):
        yield f"rule {rule.reason}: the deferral runs from {deferral.after}, which asks for no date"
    elif start is not None and (start.asked_when is None or start.asked_when not in rule.when.items()):
        yield f"rule {rule.reason}: {start.id} is not asked whenever the rule holds"


def _dead_ends(protocol: Protocol) -> Iterator[str]:
    """With nothing declared ("no") the outcome is cleared, without a rule. Every other answer must lead somewhere."""
    decided = {(id, value) for rule in protocol.rules for id, value in rule.when.items()}
    dated = {rule.deferral.after for rule in protocol.rules if rule.deferral}
    for question in protocol.questions:
        if question.type is QuestionType.DATE and question.id not in dated:
            yield f"question {question.id}: no rule uses its date"
        for value in question.values:
            if value != NO and (question.id, value) not in decided:
                yield f"question {question.id}: the answer {value} leads to no outcome"


def _text_faults(protocol: Protocol) -> Iterator[str]:
    for place, text in _texts(protocol):
        missing = [locale for locale in LOCALES if not text.get(locale, "").strip()]
        if missing:
            yield f"{place} has no words in {', '.join(missing)}"
    for outcome in set(Outcome) - set(protocol.outcomes):
        yield f"outcome {outcome} has no words"


def _texts(protocol: Protocol) -> Iterator[tuple[str, Text]]:
    yield from (("title", protocol.title), ("advisory", protocol.advisory), ("ask_again", protocol.ask_again))
    yield from ((f"outcome {outcome}", text) for outcome, text in protocol.outcomes.items())
    yield from ((f"limit {code}", text) for code, text in protocol.limits.items())
    for question in protocol.questions:
        yield f"question {question.id}", question.text
        yield from ((f"option {option.value} of {question.id}", option.text) for option in question.options)
