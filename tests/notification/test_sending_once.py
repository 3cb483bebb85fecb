"""Several senders, senders that die or come back late, and what may stay behind of an address."""

import asyncio
from datetime import timedelta

import pytest

from services.notification import store
from services.notification.asking import Scheduling as Asking
from services.notification.bell import Bell
from services.notification.sender import Sender
from services.notification.smtp import Connections
from shared.kit import failpoints
from tests.notification.conftest import Notification


async def test_two_senders_at_once_send_each_message_once(notification: Notification) -> None:
    await notification.hear(*[notification.confirmed() for _ in range(60)])
    small = notification.settings.model_copy(update={"batch": 7})

    async def work() -> None:
        sender = Sender(notification.database, Asking(notification.peers), small, Bell())
        async with Connections(small) as connections:
            while await sender.turn(connections):
                pass

    await asyncio.gather(*(work() for _ in range(3)))
    await notification.turn()
    assert len({mail["Message-ID"] for _, mail in notification.mail_server.mails}) == 60
    assert len(notification.mail_server.mails) == 60


async def test_a_sender_that_dies_after_the_mail_server_said_yes_sends_again_with_the_same_message_id(
    notification: Notification,
) -> None:
    await notification.hear(notification.confirmed())
    failpoints.arm("sender.after_smtp:1:error")
    with pytest.raises(failpoints.FailpointError):
        await notification.turn()
    failpoints.arm("")
    await notification.turn()
    assert len(notification.mail_server.mails) == 1, "its lease still runs: nobody else may send it"

    await notification.let_time_pass()
    await notification.turn()
    ids = [mail["Message-ID"] for _, mail in notification.mail_server.mails]
    assert len(ids) == 2
    assert len(set(ids)) == 1
    assert await notification.states() == {"confirmed to client": "sent"}
    assert await notification.announced() == ["caibei.notification.message.sent.v1"]


async def test_a_sender_that_comes_back_after_its_lease_marks_nothing(notification: Notification) -> None:
    await notification.hear(notification.confirmed())
    lease = timedelta(seconds=60)
    async with notification.database.transaction() as tx:
        (late,) = await store.claim(tx, 10, lease)
        assert await store.claim(tx, 10, lease) == []
    await notification.let_time_pass()
    async with notification.database.transaction() as tx:
        (present,) = await store.claim(tx, 10, lease)
        for claimed, marked in ((late, 0), (present, 1), (present, 0)):
            outcome = store.Outcome(claimed.id, claimed.claims, "failed", "", 1, timedelta(0), None, None)
            assert len(await store.mark(tx, [outcome])) == marked


CANARIES = ("Ana", "López", "ana@example.org", "example.org", "desk@", "+34")


async def test_no_name_and_no_address_stays_in_the_database_or_leaves_in_an_event(notification: Notification) -> None:
    await notification.hear(notification.confirmed(), notification.displaced(moved=False))
    await notification.turn()
    kept = await notification.rows("SELECT m::text AS row FROM messages m UNION ALL SELECT o::text FROM outbox o")
    assert len(kept) == 6
    assert [row for row in kept if any(canary in row.row for canary in CANARIES)] == []
