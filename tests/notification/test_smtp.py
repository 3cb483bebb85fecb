"""A mail server that does not behave: waits end, answers have a size, the next mail gets a fresh connection."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from services.notification.settings import Settings
from services.notification.smtp import Connection, MailServerAway, Refused
from tests.notification.world import MailServer

MAIL = b"From: a@example.org\r\nTo: b@example.org\r\n\r\nText\r\n"
Behaviour = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def never_greets(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()


async def hangs_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()


async def says_what_is_not_smtp(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
    await reader.read()


async def never_ends_its_greeting(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while not writer.is_closing():
        writer.write(b"220-and so on\r\n" * 1000)
        await writer.drain()
        await asyncio.sleep(0)


async def hangs_up_in_the_middle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"220 hello\r\n")
    await reader.readline()
    writer.write(b"250 hello\r\n")
    await reader.readline()
    writer.close()


@asynccontextmanager
async def server(behaviour: Behaviour) -> AsyncIterator[int]:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await behaviour(reader, writer)
        except ConnectionError:
            pass
        finally:
            writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield listening.sockets[0].getsockname()[1]
    finally:
        listening.close()


def connection(port: int) -> Connection:
    return Connection(Settings(smtp_port=port, smtp_seconds=0.3))


@pytest.mark.parametrize(
    "behaviour", [never_greets, hangs_up, says_what_is_not_smtp, never_ends_its_greeting, hangs_up_in_the_middle]
)
async def test_a_server_that_does_not_speak_smtp_is_away_and_soon_known_to_be(behaviour: Behaviour) -> None:
    async with server(behaviour) as port, asyncio.timeout(5):
        use = connection(port)
        with pytest.raises(MailServerAway):
            await use.send("a@example.org", "b@example.org", MAIL)
        await use.close()


async def test_a_garbled_answer_to_a_mail_is_a_passing_refusal_and_the_connection_is_not_used_again() -> None:
    async def garbles(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 hello\r\n")
        await reader.readline()
        writer.write(b"250 hello\r\n")
        await reader.readline()
        writer.write(b"sure thing\r\n")
        await reader.readline()
        writer.write(b"250 OK\r\n")
        await reader.read()

    async with server(garbles) as port:
        use = connection(port)
        for _ in range(2):
            with pytest.raises(Refused) as refused:
                await use.send("a@example.org", "b@example.org", MAIL)
            assert (refused.value.reason, refused.value.lasting) == ("smtp_garbled", False)
        await use.close()


async def test_one_connection_carries_many_mails_and_comes_back_after_the_server_was_away() -> None:
    mail_server = MailServer()
    await mail_server.start()
    use = connection(mail_server.port)
    for _ in range(5):
        await use.send("a@example.org", "b@example.org", MAIL)
    assert (len(mail_server.mails), mail_server.connections) == (5, 1)

    await use.close()
    await mail_server.stop()
    with pytest.raises(MailServerAway):
        await use.send("a@example.org", "b@example.org", MAIL)
    await mail_server.start()
    await use.send("a@example.org", "b@example.org", MAIL)
    assert len(mail_server.mails) == 6
    await use.close()
    await mail_server.stop()


async def test_a_refused_recipient_leaves_the_connection_good_for_the_next_mail() -> None:
    mail_server = MailServer()
    mail_server.answers = {"no@example.org": "550 No such user"}
    await mail_server.start()
    use = connection(mail_server.port)
    with pytest.raises(Refused) as refused:
        await use.send("a@example.org", "no@example.org", MAIL)
    assert refused.value.lasting
    await use.send("a@example.org", "b@example.org", MAIL)
    assert (len(mail_server.mails), mail_server.connections) == (1, 1)
    await use.close()
    await mail_server.stop()
