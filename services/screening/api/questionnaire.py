"""The client's own page, `/questions/{token}`: HTML for a phone, without scripts or sign-in.

A GET changes nothing. Each step is a form that is stored and answered with 303, so that a page loaded again sends
nothing again. No answer is in an address: of a step it has the number only, and a follow-up has none of its own.
"""

from dataclasses import dataclass, replace
from typing import Annotated
from urllib.parse import urlencode

from fastapi import Depends, Request, Response
from pydantic import ValidationError

from services.screening import questionnaire_pages as pages
from services.screening.api.invitations import links_of
from services.screening.api.parameters import TheVault
from services.screening.branch_contacts import BranchContacts
from services.screening.domain.answers import fault
from services.screening.domain.questionnaire import Draft, applying
from services.screening.handlers import fill
from services.screening.handlers.fill import Opened
from services.screening.questionnaire_pages import Shown, answer_in
from services.screening.schemas import Signature
from services.screening.store.clients import Client
from services.screening.store.screenings import standing_of
from services.screening.vault import Vault
from shared.kit.page_words import LANGUAGES
from shared.kit.pages import form, language_of, page_router
from shared.kit.unit import Unit, UnitOfWork

questionnaire = page_router("/questions")


async def _contacts(request: Request) -> BranchContacts:
    contacts: BranchContacts = request.app.state.branch_contacts
    return contacts


Contacts = Annotated[BranchContacts, Depends(_contacts)]


@questionnaire.api_route("/{token}", methods=["GET", "HEAD"])
async def show(
    request: Request, unit: Unit, vault: TheVault, contacts: Contacts, token: str, step: str = "", lang: str = ""
) -> Response:
    """Where the reader is, or an earlier step."""
    opened = await fill.open_link(await unit.begin(), vault, links_of(request), token)
    await unit.commit()
    _settle_language(request, opened, lang)
    shown = await _shown(request, contacts, opened)
    if not opened.live:
        return pages.ended(shown)
    return _page(shown, min(_number(step, opened.furthest), opened.furthest))


@dataclass(frozen=True)
class Sent:
    """A form as it came, with what it belongs to; client and invitation are locked."""

    request: Request
    unit: UnitOfWork
    vault: Vault
    contacts: BranchContacts
    opened: Opened
    fields: dict[str, str]

    @property
    def goes_back(self) -> bool:
        return self.fields.get("to") == "back"

    async def shown(self, opened: Opened | None = None) -> Shown:
        """For the page that answers it: what was to be kept is kept by now."""
        await self.unit.commit()
        return await _shown(self.request, self.contacts, opened or self.opened)

    async def save(self, client: Client, draft: Draft) -> Opened:
        """Keep the draft; gives the invitation with it."""
        tx = await self.unit.begin()
        await fill.save(tx, self.vault, client, self.opened, draft, language_of(self.request))
        return replace(self.opened, draft=draft)

    def to(self, step: int, *, changing: bool = False) -> Response:
        """On to a step, which a page loaded again shows again."""
        query = urlencode({"step": step, "lang": language_of(self.request)} | ({"change": 1} if changing else {}))
        return Response(status_code=303, headers={"Location": f"?{query}", "Cache-Control": "no-store"})


@questionnaire.post("/{token}")
async def take(request: Request, unit: Unit, vault: TheVault, contacts: Contacts, token: str) -> Response:
    """One step answered, or all of it signed."""
    fields = await form(request)
    opened, client = await fill.open_to_write(await unit.begin(), vault, links_of(request), token)
    _settle_language(request, opened, fields.get("lang", ""))
    sent = Sent(request, unit, vault, contacts, opened, fields)
    if client is None or not opened.live:
        return await _over(sent)
    step = _number(fields.get("step", ""), 0)
    # Shown with other questions, or a step that cannot be shown yet: from where the reader is.
    if fields.get("version") != str(opened.protocol.version) or step > opened.furthest:
        return sent.to(opened.furthest)
    if step == 0:
        return await _acknowledged(sent, client)
    return await (_answered(sent, client, step) if step < opened.review else _signed(sent))


async def _acknowledged(sent: Sent, client: Client) -> Response:
    if sent.fields.get("acknowledged") != "yes":
        shown = await sent.shown()
        return pages.advisory(shown, {"acknowledged": shown.words.acknowledge_missing})
    now = await sent.save(client, replace(sent.opened.draft, acknowledged=True))
    return sent.to(now.furthest)


async def _answered(sent: Sent, client: Client, step: int) -> Response:
    """Keep what can be kept of a page, whatever else is wrong with it, and go on when it is whole."""
    opened, fields = sent.opened, sent.fields
    group = opened.pages[step - 1]
    given = {each.id: answer for each in group if (answer := answer_in(each, fields)) is not None}
    wrong = {each.id: fault(each, given[each.id], opened.today) for each in group if each.id in given}
    taken = {id: answer for id, answer in given.items() if wrong[id] is None}
    now = await sent.save(client, opened.draft.with_answers(group, taken))
    if sent.goes_back:
        return sent.to(step - 1)
    changing = "change" in sent.request.query_params
    missing = {each.id: wrong.get(each.id) for each in applying(group, taken) if each.id not in taken}
    if not missing:
        return sent.to(opened.review if changing else step + 1)
    was_asked = {each.id for each in applying(group, opened.draft.answers)} | given.keys()
    if not was_asked & missing.keys():
        return sent.to(step, changing=changing)  # open is only what follows from the answers just given
    shown = await sent.shown(now)
    missing = {id: found for id, found in missing.items() if id in was_asked}
    return pages.questions(shown, step, fields, pages.problems_of(shown, missing, group))


async def _signed(sent: Sent) -> Response:
    fields = sent.fields
    if sent.goes_back:
        return sent.to(sent.opened.review - 1)
    try:
        signature = Signature(name=fields.get("name", ""), relationship=fields.get("relationship"))
    except ValidationError as error:
        wrong = {str(each["loc"][0]) for each in error.errors()}
        shown = await sent.shown()
        said = {"name": shown.words.name_missing, "relationship": shown.words.signing_missing}
        return pages.review(shown, fields, {field: text for field, text in said.items() if field in wrong})
    screened = await fill.sign(
        sent.unit,
        sent.vault,
        sent.opened,
        signed_by=signature.model_dump(),
        locale=language_of(sent.request),
        once=fields.get("once", ""),
    )
    return pages.decided(await sent.shown(), screened.standing)


async def _over(sent: Sent) -> Response:
    """The form of a link that opens nothing any more. Sent twice, it is answered like the first time."""
    standing = None
    if fill.sent_before(sent.opened, sent.fields.get("once", "")):
        standing = await fill.decided_before(await sent.unit.begin(), sent.opened)
    shown = await sent.shown()
    return pages.ended(shown) if standing is None else pages.decided(shown, standing_of(standing))


def _page(shown: Shown, step: int) -> Response:
    if step == 0:
        return pages.advisory(shown)
    return pages.questions(shown, step) if step < shown.opened.review else pages.review(shown)


def _number(text: str, otherwise: int) -> int:
    return int(text) if text.isdecimal() and len(text) < 4 else otherwise


def _settle_language(request: Request, opened: Opened, wanted: str) -> None:
    """The one just chosen, else the invitation's, else the phone's. Refusals are told in it, too."""
    settled = wanted if wanted in LANGUAGES else opened.row.locale
    if settled in LANGUAGES:
        request.state.language = settled


async def _shown(request: Request, contacts: BranchContacts, opened: Opened) -> Shown:
    """No transaction is open by now: scheduling may have to be asked whom to call."""
    return Shown(opened, language_of(request), await contacts.of(opened.row.branch_id))
