"""The developer's mailbox: caught over SMTP, bounded, readable as JSON and as a page that shows everything escaped."""

import socket
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from email.message import EmailMessage

import aiosmtplib
import httpx
import pytest

from services.console.app import SERVICE, UnsafeSetting
from services.console.mailbox import Mailbox
from shared.kit.testing import client, running

LOCAL = {"host": "127.0.0.1"}
HTML = LOCAL | {"accept": "text/html"}


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


class Console:
    def __init__(self, http: httpx.AsyncClient, smtp_port: int) -> None:
        self.http, self.smtp_port = http, smtp_port

    async def send(self, to: str, subject: str = "Hello", text: str = "Text", **headers: str) -> None:
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = "caibei@example.org", to, subject
        for name, value in headers.items():
            mail[name.replace("_", "-")] = value
        mail.set_content(text)
        await aiosmtplib.send(mail, hostname="127.0.0.1", port=self.smtp_port, start_tls=False)

    async def mails(self, **params: str) -> list[dict[str, object]]:
        answer = await self.http.get("/dev/mailbox", params=params, headers=LOCAL)
        items: list[dict[str, object]] = answer.json()["items"]
        return items


@pytest.fixture
async def console(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Console]:
    port = free_port()
    monkeypatch.setenv("CAIBEI_CONSOLE_SMTP_PORT", str(port))
    monkeypatch.setenv("CAIBEI_CONSOLE_NICENESS", "0")
    monkeypatch.setenv("CAIBEI_CONSOLE_MAIL_BYTES", "20000")
    async with running(SERVICE) as app, client(app) as http:
        yield Console(http, port)


async def test_a_mail_sent_over_smtp_is_in_the_mailbox_with_its_envelope_and_text(console: Console) -> None:
    await console.send("ana@example.org", "Confirmación ✓", "Grüße, 您好", Message_ID="<1@caibei>")
    (mail,) = await console.mails()
    assert mail["from"] == "caibei@example.org"
    assert mail["to"] == ["ana@example.org"]
    assert mail["subject"] == "Confirmación ✓"
    assert str(mail["text"]).strip() == "Grüße, 您好"
    assert mail["message_id"] == "<1@caibei>"


async def test_mails_come_newest_first_by_recipient_and_page_by_page(console: Console) -> None:
    for number in range(4):
        await console.send("ana@example.org" if number % 2 else "ben@example.org", f"No. {number}")
    assert [mail["subject"] for mail in await console.mails()] == ["No. 3", "No. 2", "No. 1", "No. 0"]
    assert [mail["subject"] for mail in await console.mails(to="ANA@example.org")] == ["No. 3", "No. 1"]

    first = (await console.http.get("/dev/mailbox", params={"limit": 3}, headers=LOCAL)).json()
    rest = (await console.http.get("/dev/mailbox", params={"cursor": first["next_cursor"]}, headers=LOCAL)).json()
    assert [mail["subject"] for mail in rest["items"]] == ["No. 0"]
    assert rest["next_cursor"] is None


async def test_deleting_empties_it(console: Console) -> None:
    await console.send("ana@example.org")
    assert (await console.http.delete("/dev/mailbox", headers=LOCAL)).status_code == 204
    assert await console.mails() == []


async def test_the_page_shows_what_people_wrote_escaped_and_loads_nothing_from_elsewhere(console: Console) -> None:
    await console.send("ana@example.org", "<script>alert(1)</script>", '<img src="http://evil.test/x">')
    answer = await console.http.get("/dev/mailbox", headers=HTML)
    assert "&lt;script&gt;alert(1)" in answer.text
    assert "<img src=" not in answer.text.replace('<img src="/static/mark.svg"', "")
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "unsafe" not in answer.headers["content-security-policy"]


async def test_a_hostile_mail_breaks_nothing(console: Console) -> None:
    headers = b"Subject: =?utf-8?q?=ff=fe?=\r\nTo: \xff<<>>\r\nContent-Type: text/plain; charset=no-such\r\nDate: x\r\n"
    raw = headers + b"\r\n\xff\0"
    async with aiosmtplib.SMTP(hostname="127.0.0.1", port=console.smtp_port, start_tls=False) as smtp:
        await smtp.sendmail("a@example.org", ["b@example.org"], raw)
    assert (await console.http.get("/dev/mailbox", headers=HTML)).status_code == 200
    assert len(await console.mails()) == 1


async def test_a_mail_over_the_limit_is_refused(console: Console) -> None:
    with pytest.raises(aiosmtplib.SMTPResponseException) as refused:
        await console.send("ana@example.org", text="x" * 30_000)
    assert refused.value.code in (552, 500)
    assert await console.mails() == []


async def test_another_name_for_this_machine_finds_no_mailbox(console: Console) -> None:
    """DNS rebinding: a page at evil.test that resolves to 127.0.0.1 must not read people's mails."""
    answer = await console.http.get("/dev/mailbox", headers={"host": "evil.test"})
    assert answer.status_code == 404
    cross = await console.http.post("/dev/mailbox/clear", headers=LOCAL | {"sec-fetch-site": "cross-site"})
    assert cross.status_code == 403


async def test_production_refuses_to_start_with_the_open_mailbox(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAIBEI_CONSOLE_SMTP_PORT", str(free_port()))
    monkeypatch.setenv("CAIBEI_ENVIRONMENT", "production")
    with pytest.raises(UnsafeSetting):
        async with running(SERVICE):
            raise AssertionError("it started")


async def test_without_a_catcher_there_is_no_mailbox(monkeypatch: pytest.MonkeyPatch) -> None:
    async with running(SERVICE) as app, client(app) as http:
        assert (await http.get("/dev/mailbox", headers=LOCAL)).status_code == 404
        assert "Mailbox" not in (await http.get("/", headers=HTML)).text


def mail(box: Mailbox, content: bytes) -> None:
    box.add(datetime.now(UTC), "a@example.org", ("b@example.org",), content)


def test_the_mailbox_never_holds_more_mails_or_bytes_than_it_may() -> None:
    by_number = Mailbox(3, 1_000)
    for number in range(10):
        mail(by_number, b"Subject: %d\r\n\r\n" % number)
    assert [mail.header("subject") for mail in by_number.newest()] == ["9", "8", "7"]

    by_size = Mailbox(100, 1_000)
    for _ in range(10):
        mail(by_size, b"x" * 400)
    assert len(by_size) == 2
    by_size.clear()
    mail(by_size, b"x" * 900)
    assert len(by_size) == 1
