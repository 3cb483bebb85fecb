"""The client's own page as it is shown: the advisory, a few questions at a time, the review, and what was decided."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from fastapi import Response

from services.screening.branch_contacts import Contact
from services.screening.domain.answers import Fault, answered_date
from services.screening.domain.protocol import NO, UNSURE, YES, Outcome, Question, QuestionType
from services.screening.domain.questionnaire import applying
from services.screening.domain.standing import Standing
from services.screening.handlers.fill import Opened
from services.screening.outcome_words import OUTCOMES, Told
from services.screening.page_words import WORDS, Words
from services.screening.protocols import words as in_words
from shared.kit.page_words import NAMES, day_said
from shared.kit.pages import Pages

PAGES = Pages(Path(__file__).parent / "pages")
UNKNOWN = "-unknown"

NOTHING: Mapping[str, str] = {}
"""No problems: of each field, what is wrong with it."""


@dataclass(frozen=True)
class Shown:
    """What every page knows of its reader."""

    opened: Opened
    language: str
    contact: Contact | None

    @property
    def words(self) -> Words:
        return WORDS[self.language]

    @property
    def treatment(self) -> str:
        return in_words(self.opened.protocol.title, self.language)

    def page(
        self,
        name: str,
        status: int,
        step: int | None,
        problems: Mapping[str, str],
        /,
        labels: Mapping[str, str] | None = None,
        **values: Any,
    ) -> Response:
        return PAGES.page(
            name,
            status,
            language=self.language,
            languages=NAMES,
            words=self.words,
            contact=self.contact,
            heading=self.words.title.format(treatment=self.treatment),
            step=step,
            steps=self.opened.review + 1,
            version=self.opened.protocol.version,
            problems=problems,
            labels=labels or {},
            **values,
        )


def field_of(question: Question) -> str:
    """A question's field; no other field is named so."""
    return f"a-{question.id}"


def answer_in(question: Question, fields: Mapping[str, str]) -> str | None:
    """What a sent form answers to a question; None if nothing."""
    given = fields.get(field_of(question))
    if question.type is QuestionType.DATE and not given and fields.get(field_of(question) + UNKNOWN):
        return UNSURE
    return given or None


def advisory(shown: Shown, problems: Mapping[str, str] = NOTHING) -> Response:
    opened = shown.opened
    return shown.page(
        "advisory",
        422 if problems else 200,
        0,
        problems,
        advisory=in_words(opened.protocol.advisory, shown.language),
        acknowledged=opened.draft.acknowledged,
        renewed=opened.renewed,
    )


def questions(
    shown: Shown, step: int, sent: Mapping[str, str] | None = None, problems: Mapping[str, str] = NOTHING
) -> Response:
    """One page of questions. `sent`: as a form came that is shown again, else as answered before."""
    opened = shown.opened
    group = applying(opened.pages[step - 1], opened.draft.answers)
    new = [each for each in group if each.asked_when and each.id not in opened.draft.answers]
    begun = any(each.id in opened.draft.answers for each in group)
    return shown.page(
        "questions",
        422 if problems else 200,
        step,
        problems,
        labels={field_of(each): in_words(each.text, shown.language) for each in group},
        questions=[_question(shown, each, sent) for each in group],
        follows=field_of(new[0]) if new and begun and not problems else None,
    )


def _question(shown: Shown, question: Question, sent: Mapping[str, str] | None) -> dict[str, Any]:
    answer = shown.opened.draft.answers.get(question.id) if sent is None else answer_in(question, sent)
    made: dict[str, Any] = {
        "field": field_of(question),
        "text": in_words(question.text, shown.language),
        "options": _options(shown, question),
        "answer": answer,
    }
    if question.type is QuestionType.DATE:
        made["day"] = answer if answered_date(answer) else ""
        made["unknown"] = answer == UNSURE
        made["latest"] = shown.opened.today.isoformat() if question.past else ""
    return made


def _options(shown: Shown, question: Question) -> list[tuple[str, str]]:
    """Each choice with its words; a date has none."""
    words = shown.words
    unsure = (UNSURE, words.unsure)
    match question.type:
        case QuestionType.BOOLEAN:
            return [(YES, words.yes), (NO, words.no), unsure]
        case QuestionType.CHOICE:
            return [*((each.value, in_words(each.text, shown.language)) for each in question.options), unsure]
        case QuestionType.DATE:
            return []


def problems_of(shown: Shown, faults: Mapping[str, Fault | None], asked: tuple[Question, ...]) -> dict[str, str]:
    """{field: what to do}, in their order, of questions without an answer (None) or with one that cannot be taken."""
    words, found = shown.words, {}
    for question in asked:
        if question.id not in faults:
            continue
        fault, is_day = faults[question.id], question.type is QuestionType.DATE
        if fault is None:
            what = words.day_missing if is_day else words.answer_missing
        elif fault.code == "date_in_future":
            what = words.day_future
        else:
            what = words.day_wrong if is_day else words.answer_missing
        found[field_of(question)] = what
    return found


def review(shown: Shown, sent: Mapping[str, str] = NOTHING, problems: Mapping[str, str] = NOTHING) -> Response:
    """Everything that was answered, to be looked at once more, and signed."""
    opened = shown.opened
    said = [
        {
            "field": field_of(question),
            "text": in_words(question.text, shown.language),
            "answer": _said(shown, question, opened.draft.answers[question.id]),
            "step": step,
        }
        for step, group in enumerate(opened.pages, 1)
        for question in applying(group, opened.draft.answers)
    ]
    return shown.page(
        "review",
        422 if problems else 200,
        opened.review,
        problems,
        answers=said,
        name=sent.get("name", ""),
        relationship=sent.get("relationship", ""),
        once=sent.get("once") or secrets.token_urlsafe(18),
    )


def _said(shown: Shown, question: Question, answer: str) -> str:
    if day := answered_date(answer):
        return day_said(day, shown.language)
    if question.type is QuestionType.DATE:
        return shown.words.day_unknown
    return dict(_options(shown, question))[answer]


def decided(shown: Shown, standing: Standing | None) -> Response:
    """The outcome, and what to do next; once decided anew since, only that all is done."""
    if standing is None:
        return ended(shown)
    key = _outcome(standing, shown)
    day = day_said(standing.deferred_until + timedelta(days=1), shown.language) if standing.deferred_until else ""
    kind = "good" if key.startswith("cleared") else "plain"
    return _told(shown, OUTCOMES[shown.language][key], 200, kind, day)


def _outcome(standing: Standing, shown: Shown) -> str:
    outcome = standing.outcome_on(shown.opened.today)
    if outcome is Outcome.CLEARED:
        return "cleared_limits" if standing.has_limits else "cleared"
    if outcome is not Outcome.DEFERRED:
        return outcome.value
    if standing.asks_again:
        return "open"
    if standing.until_well:
        return "deferred_well"
    return "deferred_letter" if standing.needs_clearance else "deferred"


def ended(shown: Shown) -> Response:
    """A link that opens nothing any more: used, over, or taken back; and whom to call."""
    words = shown.words
    match shown.opened.row.state:
        case "completed":
            return _told(shown, words.done, 200, "good")
        case "expired":
            return _told(shown, words.expired, 410, "plain")
        case _:
            return _told(shown, words.revoked, 410, "plain")


def _told(shown: Shown, told: Told, status: int, kind: str, day: str = "") -> Response:
    def filled(text: str) -> str:
        return text.format(treatment=shown.treatment, day=day)

    return shown.page(
        "told",
        status,
        None,
        NOTHING,
        kind=kind,
        title=filled(told.title),
        text=[filled(line) for line in told.text],
        next=[filled(line) for line in told.next],
    )
