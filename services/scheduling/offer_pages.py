"""The client's page of an offer of the waitlist, as it is shown: in their language and the branch's local time."""

from dataclasses import dataclass
from typing import Any

from fastapi import Request, Response

from services.scheduling.choice_pages import PAGES, Page, page_of
from services.scheduling.handlers.offer_answers import state
from services.scheduling.offer_words import WORDS
from shared.kit.page_words import NAMES

_GOOD = ("booked",)


@dataclass(frozen=True, slots=True)
class OfferPage:
    """The page in the language of the choice's page, whose frame and days it shares."""

    shared: Page

    def shown(self, offer: Any, status: int = 200) -> Response:
        """What is offered and until when, or what became of it."""
        page, words = self.shared, WORDS[self.shared.language]
        contact = {"name": offer.branch_name, "phone": offer.branch_phone, "email": offer.branch_email}
        frame: dict[str, Any] = {"language": page.language, "words": page.words, "languages": NAMES, "contact": contact}
        slot = [offer.treatment_name, page.when(offer.starts_at, offer.timezone),
                page.words.with_whom.format(therapist=offer.therapist_name), offer.branch_name]  # fmt: skip
        now = "withdrawn" if offer.appointment_status in ("cancelled", "no_show") else state(offer)
        if now == "open":
            until = words.until.format(until=page.when(offer.expires_at, offer.timezone))
            return PAGES.page("offer", status, **frame, offer=words, booked=slot, until=until)
        title, text = words.outcomes[now]
        lines = [*slot, text] if now in ("accepted", "booked") else [text]
        kind = "good" if now in _GOOD else "plain"
        name = "pending" if now == "accepted" else "became"
        return PAGES.page(name, status, **frame, title=title, text=lines, kind=kind)

    def back(self, request: Request) -> Response:
        return self.shared.back(request)


def offer_page_of(request: Request, offer: Any) -> OfferPage:
    """In the language that was chosen on the page, else the client's own, else the phone's."""
    return OfferPage(page_of(request, offer))
