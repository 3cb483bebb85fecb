"""The console's pages: the health of all services, and the developer's mailbox."""

from typing import Annotated, Any
from urllib.parse import urlencode, urlsplit

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse

from services.console.mailbox import Mail, Mailbox
from services.console.schemas import MailAnswer
from services.console.web import SAFE, assets, page
from shared.errors import Forbidden, NotFound
from shared.kit.paging import Cursor, Page, position
from shared.kit.paging import page as cut

pages = APIRouter()
_HERE_ONLY = {"127.0.0.1", "localhost", "::1"}


@pages.get("/", include_in_schema=False)
async def services(request: Request) -> Response:
    """Every service, and how it is."""
    found = await request.app.state.health.now()
    return page(request, "services", services=found, ready=sum(service.state == "ok" for service in found))


@pages.get("/static/{name}", include_in_schema=False)
async def static(name: str) -> Response:
    if name not in assets():
        raise NotFound("not_found", "There is no such file.")
    content, media_type = assets()[name]
    return Response(content, media_type=media_type, headers=SAFE | {"Cache-Control": "no-cache"})


To = Annotated[str, Query(max_length=320, description="Only mails to this address.")]
Limit = Annotated[int, Query(ge=1, le=1000)]


@pages.get("/dev/mailbox", response_model=Page[MailAnswer], tags=["mailbox"])
async def mailbox(request: Request, to: To = "", limit: Limit = 50, cursor: Cursor = None) -> Any:
    """Mails the services sent, newest first: a page for a browser, JSON for everybody else."""
    box = _mailbox(request)
    place = position(cursor)
    before = place if isinstance(place, int) else None
    found: list[Mail] = []
    count = 0
    for mail in box.newest(to=to or None, before=before):
        count += 1
        if len(found) <= limit:
            found.append(mail)
    mails, after = cut(found, limit, lambda mail: mail.number)
    if "text/html" not in request.headers.get("accept", ""):
        return Page(items=[MailAnswer.of(mail) for mail in mails], next_cursor=after)
    older = urlencode({"to": to, "limit": limit, "cursor": after or ""})
    return page(request, "mailbox", mails=mails, to=to, count=count, most=box.most, next_cursor=after, older=older)


@pages.delete("/dev/mailbox", status_code=204, tags=["mailbox"])
async def empty_mailbox(request: Request) -> None:
    """Forget all caught mails."""
    _mailbox(request).clear()


@pages.post("/dev/mailbox/clear", include_in_schema=False)
async def empty_mailbox_by_button(request: Request) -> Response:
    """The same, for the button of the page; not for a form on somebody else's page."""
    box = _mailbox(request)
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise Forbidden("cross_site", "This can be asked for on the mailbox's own page only.")
    box.clear()
    return RedirectResponse("/dev/mailbox", status_code=303, headers=SAFE)


def _mailbox(request: Request) -> Mailbox:
    """The mailbox, if there is one and the browser asked this machine by its own name.

    A page elsewhere can point its name at 127.0.0.1 (DNS rebinding) and would then read people's mails here.
    """
    box: Mailbox | None = request.app.state.mailbox
    known = _HERE_ONLY | {urlsplit(request.app.state.common.console_url).hostname}
    if box is None or urlsplit(f"//{request.headers.get('host', '')}").hostname not in known:
        raise NotFound(
            "no_mailbox", "There is no mailbox here: it is for development, under the console's own address."
        )
    return box
