"""The floor: what the default declines, no chain's copy lets through (decisions/, "A copy is never milder").

A decline of the default stands for an injury that its sources name. A copy may ask more, decline more, word things
otherwise; for each set of answers that the default declines it must decline too, and ask for them no later.
"""

from collections.abc import Iterator
from typing import NamedTuple

from services.screening.domain.protocol import Outcome, Protocol, Question
from services.screening.domain.soundness import implied


class Milder(NamedTuple):
    """A decline of the default that the copy does not take. `here` is the strictest the copy says to those answers."""

    pointer: str
    reason: str
    questions: tuple[str, ...]
    here: Outcome | None


def milder(copy: Protocol, default: Protocol) -> list[Milder]:
    """Every decline of the default that the copy lacks or softens; empty when the copy may be activated."""
    return list(_milder(copy, default))


def _milder(copy: Protocol, default: Protocol) -> Iterator[Milder]:
    known = {question.id: question for question in default.questions}
    own = {question.id: question for question in copy.questions}
    for rule in default.rules:
        if rule.outcome is not Outcome.DECLINED:
            continue
        given = {(id, value) for id, values in implied(known, rule.when.items()).items() for value in values}
        ids = tuple(sorted(rule.when))
        asked = all(_is_asked(id, known[id], own, given) for id in rule.when)
        held = [each for each in copy.rules if given >= set(each.when.items())]
        strictest = max((each.outcome for each in held), key=lambda outcome: outcome.severity, default=None)
        if not asked or strictest is not Outcome.DECLINED:
            yield Milder("/rules" if asked else "/questions", rule.reason, ids, strictest if asked else None)


def _is_asked(id: str, default: Question, own: dict[str, Question], given: set[tuple[str, str]]) -> bool:
    """Whether the copy asks it, in the same section and as a question of that kind, of everybody whom it concerns."""
    question = own.get(id)
    if question is None or (question.section, question.type) != (default.section, default.type):
        return False
    before = implied(own, [question.asked_when] if question.asked_when else [])
    return given >= {(each, value) for each, values in before.items() for value in values}
