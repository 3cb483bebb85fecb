"""Several senders, senders that die or come back late, and what may stay behind of an address."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import asyncpg
import pytest

from services.notification import store
from services.notification.asking import Scheduling as Asking
from services.notification.bell import Bell
from services.notification.sender import Sender
from services.notification.smtp import Connections
from shared.kit import failpoints
from tests.notification.conftest import Notification
from tests.notification.world import until


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


async def test_what_a_killed_sender_had_taken_goes_to_another_when_its_lease_ends(notification: Notification) -> None:
    await notification.hear(*[notification.confirmed() for _ in range(3)])
    async with notification.database.transaction() as tx:
        assert len(await store.claim(tx, 10, timedelta(seconds=0.5))) == 3  # and is never heard of again
    await notification.turn()
    assert notification.mail_server.mails == []

    sending = asyncio.create_task(notification.sender.run())
    await until(lambda: len(notification.mail_server.mails) == 3)
    notification.sender.stop()
    await sending
    assert await notification.states() == {"confirmed to client": "sent"}


async def test_a_slow_mail_server_costs_the_sender_no_lease_and_the_client_no_second_mail(
    notification: Notification,
) -> None:
    short = notification.settings.model_copy(update={"lease_seconds": 0.6})
    notification.mail_server.seconds = 1.5
    await notification.hear(notification.confirmed())
    sender = Sender(notification.database, Asking(notification.peers), short, Bell())
    other = Sender(notification.database, Asking(notification.peers), short, Bell())
    async with Connections(short) as connections:
        working = asyncio.create_task(sender.turn(connections))
        await until(lambda: notification.mail_server.connections == 1)
        while not working.done():
            assert not await other.turn(connections)
            await asyncio.sleep(0.05)
        await working
    assert len(notification.mail_server.mails) == 1
    assert await notification.states() == {"confirmed to client": "sent"}


async def test_a_sender_that_cannot_renew_its_lease_hands_over_nothing_more(notification: Notification) -> None:
    short = notification.settings.model_copy(update={"lease_seconds": 3.0, "smtp_connections": 1})
    notification.mail_server.seconds = 0.4
    await notification.hear(*[notification.confirmed() for _ in range(12)])
    sender = Sender(notification.database, Asking(notification.peers), short, Bell())
    async with Connections(short) as connections, refused_to_update(notification):
        await sender.turn(connections)
    assert 1 <= len(notification.mail_server.mails) < 12


@asynccontextmanager
async def refused_to_update(notification: Notification) -> AsyncIterator[None]:
    """The database refuses to renew a lease: messages are taken and marked, but never kept."""
    admin = await asyncpg.connect(notification.service_database.admin_url)
    await admin.execute("""
        CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'not renewed'; END $$;
        CREATE TRIGGER refuse BEFORE UPDATE ON messages FOR EACH ROW
            WHEN (OLD.state = 'sending' AND NEW.state = 'sending' AND OLD.claims = NEW.claims)
            EXECUTE FUNCTION refuse();
    """)
    try:
        yield
    finally:
        await admin.close()


CANARIES = ("Ana", "López", "ana@example.org", "example.org", "desk@", "+34")


async def test_no_name_and_no_address_stays_in_the_database_or_leaves_in_an_event(notification: Notification) -> None:
    await notification.hear(notification.confirmed(), notification.displaced(moved=False))
    await notification.turn()
    kept = await notification.rows("SELECT m::text AS row FROM messages m UNION ALL SELECT o::text FROM outbox o")
    assert len(kept) == 6
    assert [row for row in kept if any(canary in row.row for canary in CANARIES)] == []
