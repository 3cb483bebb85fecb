"""A protocol that could leave an answer without an outcome is refused before anybody is asked."""

from dataclasses import replace
from typing import Any

import pytest

from services.screening.domain.errors import UnsoundProtocol
from services.screening.domain.protocol import (
    LOCALES,
    Deferral,
    Option,
    Outcome,
    Protocol,
    Question,
    QuestionType,
    Rule,
    Section,
)
from services.screening.domain.soundness import check

TEXT = dict.fromkeys(LOCALES, "words")


def question(id: str, type: QuestionType = QuestionType.BOOLEAN, **more: Any) -> Question:
    return Question(id, more.pop("section", Section.STANDING), type, TEXT, **more)


def protocol(questions: list[Question], rules: list[Rule], **more: Any) -> Protocol:
    whole: dict[str, Any] = {
        "name": "tried", "version": 1, "title": TEXT, "advisory": TEXT, "standing_months": 12, "clearance_months": 6,
        "outcomes": dict.fromkeys(Outcome, TEXT), "ask_again": TEXT, "limits": {"avoid": TEXT},
    }  # fmt: skip
    return Protocol(**(whole | {"questions": tuple(questions), "rules": tuple(rules)} | more))


ILL = question("ill")
ILL_DECLINED = Rule("ill", {"ill": "yes"}, Outcome.DECLINED)
SOUND = protocol([ILL], [ILL_DECLINED])
SINCE = question("since", QuestionType.DATE, asked_when=("ill", "yes"))


def test_a_sound_protocol_is_taken() -> None:
    assert check(SOUND) is SOUND


def test_a_choice_is_sound_when_each_option_leads_somewhere() -> None:
    where = question("where", QuestionType.CHOICE, options=(Option("no", TEXT), Option("arm", TEXT)))
    assert check(protocol([where], [Rule("arm", {"where": "arm"}, Outcome.CLEARED, ("avoid",))]))


@pytest.mark.parametrize(
    ("unsound", "fault"),
    [
        (protocol([ILL], []), "the answer yes leads to no outcome"),
        (protocol([ILL, ILL], [ILL_DECLINED]), "asked twice"),
        (protocol([question("Ill!")], [Rule("x", {"Ill!": "yes"}, Outcome.DECLINED)]), "an id is made of"),
        (protocol([ILL, SINCE], [ILL_DECLINED]), "no rule uses its date"),
        (protocol([ILL], [ILL_DECLINED, Rule("x", {"tired": "yes"}, Outcome.DECLINED)]), "which is not asked"),
        (protocol([ILL], [ILL_DECLINED, Rule("x", {"ill": "maybe"}, Outcome.DECLINED)]), "never has the answer"),
        (protocol([ILL], [ILL_DECLINED, Rule("x", {}, Outcome.DECLINED)]), "holds for everybody"),
        (protocol([ILL], [replace(ILL_DECLINED, limits=("unheard",))]), "has no words"),
        (protocol([ILL], [replace(ILL_DECLINED, outcome=Outcome.DEFERRED)]), "that needs one"),
        (protocol([ILL], [replace(ILL_DECLINED, deferral=Deferral(until_well=True))]), "belongs to the outcome"),
        (
            protocol([ILL], [Rule("x", {"ill": "yes"}, Outcome.DEFERRED, (), Deferral(days=3, after="ill"))]),
            "asks for no date",
        ),
        (
            protocol([ILL], [Rule("x", {"ill": "yes"}, Outcome.DEFERRED, (), Deferral(days=3))]),
            "run from the date of a question",
        ),
        (
            protocol(
                [ILL, question("old"), replace(SINCE, asked_when=("old", "yes"))],
                [
                    Rule("x", {"ill": "yes"}, Outcome.DEFERRED, (), Deferral(days=3, after="since")),
                    Rule("o", {"old": "yes"}, Outcome.DECLINED),
                ],
            ),
            "is not asked whenever the rule holds",
        ),
        (
            protocol(
                [ILL], [Rule("x", {"ill": "yes"}, Outcome.DEFERRED, (), Deferral(until_well=True), Outcome.DECLINED)]
            ),
            "after a deferral comes",
        ),
        (
            protocol([question("more", asked_when=("ill", "yes")), ILL], [ILL_DECLINED]),
            "which is not asked before it",
        ),
        (
            protocol([ILL, question("more", asked_when=("ill", "maybe"))], [ILL_DECLINED]),
            "is unreachable",
        ),
        (protocol([ILL], [ILL_DECLINED], advisory=TEXT | {"de": " "}), "advisory has no words in de"),
        (protocol([ILL], [ILL_DECLINED], outcomes={}), "outcome declined has no words"),
        (protocol([ILL], [ILL_DECLINED], standing_months=0), "1 or more"),
        (protocol([question("where", QuestionType.CHOICE)], []), "a choice needs them"),
        (protocol([ILL], [ILL_DECLINED, Rule("x", {"ill": "no"}, Outcome.DECLINED)]), "would be milder"),
        (protocol([question("ill", section=Section.ARRIVAL)], [ILL_DECLINED]), "everybody would be cleared"),
        (protocol([question("ill", renews="yes")], [ILL_DECLINED]), "only an answer at the door"),
        (
            protocol(
                [question("where", QuestionType.CHOICE, options=(Option("unsure", TEXT),))],
                [Rule("x", {"where": "unsure"}, Outcome.DECLINED)],
            ),
            "always offered",
        ),
        (
            protocol(
                [
                    question("where", QuestionType.CHOICE, options=(Option("arm", TEXT), Option("leg", TEXT))),
                    question("sore", asked_when=("where", "arm")),
                ],
                [
                    Rule("arm", {"where": "arm"}, Outcome.DECLINED),
                    Rule("leg", {"where": "leg"}, Outcome.DECLINED),
                    Rule("sore", {"where": "leg", "sore": "yes"}, Outcome.DECLINED),
                ],
            ),
            "can never hold",
        ),
        (
            protocol(
                [ILL, SINCE], [Rule("x", {"ill": "yes"}, Outcome.DEFERRED, (), Deferral(months=999, after="since"))]
            ),
            "months lie between",
        ),
        (protocol([ILL], [replace(ILL_DECLINED, reason="Ill and more")]), "a reason is made of"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_each_fault_is_refused_in_words(unsound: Protocol, fault: str) -> None:
    with pytest.raises(UnsoundProtocol) as refused:
        check(unsound)
    assert fault in refused.value.detail
    assert all(flaw.pointer.startswith("/") and flaw.code for flaw in refused.value.flaws)
