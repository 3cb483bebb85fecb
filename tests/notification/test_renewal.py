"""Being asked for new answers before a session: once, while it is true, and without a word about anybody's health."""

import re

import pytest

from services.notification.domain.messages import Purpose
from services.notification.wordings import built_in
from shared.events.screening import StandingEnding
from tests.notification.conftest import Notification

# What a stranger who reads over the shoulder must not find. "Answers" and "questions" are what any visit has.
HEALTH = re.compile(
    r"health|medic|doctor|illness|disease|condition|injur|screening|questionnaire|decline"
    r"|gesund|krank|arzt|ärzt|verletz|diagnos|befund|salud|enfermedad|médic|lesi[oó]n|健康|疾病|医|病|伤|筛查",
    re.IGNORECASE,
)


def ending(notification: Notification, status: str = "confirmed", **changes: object) -> StandingEnding:
    booking = notification.booking(status, **changes)
    return StandingEnding.model_validate(booking | {"protocol": "back-stepping"})


@pytest.mark.parametrize("locale", ["en", "de", "es", "zh-Hans"])
async def test_the_client_is_asked_in_their_language_without_a_word_of_health(
    notification: Notification, locale: str
) -> None:
    client = notification.scheduling.client(locale=locale)
    await notification.hear(ending(notification, client_id=client))
    await notification.turn()
    (mail,) = notification.mail_server.to("ana@example.org")
    text = f"{mail['Subject']}\n{mail.get_content()}"
    assert HEALTH.search(text) is None
    assert all(name in text for name in ("Ana López", "Caibei Madrid", "Back-stepping 60"))
    assert await notification.states() == {"renew to client": "sent"}


async def test_nobody_is_asked_before_a_session_that_is_off(notification: Notification) -> None:
    await notification.hear(ending(notification, "cancelled"))
    await notification.turn()
    assert await notification.states() == {"renew to client": "dropped now_cancelled"}


@pytest.mark.parametrize("locale", ["en", "de", "es", "zh-Hans"])
def test_the_text_says_what_where_when_and_whom_to_reach(locale: str) -> None:
    template = built_in()[locale].texts[Purpose.RENEW]
    assert {"client_name", "branch_name", "branch_contact", "treatment_name", "when"} <= template.body.names
