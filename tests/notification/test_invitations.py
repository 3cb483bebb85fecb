"""The link to the client's own page goes out in a mail, is asked for at that moment, and is kept nowhere here."""

from datetime import timedelta
from uuid import UUID

import pytest

from shared.events.screening import InvitationIssued, StandingEnding
from shared.kit.ids import new_id
from tests.notification.conftest import Notification
from tests.notification.test_renewal import HEALTH, ending
from tests.notification.world import START

URL = "https://spa.test/questions/a-token-nobody-else-may-see"


def issued(notification: Notification, invitation_id: UUID, **changes: object) -> InvitationIssued:
    world = notification.scheduling
    terms: dict[str, object] = {
        "invitation_id": invitation_id,
        "client_id": world.client(),
        "branch_id": world.branch(),
        "expires_at": START + timedelta(days=4),
    }
    return InvitationIssued.model_validate(terms | changes)


@pytest.mark.parametrize("locale", ["en", "de", "es", "zh-Hans"])
async def test_the_client_gets_the_link_in_their_language_and_no_word_of_health(
    notification: Notification, locale: str
) -> None:
    link = notification.scheduling.add("invitation-links", url=URL)
    client = notification.scheduling.client(locale=locale)
    await notification.hear(issued(notification, link, client_id=client))
    await notification.turn()
    (mail,) = notification.mail_server.to("ana@example.org")
    text = mail.get_content()
    assert URL in text
    assert all(name in text for name in ("Ana López", "Caibei Madrid", "+34 91 000 000"))
    assert HEALTH.search(f"{mail['Subject']}\n{text}") is None
    assert await notification.states() == {"invited to client": "sent"}
    assert "a-token" not in str([tuple(row) for row in await notification.rows()])


async def test_a_link_that_was_used_or_revoked_meanwhile_is_not_sent(notification: Notification) -> None:
    await notification.hear(issued(notification, new_id()))
    await notification.turn()
    assert await notification.states() == {"invited to client": "dropped invitation_over"}


async def test_while_screening_does_not_answer_the_message_waits(notification: Notification) -> None:
    link = notification.scheduling.add("invitation-links", url=URL)
    notification.scheduling.without = {"invitation-links"}
    await notification.hear(issued(notification, link))
    await notification.turn()
    assert (await notification.states())["invited to client"].startswith("queued")
    notification.scheduling.without = set()


async def test_who_is_asked_to_renew_gets_the_link_too_and_is_asked_also_without_one(
    notification: Notification,
) -> None:
    link = notification.scheduling.add("invitation-links", url=URL)
    with_link = StandingEnding.model_validate(ending(notification).model_dump() | {"invitation_id": link})
    await notification.hear(with_link, ending(notification))
    await notification.turn()
    texts = [mail.get_content() for mail in notification.mail_server.to("ana@example.org")]
    assert sorted(URL in text for text in texts) == [False, True]
    assert all("\n\n\n\n" not in text for text in texts)
