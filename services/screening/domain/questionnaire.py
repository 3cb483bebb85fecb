"""The standing questions as a person is asked them: a few on a page, each follow-up right after what it follows."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from services.screening.domain.protocol import Protocol, Question, Section

ON_A_PAGE = 4
"""Questions on one page of a phone, follow-ups aside (house rule)."""

Group = tuple[Question, ...]


def groups(protocol: Protocol) -> list[Group]:
    """The questions by page. A follow-up is on the page of the question it follows, and right behind it."""
    asked = protocol.asked(Section.STANDING)
    followers: dict[str, list[Question]] = {question.id: [] for question in asked}
    first: list[Question] = []
    for question in asked:
        (followers[question.asked_when[0]] if question.asked_when else first).append(question)

    def with_followers(question: Question) -> list[Question]:
        return [question, *(each for follower in followers[question.id] for each in with_followers(follower))]

    pages = [first[start : start + ON_A_PAGE] for start in range(0, len(first), ON_A_PAGE)]
    return [tuple(each for question in page for each in with_followers(question)) for page in pages]


def applying(group: Group, answers: Mapping[str, str]) -> Group:
    """The questions of a page that these answers make apply; of one that does not, no follower does either."""
    asked: dict[str, Question] = {}
    for question in group:
        if question.asked_when is None or (question.asked_when[0] in asked and question.is_asked(answers)):
            asked[question.id] = question
    return tuple(asked.values())


def first_open(pages: list[Group], answers: Mapping[str, str]) -> int:
    """The page with the first question that has no answer yet; the number of pages when all have one."""
    return next(
        (at for at, group in enumerate(pages) if any(each.id not in answers for each in applying(group, answers))),
        len(pages),
    )


@dataclass(frozen=True)
class Draft:
    """What somebody has answered so far, of one version. `acknowledged`: its advisory."""

    version: int
    acknowledged: bool = False
    answers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> "Draft":
        return cls(kept["version"], kept["acknowledged"], kept["answers"])

    def with_answers(self, group: Group, answers: Mapping[str, str]) -> "Draft":
        """With one page answered, or part of it: what is not answered there now is not answered."""
        others = {id: answer for id, answer in self.answers.items() if id not in {each.id for each in group}}
        return Draft(self.version, self.acknowledged, {**others, **answers})

    def under(self, before: Protocol, now: Protocol) -> "Draft":
        """Under the version that is asked now: the advisory is read anew, and the answers to what is asked in the very
        same words are kept."""
        if before.version == now.version:
            return self
        asked = {question.id: question for question in before.asked(Section.STANDING)}
        known = {question.id for question in now.asked(Section.STANDING) if asked.get(question.id) == question}
        return Draft(now.version, False, {id: answer for id, answer in self.answers.items() if id in known})

    def final(self, pages: list[Group]) -> dict[str, str]:
        """The answers that are sent: those of questions that apply."""
        asked = [question.id for group in pages for question in applying(group, self.answers)]
        return {id: self.answers[id] for id in asked if id in self.answers}
