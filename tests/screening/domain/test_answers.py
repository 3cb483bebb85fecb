"""What may be answered to what was asked; a fault names the question and never the answer."""

import pytest

from services.screening.domain.answers import faults
from services.screening.domain.protocol import Protocol, Section
from tests.screening.builders import BACK_STEPPING, BOTH, TODAY, declaring, healthy


@pytest.mark.parametrize("protocol", BOTH, ids=lambda protocol: protocol.name)
def test_no_to_everything_is_a_whole_set_of_answers(protocol: Protocol) -> None:
    assert faults(protocol, Section.STANDING, healthy(protocol), TODAY) == []
    every = {question.id: "no" for question in protocol.asked(Section.STANDING)}
    assert faults(protocol, Section.STANDING, every, TODAY) == []


@pytest.mark.parametrize(
    ("changed", "question", "code"),
    [
        ({"osteoporosis": "maybe"}, "osteoporosis", "invalid_answer"),
        ({"osteoporosis": ""}, "osteoporosis", "invalid_answer"),
        ({"appendix": "no"}, "appendix", "unknown_question"),
        ({"fever_today": "no"}, "fever_today", "unknown_question"),
        ({"joint_surgery": "yes"}, "joint_surgery_on", "answer_required"),
        ({"joint_surgery": "yes", "joint_surgery_on": "10.03.2026"}, "joint_surgery_on", "invalid_answer"),
        ({"joint_surgery": "yes", "joint_surgery_on": "2026-02-30"}, "joint_surgery_on", "invalid_answer"),
        ({"joint_surgery": "yes", "joint_surgery_on": "2026-W10-2"}, "joint_surgery_on", "invalid_answer"),
        ({"joint_surgery": "yes", "joint_surgery_on": "1066-10-14"}, "joint_surgery_on", "invalid_answer"),
        ({"joint_surgery": "yes", "joint_surgery_on": "2026-03-11"}, "joint_surgery_on", "date_in_future"),
        ({"joint_surgery_on": "nonsense"}, "joint_surgery_on", "invalid_answer"),
    ],
)
def test_what_cannot_be_an_answer_is_named_by_its_question(changed: dict[str, str], question: str, code: str) -> None:
    found = faults(BACK_STEPPING, Section.STANDING, declaring(**changed), TODAY)
    assert [(fault.question_id, fault.code) for fault in found] == [(question, code)]
    for answer in changed.values():
        assert answer in ("", "no", "yes") or answer not in found[0].detail


def test_every_standing_question_is_required() -> None:
    found = faults(BACK_STEPPING, Section.STANDING, {}, TODAY)
    assert {fault.question_id for fault in found} == set(healthy())
    assert {fault.code for fault in found} == {"answer_required"}


def test_a_therapy_may_end_in_the_future() -> None:
    answers = declaring(radiotherapy="yes", radiotherapy_ends_on="2026-06-30")
    assert faults(BACK_STEPPING, Section.STANDING, answers, TODAY) == []
