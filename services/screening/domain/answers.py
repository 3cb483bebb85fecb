"""What a client answered, checked against what was asked."""

from collections.abc import Mapping
from datetime import date
from typing import NamedTuple

from services.screening.domain.protocol import NO, UNSURE, Protocol, Question, QuestionType, Section

EARLIEST = date(1900, 1, 1)


class Fault(NamedTuple):
    """One answer that cannot be taken. It names the question and never the answer."""

    question_id: str
    code: str
    detail: str


def faults(protocol: Protocol, section: Section, answers: Mapping[str, str], today: date) -> list[Fault]:
    """Everything wrong with these answers; empty when they can be decided on.

    All questions of the section are required, a follow-up when it applies. What is answered to a follow-up that
    does not apply must still be an answer of its kind. `today` is the client's local day.
    """
    asked = {question.id: question for question in protocol.asked(section)}
    found = [
        Fault(id, "unknown_question", f"The {section} section of this version has no such question.")
        for id in answers
        if id not in asked
    ]
    for question in asked.values():
        if question.id not in answers:
            if question.is_asked(answers):
                found.append(Fault(question.id, "answer_required", "This question needs an answer."))
        elif wrong := fault(question, answers[question.id], today):
            found.append(wrong)
    return found


def fault(question: Question, answer: str, today: date) -> Fault | None:
    """What is wrong with the answer to one question, if anything."""
    if answer == UNSURE or answer in question.values:
        return None
    if question.type is not QuestionType.DATE:
        return Fault(question.id, "invalid_answer", f"Answer one of: {', '.join((*question.values, UNSURE))}.")
    day = answered_date(answer)
    if day is None or day < EARLIEST:
        return Fault(question.id, "invalid_answer", f"Answer a date (YYYY-MM-DD), {NO} or {UNSURE}.")
    if question.past and day > today:
        return Fault(question.id, "date_in_future", "This day has not come yet.")
    return None


def answered_date(answer: str | None) -> date | None:
    """The day of an ISO 8601 date (YYYY-MM-DD), or None for every other answer."""
    if answer is None or len(answer) != 10 or not answer[4] == answer[7] == "-":
        return None
    try:
        return date.fromisoformat(answer)
    except ValueError:
        return None


def is_open(question: Question, answers: Mapping[str, str]) -> bool:
    """Whether it applies and is not settled: missing, "unsure", or a date that was not named."""
    if not question.is_asked(answers):
        return answers.get(question.id) == UNSURE
    answer = answers.get(question.id)
    if question.type is QuestionType.DATE:
        return answered_date(answer) is None
    return answer not in question.values
