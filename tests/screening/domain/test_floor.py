"""What the default declines, no copy lets through: neither by a softer rule nor by not asking."""

from dataclasses import replace
from typing import Any

import pytest

from services.screening.domain.decision import decide
from services.screening.domain.floor import milder
from services.screening.domain.protocol import Outcome, Protocol, Question, QuestionType, Rule, Section
from tests.screening.builders import BACK_STEPPING, BOTH, MASSAGE, TODAY, healthy
from tests.screening.domain.test_soundness import TEXT


def without_rule(protocol: Protocol, reason: str) -> Protocol:
    return replace(protocol, rules=tuple(rule for rule in protocol.rules if rule.reason != reason))


def with_rule(protocol: Protocol, reason: str, **changes: Any) -> Protocol:
    return replace(
        protocol, rules=tuple(replace(rule, **changes) if rule.reason == reason else rule for rule in protocol.rules)
    )


def with_question(protocol: Protocol, id: str, /, **changes: Any) -> Protocol:
    return replace(
        protocol, questions=tuple(replace(each, **changes) if each.id == id else each for each in protocol.questions)
    )


def found(copy: Protocol, default: Protocol) -> set[tuple[str, Outcome | None]]:
    return {(each.reason, each.here) for each in milder(copy, default)}


@pytest.mark.parametrize("protocol", BOTH, ids=lambda protocol: protocol.name)
def test_a_copy_and_a_stricter_copy_pass(protocol: Protocol) -> None:
    assert milder(protocol, protocol) == []
    stricter = replace(
        protocol,
        questions=(Question("tired", Section.STANDING, QuestionType.BOOLEAN, TEXT), *protocol.questions),
        rules=(*protocol.rules, Rule("tired", {"tired": "yes"}, Outcome.DECLINED)),
    )
    assert milder(with_rule(stricter, "epilepsy", outcome=Outcome.DECLINED), protocol) == []


def test_what_is_no_decline_may_be_softened() -> None:
    softer = with_rule(with_rule(BACK_STEPPING, "epilepsy", outcome=Outcome.CLEARED), "cancer", outcome=Outcome.CLEARED)
    assert milder(softer, BACK_STEPPING) == []


@pytest.mark.parametrize(
    ("copy", "default", "gone"),
    [
        (with_rule(BACK_STEPPING, "disc", outcome=Outcome.CLEARANCE_REQUIRED), BACK_STEPPING,
         ("disc", Outcome.CLEARANCE_REQUIRED)),
        (without_rule(BACK_STEPPING, "osteoporosis"), BACK_STEPPING, ("osteoporosis", None)),
        (with_rule(BACK_STEPPING, "disc", when={"disc": "yes", "epilepsy": "yes"}), BACK_STEPPING, ("disc", None)),
        (with_question(BACK_STEPPING, "disc", id="disk"), BACK_STEPPING, ("disc", None)),
        (with_question(BACK_STEPPING, "disc", section=Section.ARRIVAL), BACK_STEPPING, ("disc", None)),
        (with_question(BACK_STEPPING, "disc", asked_when=("osteoporosis", "yes")), BACK_STEPPING, ("disc", None)),
        (with_rule(MASSAGE, "pregnancy_first_three_months", outcome=Outcome.CLEARANCE_REQUIRED), MASSAGE,
         ("pregnancy_first_three_months", Outcome.CLEARANCE_REQUIRED)),
        (with_rule(MASSAGE, "alcohol_or_drugs", outcome=Outcome.CLEARED), MASSAGE,
         ("alcohol_or_drugs", Outcome.CLEARED)),
    ],
    ids=["softer", "no rule", "only with another", "not asked", "only at the door", "asked of few", "follow-up",
         "at the door"],
)  # fmt: skip
def test_each_way_around_a_decline_is_found(
    copy: Protocol, default: Protocol, gone: tuple[str, Outcome | None]
) -> None:
    assert found(copy, default) == {gone}


def test_every_decline_of_the_default_is_guarded() -> None:
    for protocol in BOTH:
        declines = [rule for rule in protocol.rules if rule.outcome is Outcome.DECLINED]
        assert declines
        for rule in declines:
            copy = replace(protocol, rules=tuple(each for each in protocol.rules if each is not rule))
            assert [each.reason for each in milder(copy, protocol)] == [rule.reason]


def test_a_copy_that_passes_declines_whatever_the_default_declines() -> None:
    copy = with_rule(BACK_STEPPING, "skin_or_veins_on_back", when={"skin_or_veins": "yes"})
    assert milder(copy, BACK_STEPPING) == []
    answers = healthy() | {"skin_or_veins": "yes", "skin_or_veins_on_back": "yes"}
    assert decide(copy, Section.STANDING, answers).outcome_on(TODAY) is Outcome.DECLINED


def test_back_stepping_is_not_held_to_less_than_it_was() -> None:
    assert {reason for reason, _ in found(MASSAGE, BACK_STEPPING)} >= {
        "spinal_or_bone_injury", "osteoporosis", "disc", "spinal_disease", "pregnancy",
    }  # fmt: skip
