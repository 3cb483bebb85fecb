"""The client's page of a session that lost its room, as it is shown: in their language and the branch's local time."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import Request, Response

from services.scheduling.choice_words import WORDS, Words
from services.scheduling.domain.alternatives import Alternative, Kind
from services.scheduling.handlers.choices import Choice
from shared.kit.page_words import LANGUAGES, NAMES
from shared.kit.pages import Pages, language_of, spoken

PAGES = Pages(Path(__file__).parent / "pages")
_DONE = {"confirmed": "good", "checked_in": "good", "cancelled": "plain"}


@dataclass(frozen=True, slots=True)
class Shown:
    """One proposal as it is read."""

    id: str
    when: str
    what: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """The page in one language."""

    language: str

    @property
    def words(self) -> Words:
        return WORDS[self.language]

    def choice(self, choice: Choice, note: str | None = None, status: int = 200) -> Response:
        """What can be chosen, or what became of it. `note`: `gone`, or why the last choice could not be booked."""
        item, words = choice.item, self.words
        when = self.when(item.starts_at, item.timezone)
        booked = [item.treatment_name, when, item.branch_name]
        if not choice.open:
            title, text = words.outcome(item.status)
            lines = [*booked, text] if item.status in ("confirmed", "checked_in", "cancelled") else [text]
            if item.status == "pending":
                return self._page("pending", status, item, title=title, text=lines)
            return self._page("became", status, item, title=title, text=lines, kind=_DONE.get(item.status, "plain"))
        return self._page(
            "choice", status, item, booked=booked, called=item.call_requested_at is not None,
            note=None if note is None else words.gone if note == "gone" else words.refused,
            groups=[(words.kinds[kind], [self._shown(choice, one) for one in few]) for kind, few in _kinds(choice)],
        )  # fmt: skip

    def ended(self) -> Response:
        title, text = self.words.ended
        return PAGES.said(409, language=self.language, title=title, text=[text])

    def back(self, request: Request, *, tried: bool = False) -> Response:
        """To the same page by GET."""
        kept = (["lang=" + self.language] if "lang" in request.query_params else []) + (["tried=1"] if tried else [])
        return Response(status_code=303, headers={"Location": "?" + "&".join(kept)})

    def _page(self, name: str, status: int, item: Any, /, **values: Any) -> Response:
        contact = {"name": item.branch_name, "phone": item.branch_phone, "email": item.branch_email}
        return PAGES.page(
            name, status, language=self.language, words=self.words, languages=NAMES, contact=contact, **values
        )  # fmt: skip

    def _shown(self, choice: Choice, one: Alternative) -> Shown:
        branch = choice.names[one.branch_id]
        what = [self.words.with_whom.format(therapist=choice.names[one.therapist_id].name)]
        if one.kind is Kind.OTHER_BRANCH:
            what.insert(0, branch.name)
        if one.kind is Kind.OTHER_TREATMENT:
            what.insert(0, choice.names[one.treatment_id].name)
        return Shown(str(one.alternative_id), self.when(one.starts_at, branch.timezone), tuple(what))

    def when(self, at: datetime, timezone: str) -> str:
        """By the branch's clock, with its offset, so that nobody has to guess whose time it is."""
        local = at.astimezone(ZoneInfo(timezone))
        offset = local.strftime("%z")
        return self.words.when.format(
            weekday=self.words.weekdays[local.weekday()], day=local.day, month=self.words.months[local.month - 1],
            time=local.strftime("%H:%M"), zone=f"UTC{offset[:3]}:{offset[3:]}",
        )  # fmt: skip


def _kinds(choice: Choice) -> Iterable[tuple[Kind, Iterable[Alternative]]]:
    """In the order of the best of each kind; within one by time, as people look for it."""
    first: dict[Kind, int] = {}
    for n, one in enumerate(choice.found):
        first.setdefault(one.kind, n)
    return groupby(sorted(choice.found, key=lambda one: (first[one.kind], one.starts_at)), key=lambda one: one.kind)


def page_of(request: Request, item: Any) -> Page:
    """In the language that was chosen on the page, else the client's own, else the phone's. Refusals use it, too."""
    wanted = request.query_params.get("lang")
    if wanted not in LANGUAGES:
        wanted = spoken(item.locale) if item is not None else language_of(request)
    request.state.language = wanted
    return Page(wanted)
