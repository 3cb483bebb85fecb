"""The page that a bar's QR code opens: what a placard would say, in the reader's language, and nothing else.

Nobody signs in here. The label's signature is passed on to room-equipment, which made it; a wrong one is 404.
"""

from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request, Response

from services.console.bar_words import WORDS
from services.console.web import SAFE, page
from shared.errors import CaibeiError, Unavailable
from shared.kit.page_words import day_said
from shared.kit.pages import spoken
from shared.kit.peers import Peers

bar_pages = APIRouter()
SECONDS = 3.0
LONGEST_SIGNATURE = 100


@bar_pages.get("/bars/{bar_id}", include_in_schema=False)
async def bar(request: Request, bar_id: str, s: str = "") -> Response:
    """Certified, locked out or not certified; since when, until when, and of which moment that is."""
    language = spoken(request.headers.get("accept-language", ""))
    peers: Peers = request.app.state.peers
    try:
        id = UUID(bar_id)
    except ValueError:
        return _nothing()
    if not 0 < len(s) <= LONGEST_SIGNATURE:
        return _nothing()
    try:
        status, found = await peers.get(
            "room-equipment", f"/v1/bars/{id}/placard", params={"signature": s}, timeout=SECONDS
        )
    except (Unavailable, CaibeiError):
        return page(request, "bar_unknown", 503, language=language, words=WORDS[language])
    if status != 200:
        return _nothing()
    words = WORDS[language]
    return page(
        request,
        "bar",
        language=language,
        words=words,
        bar=found,
        headline=words.states[found["state"]],
        reason=words.reasons.get(found["reason"] or "", ""),
        since=_time(found["since"], found["timezone"], language) if found["since"] else "",
        until=_day(found["certified_until"], language) if found["certified_until"] else "",
        due=_day(found["next_due"], language) if found["next_due"] else "",
        read_at=_time(found["read_at"], found["timezone"], language),
        load=f"{found['rated_load_kg']:g}",
    )


def _nothing() -> Response:
    return Response("404", 404, media_type="text/plain", headers=SAFE)


def _day(said: str, language: str) -> str:
    return day_said(date.fromisoformat(said), language)


def _time(said: str, timezone: str, language: str) -> str:
    local = datetime.fromisoformat(said).astimezone(ZoneInfo(timezone))
    return f"{day_said(local.date(), language)}, {local:%H:%M} ({timezone})"
