"""The client's page of an offer, and what notification asks before it writes of one. A GET changes nothing."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Request, Response

from services.scheduling.choice_pages import page_of
from services.scheduling.domain.errors import OfferEnded
from services.scheduling.handlers import offer_answers
from services.scheduling.handlers.choices import CLIENT
from services.scheduling.offer_pages import offer_page_of
from services.scheduling.schemas.waitlist import OfferLetter
from services.scheduling.settings import Settings
from services.scheduling.store import offers as store
from services.scheduling.waiting import SETTLED
from shared.kit.auth import Principal, requires
from shared.kit.links import LinkEnded, Links, UnknownLink
from shared.kit.pages import form, page_router
from shared.kit.paging import Page
from shared.kit.unit import Tx, Unit, router

PURPOSE, PATH = "offer", "/offers/"
WAIT_SECONDS = 8.0
pages = page_router(PATH.rstrip("/"))
letters = router("/v1", "letters")
Linker = Annotated[Principal, requires("scheduling:links")]


def links_of(request: Request) -> Links:
    settings: Settings = request.app.state.settings
    return settings.links(PURPOSE, request.app.state.common.scheduling_url)


@letters.get("/offer-letters")
async def list_offer_letters(
    who: Linker, tx: Tx, request: Request,
    id: Annotated[list[UUID], Query(min_length=1, max_length=200, description="Offers of the waitlist.")],
) -> Page[OfferLetter]:  # fmt: skip
    """Of these offers what is to be written to their clients now, each with the link to answer it.

    Who has such a link can answer in the client's name; hence the scope.
    """
    links = links_of(request)
    rows = await store.of_letters(tx, id, who.branch_list)
    return Page(items=[OfferLetter.model_validate(_letter(links, row)) for row in rows])


def _letter(links: Links, row: Any) -> dict[str, Any]:
    """A mail without a link is better than none."""
    address = links.address(PATH, row.id, row.starts_at) if links.keys[0] else None
    return {**row._mapping, "state": offer_answers.state(row), "address": address}


@pages.get("/{token}")
async def look(token: str, request: Request, tx: Tx) -> Response:
    """What is offered, or what became of it."""
    try:
        offer = await _opened(tx, request, token)
    except LinkEnded:
        return page_of(request, None).ended()
    return offer_page_of(request, offer).shown(offer)


@pages.post("/{token}")
async def answer(token: str, request: Request, unit: Unit) -> Response:
    """Yes or no; then back to the page, so that a reload sends nothing again."""
    sent = await form(request)
    tx = await unit.begin()
    try:
        offer = await _opened(tx, request, token)
    except LinkEnded:
        return page_of(request, None).ended()
    page = offer_page_of(request, offer)
    with suppress(OfferEnded):  # answered before, or too late: the page says which
        match sent.get("do"):
            case "accept":
                await offer_answers.accept(tx, CLIENT, offer.id)
                await _settled(unit, offer.id)
            case "decline":
                await offer_answers.decline(tx, CLIENT, offer.id)
    return page.back(request)


async def _opened(tx: Tx, request: Request, token: str) -> Any:
    """The offer a link is for; nothing is changed.

    Raises:
        UnknownLink: nobody made it, or its client was erased.
        LinkEnded: the session's start has passed.
    """
    offer = await store.of_page(tx, links_of(request).open(token, datetime.now(UTC)).subject)
    if offer is None:
        raise UnknownLink
    return offer


async def _settled(unit: Unit, id: UUID) -> None:
    """Wait a little for the outcome; what takes longer, the page says."""
    with SETTLED.expect(id) as outcome:
        await unit.commit()
        with suppress(TimeoutError):
            await asyncio.wait_for(outcome, WAIT_SECONDS)
