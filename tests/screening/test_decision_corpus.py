"""The same answers and version give the same decision for ever: each shipped version's decisions, kept as they were.

`decisions/<protocol>.v<n>.json` holds a few hundred sets of answers with what was decided on them. A change of the code
that alters one of them alters evidence: undo it, or publish a new version. A new version's file is written by
`python -m tests.screening.test_decision_corpus`; an existing one is never written again.
"""

import json
import random
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from services.screening.domain.decision import decide
from services.screening.domain.protocol import Protocol, Question, QuestionType, Section
from services.screening.domain.standing import Standing
from services.screening.protocols import shipped
from tests.screening.test_protocols import PUBLISHED

FOLDER = Path(__file__).parent / "decisions"
DAY = date(2026, 3, 10)
DATES = ("2026-03-10", "2026-03-01", "2026-01-31", "2025-06-30", "2019-02-28", "no", "unsure")


def versions() -> list[tuple[str, int]]:
    names = (file.removesuffix(".yaml").split(".v") for file in PUBLISHED)
    return [(name, int(number)) for name, number in names]


def decided(protocol: Protocol, answers: dict[str, str]) -> dict[str, Any]:
    """A decision on these answers (all others "no"), in every part that is stored, shown or acted on."""
    found: dict[str, Any] = {}
    touched = {question.section for question in protocol.questions if question.id in answers}
    for section in [each for each in Section if each in touched or not answers]:
        given = {q.id: "no" for q in protocol.asked(section) if q.asked_when is None} | answers
        decision = decide(protocol, section, given)
        standing = Standing.decided(decision, protocol, DAY)
        found[section.value] = [
            decision.outcome_on(DAY).value,
            [finding.reason for finding in decision.findings],
            list(decision.open_questions),
            list(decision.limits),
            str(decision.deferred_until or ""),
            [decision.until_well, decision.needs_clearance, decision.minutes, decision.renews],
            [standing.outcome_on(day).value for day in (DAY, date(2026, 4, 21), date(2026, 4, 22), date(2026, 12, 31))],
            str(standing.valid_until),
        ]
    return found


def corpus(protocol: Protocol) -> list[dict[str, str]]:
    """Each answer to each question alone, with every day to its follow-up, and 150 mixtures."""
    chance = random.Random(f"{protocol.name} {protocol.version}")
    found: list[dict[str, str]] = [{}]
    for question in protocol.questions:
        before = {question.asked_when[0]: question.asked_when[1]} if question.asked_when else {}
        found += [before | {question.id: value} for value in _values(question)]
    for _ in range(150):
        some = chance.sample(protocol.questions, chance.randint(2, 8))
        found.append({question.id: chance.choice(_values(question)) for question in some})
    return found


def _values(question: Question) -> tuple[str, ...]:
    return DATES if question.type is QuestionType.DATE else (*question.values, "unsure")


@pytest.mark.parametrize(("name", "version"), versions(), ids=lambda value: str(value))
def test_a_versions_decisions_are_what_they_were(name: str, version: int) -> None:
    protocol = shipped().get(name, version)
    kept = json.loads((FOLDER / f"{name}.v{version}.json").read_text())
    assert len(kept) > 200
    for answers, decision in kept:
        assert decided(protocol, answers) == decision, answers


def test_every_question_and_rule_of_a_version_is_in_its_decisions() -> None:
    for name, version in versions():
        protocol = shipped().get(name, version)
        kept = json.loads((FOLDER / f"{name}.v{version}.json").read_text())
        assert {q.id for q in protocol.questions} <= {id for answers, _ in kept for id in answers}
        reasons = {reason for _, decision in kept for section in decision.values() for reason in section[1]}
        assert {rule.reason for rule in protocol.rules} == reasons


if __name__ == "__main__":
    for each, number in versions():
        path = FOLDER / f"{each}.v{number}.json"
        if not path.exists():
            found = shipped().get(each, number)
            lines = [json.dumps([answers, decided(found, answers)], ensure_ascii=False) for answers in corpus(found)]
            path.write_text("[\n" + ",\n".join(lines) + "\n]\n")
