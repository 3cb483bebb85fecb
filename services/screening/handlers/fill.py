"""The client's own page, from opening the link to signing. Signing goes the way of every screening (`screen.py`).

Who holds the link is the client: the token in the path is the only credential. What was answered so far is sealed with
the client's key in the invitation's row, and gone when the row is used, revoked or over.
"""

import hashlib
import hmac
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property
from typing import Any
from uuid import UUID

from services.screening.domain.calendar import local_day, zone
from services.screening.domain.protocol import Protocol
from services.screening.domain.questionnaire import Draft, Group, first_open, groups
from services.screening.handlers.screen import Screened, screen
from services.screening.store import clients, invitations, protocols, screenings
from services.screening.store.clients import Client
from services.screening.vault import Vault
from shared.kit.auth import Principal
from shared.kit.database import Transaction
from shared.kit.links import LinkEnded, Links, UnknownLink
from shared.kit.unit import UnitOfWork

PURPOSE = "questionnaire"


@dataclass(frozen=True)
class Opened:
    """An invitation as its link opens it. `draft` and `protocol` are there while it can be used.

    `renewed`: the questions were replaced since the draft was begun.
    """

    row: Any
    protocol: Protocol
    draft: Draft
    renewed: bool = False

    @property
    def live(self) -> bool:
        return self.row.state in invitations.LIVE

    @property
    def today(self) -> date:
        return local_day(self.row.now, zone(self.row.timezone))

    @cached_property
    def pages(self) -> list[Group]:
        return groups(self.protocol)

    @property
    def furthest(self) -> int:
        """The step up to which one may go: 0 is the advisory, then the pages of questions, then the review."""
        return 1 + first_open(self.pages, self.draft.answers) if self.draft.acknowledged else 0

    @property
    def review(self) -> int:
        return len(self.pages) + 1


async def open_link(tx: Transaction, vault: Vault, links: Links, token: str) -> Opened:
    """What the link opens; a GET changes nothing.

    Raises:
        UnknownLink: the token is not ours.
    """
    return await _opened(tx, vault, await invitations.read(tx, _row_of(links, token)))


async def open_to_write(tx: Transaction, vault: Vault, links: Links, token: str) -> tuple[Opened, Client | None]:
    """The same with its client and its row locked, in the order in which an erasure locks them.

    Raises:
        UnknownLink.
    """
    id = _row_of(links, token)
    row = await invitations.read(tx, id)
    if row is None:
        raise UnknownLink
    client = await clients.hold(tx, row.client_id)
    return await _opened(tx, vault, await invitations.lock(tx, id)), client


def _row_of(links: Links, token: str) -> UUID:
    try:
        return links.open(token, datetime.now(UTC)).subject
    except LinkEnded as ended:  # the row says so, too, and why
        return ended.subject


async def _opened(tx: Transaction, vault: Vault, row: Any) -> Opened:
    if row is None:
        raise UnknownLink
    asked = await protocols.get(tx, row.protocol)
    kept = None
    if row.draft is not None and row.state in invitations.LIVE:
        kept = await clients.existing_vault(tx, vault, row.client_id)
    if kept is None:
        return Opened(row, asked, Draft(asked.version))
    draft = Draft.of(kept.open("draft", row.id, row.draft))
    before = asked if draft.version == asked.version else await protocols.get(tx, row.protocol, draft.version)
    return Opened(row, asked, draft.under(before, asked), renewed=before is not asked)


async def save(tx: Transaction, vault: Vault, client: Client, opened: Opened, draft: Draft, locale: str) -> None:
    """Keep what was answered so far, sealed with the client's key."""
    kept = await clients.vault_of(tx, vault, client)
    sealed = kept.seal("draft", opened.row.id, {
        "version": draft.version, "acknowledged": draft.acknowledged, "answers": dict(draft.answers),
    })  # fmt: skip
    await invitations.save(tx, opened.row.id, locale, sealed)


async def sign(
    unit: UnitOfWork, vault: Vault, opened: Opened, *, signed_by: Mapping[str, str], locale: str, once: str
) -> Screened:
    """Decide on the draft, and use the invitation up. `once` tells this form, sent twice, from another.

    Raises:
        ProtocolSuperseded, InvalidAnswers, AdvisoryRequired: the page is then shown again from where it must be.
    """
    row, draft = opened.row, opened.draft
    screened = await screen(
        unit,
        vault,
        _the_client(row),
        client_id=row.client_id,
        protocol=row.protocol,
        protocol_version=draft.version,
        answers=draft.final(opened.pages),
        advisory_acknowledged=draft.acknowledged,
        signed_by=dict(signed_by),
        locale=locale,
    )
    await invitations.complete(await unit.begin(), row.id, screened.id, _digest(once))
    return screened


def sent_before(opened: Opened, once: str) -> bool:
    """Whether this very form was sent a moment ago: a second tap, or a page loaded again."""
    row = opened.row
    return bool(once and row.just_completed and row.sent_as and hmac.compare_digest(bytes(row.sent_as), _digest(once)))


async def decided_before(tx: Transaction, opened: Opened) -> Any:
    """The standing that the used invitation led to, while it is the client's; else None."""
    standing = await screenings.current(tx, opened.row.client_id, opened.row.protocol)
    return standing if standing is not None and standing.screening_id == opened.row.screening_id else None


def _the_client(row: Any) -> Principal:
    """Who holds the link may answer for this client, and do nothing else. Recorded by the invitation's id."""
    return Principal(
        subject=f"invitation:{row.id}",
        client_id="questionnaire",
        scopes=frozenset({"screening:write"}),
        branches=frozenset(row.branch_ids),
        therapist_id=None,
        issuer="",
        expires_at=math.inf,
    )


def _digest(once: str) -> bytes:
    return hashlib.sha256(once.encode()).digest()
