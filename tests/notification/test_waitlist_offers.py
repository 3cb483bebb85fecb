"""The letter about an offer of the waitlist: what and until when, asked for right before it is sent."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from shared.events.scheduling import WaitlistOffered
from shared.kit.ids import new_id
from tests.notification.conftest import Notification
from tests.notification.world import START

LINK = "https://spa.example/offers/dGhpcyBpcyBhIHRva2Vu"
SUBJECTS = {"en": "It is your turn", "de": "Sie sind an der Reihe", "es": "Es su turno", "zh-Hans": "轮到您了"}


def offered(notification: Notification, letter: dict[str, Any] | None = None, **client: Any) -> WaitlistOffered:
    """An offer, and what scheduling says of it."""
    world = notification.scheduling
    ids: dict[str, UUID] = {"treatment_id": world.treatment(), "therapist_id": world.therapist()}
    until = datetime.now(UTC) + timedelta(hours=2)
    offer_id = new_id()
    known = {"id": str(offer_id), "state": "open", "expires_at": until.isoformat(), "address": LINK}
    world.rows["offer-letters"][str(offer_id)] = (
        known | {name: str(id) for name, id in ids.items()} | {"starts_at": START.isoformat()} | (letter or {})
    )
    return WaitlistOffered(
        offer_id=offer_id, entry_id=new_id(), branch_id=world.branch(), client_id=world.client(**client), **ids,
        starts_at=START, ends_at=START + timedelta(hours=1), expires_at=until,
    )  # fmt: skip


@pytest.mark.parametrize("locale", SUBJECTS)
async def test_who_is_next_is_told_in_their_language_what_and_until_when(
    notification: Notification, locale: str
) -> None:
    event = offered(notification, locale=locale)
    await notification.hear(event)
    assert LINK not in str(await notification.rows()), "it is kept nowhere"
    await notification.turn()
    [mail] = notification.mail_server.to("ana@example.org")
    assert str(mail["Subject"]).startswith(SUBJECTS[locale])
    body = str(mail.get_content()).replace("\r\n", "\n")
    assert LINK in body.split("\n"), "on a line of its own, so that every mail program finds it"
    assert all(text in body for text in ("Back-stepping 60", "Mei Lin", "Caibei Madrid", "+34 91 000 000"))
    assert "{" not in body
    assert await notification.states() == {"waitlist-offer to client": "sent"}


@pytest.mark.parametrize("state", ["declined", "lapsed", "accepted"])
async def test_an_offer_that_is_over_is_not_told(notification: Notification, state: str) -> None:
    await notification.hear(offered(notification, {"state": state}))
    await notification.turn()
    assert await notification.states() == {"waitlist-offer to client": f"dropped now_{state}"}
    assert notification.mail_server.mails == []


async def test_without_a_link_it_names_whom_to_call(notification: Notification) -> None:
    await notification.hear(offered(notification, {"address": None}))
    await notification.turn()
    [mail] = notification.mail_server.to("ana@example.org")
    assert "+34 91 000 000" in mail.get_content() and "https://" not in mail.get_content()
