"""The client's page of a session that lost its room. A GET changes nothing: mail scanners follow links first."""

import asyncio
from contextlib import suppress
from uuid import UUID

from fastapi import Request, Response

from services.scheduling.choice_pages import page_of
from services.scheduling.domain.appointment import Appointment
from services.scheduling.handlers import choices
from services.scheduling.settings import Settings
from services.scheduling.waiting import SETTLED
from shared.kit.links import LinkEnded, Links
from shared.kit.pages import form, page_router
from shared.kit.unit import Tx, Unit

pages = page_router(choices.PATH.rstrip("/"))
WAIT_SECONDS = 8.0


def links_of(request: Request) -> Links:
    settings: Settings = request.app.state.settings
    return settings.links(choices.PURPOSE, request.app.state.common.scheduling_url)


@pages.get("/{token}")
async def choose(token: str, request: Request, tx: Tx) -> Response:
    """What can be chosen now, or what became of it."""
    try:
        item = await choices.opened(tx, links_of(request), token)
    except LinkEnded:
        return page_of(request, None).ended()
    tried = item.code if "tried" in request.query_params else None
    return page_of(request, item).choice(await choices.of(tx, item), tried)


@pages.post("/{token}")
async def answer(token: str, request: Request, unit: Unit) -> Response:
    """One of the proposals, a call, or the end of it; then back to the page, so that a reload sends nothing again."""
    sent = await form(request)
    tx = await unit.begin()
    try:
        item = await choices.opened(tx, links_of(request), token)
    except LinkEnded:
        return page_of(request, None).ended()
    page = page_of(request, item)
    appointment = await choices.locked(tx, item)
    if appointment is not None:
        match sent.get("do"):
            case "call":
                await choices.ask_for_call(tx, item, appointment)
            case "cancel":
                await choices.cancel(tx, appointment)
            case "take":
                if not await choices.accept(tx, appointment, _id(sent.get("alternative", ""))):
                    return page.choice(await choices.of(tx, item), "gone", 409)
                await _settled(unit, appointment)
                return page.back(request, tried=True)
    return page.back(request)


async def _settled(unit: Unit, appointment: Appointment) -> None:
    """Wait a little for the outcome; what takes longer, the page says."""
    with SETTLED.expect(appointment.id, appointment.version) as outcome:
        await unit.commit()
        with suppress(TimeoutError):
            await asyncio.wait_for(outcome, WAIT_SECONDS)


def _id(text: str) -> UUID:
    """Whatever it is that was sent: what is no id is no proposal either."""
    try:
        return UUID(text)
    except ValueError:
        return UUID(int=0)
