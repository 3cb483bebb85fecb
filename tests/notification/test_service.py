"""The whole service on real Kafka: from another service's event to a mail and back onto the topic."""

import asyncio
import time
from collections.abc import Awaitable, Callable

import pytest

from services.notification.app import SERVICE
from shared.kit.testing import running
from tests.notification.conftest import Notification
from tests.servers import Topics


async def until(true: Callable[[], Awaitable[bool]], seconds: float = 20) -> None:
    ends = time.monotonic() + seconds
    while not await true():
        assert time.monotonic() < ends, "it did not come true"
        await asyncio.sleep(0.02)


async def test_an_event_on_the_topic_becomes_a_mail_and_a_message_sent(
    notification: Notification, topics: Topics, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Scheduling's event goes out through this service's own relay: to Kafka it is the same."""
    for name, value in topics.environment.items():
        monkeypatch.setenv(name, value)
    async with running(SERVICE, "all"):
        async with notification.database.transaction() as tx:
            tx.announce(notification.confirmed())

        async def published() -> bool:
            statement = "SELECT count(*) AS n FROM outbox WHERE published_at IS NOT NULL AND type LIKE '%message.sent%'"
            return bool((await notification.rows(statement))[0].n)

        await until(published)
    assert len(notification.mail_server.to("ana@example.org")) == 1
    assert await notification.states() == {"confirmed to client": "sent"}


async def test_stopping_lets_the_batch_under_way_be_marked(
    notification: Notification, topics: Topics, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A clean stop sends nothing twice: what the mail server took is written down before the database is closed."""
    for name, value in topics.environment.items():
        monkeypatch.setenv(name, value)
    await notification.hear(*[notification.confirmed() for _ in range(60)])

    async def some_are_sent() -> bool:
        return len(notification.mail_server.mails) > 5

    async with running(SERVICE, "all"):
        await until(some_are_sent)
    sent = len(notification.mail_server.mails)
    states = [row.state for row in await notification.rows()]
    assert states.count("sent") == sent
    assert "sending" not in states
