"""A mail's bytes: what the standard library reads back is what was meant, whatever people wrote."""

from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notification.mails import Sender, UnusableAddress, built, encoded, usable

AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
SENDER = Sender.of("Caibei 踩背 <no-reply@caibei.test>")


def mail(subject: str = "Hello", body: str = "Text\n") -> EmailMessage:
    content = built(
        sender=SENDER, to="ana@example.org", subject=subject, body=body, message_id="<1.client@caibei.test>", at=AT,
        locale="de", reply_to="desk@example.org",
    )  # fmt: skip
    assert all(len(line) <= 78 for line in content.split(b"\r\n"))
    assert b"\n" not in content.replace(b"\r\n", b"")
    read = message_from_bytes(content, policy=policy.default)
    assert isinstance(read, EmailMessage)
    return read


def test_it_says_who_when_what_and_that_a_machine_wrote_it() -> None:
    read = mail("Bestätigt: Rücken, 29. März", "Grüße\n\n您好\n")
    assert str(read["From"]) == "Caibei 踩背 <no-reply@caibei.test>"
    assert read["To"] == "ana@example.org"
    assert read["Reply-To"] == "desk@example.org"
    assert read["Subject"] == "Bestätigt: Rücken, 29. März"
    assert read["Message-ID"] == "<1.client@caibei.test>"
    assert read["Auto-Submitted"] == "auto-generated"
    assert read["Date"].datetime == AT
    assert read.get_content().replace("\r\n", "\n").rstrip("\n") == "Grüße\n\n您好"


@given(st.text(max_size=200))
def test_any_subject_comes_back_as_one_line_and_adds_no_header(subject: str) -> None:
    read = mail(subject)
    assert len(read.keys()) == len(set(read.keys())) == 11
    if subject.isprintable() and subject.isascii():
        assert read["Subject"].split() == subject.split()


@given(st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp", "Zs"]), min_size=1, max_size=300))
def test_a_subject_of_any_script_is_read_back_whole(subject: str) -> None:
    assert str(mail(subject)["Subject"]).replace("\n", "") == subject


def test_a_long_or_odd_subject_is_encoded_and_no_header_can_be_smuggled_in() -> None:
    assert encoded("Short") == "Short"
    assert "\r\n" not in encoded("a\r\nBcc: all@example.org")
    assert encoded("=?utf-8?q?odd?=").startswith("=?utf-8?b?")


@given(st.text(max_size=500))
def test_any_body_arrives_and_none_ends_the_smtp_conversation(body: str) -> None:
    content = built(sender=SENDER, to="a@example.org", subject="s", body=body, message_id="<1@x>", at=AT, locale="en")
    assert b"\r\n.\r\n" not in content


@pytest.mark.parametrize(
    ("address", "ascii_"),
    [(" ana@example.org ", "ana@example.org"), ("a+b@bücher.example", "a+b@xn--bcher-kva.example")],
)
def test_a_usable_address_is_given_to_smtp_in_ascii(address: str, ascii_: str) -> None:
    assert usable(address) == ascii_


@pytest.mark.parametrize(
    "address",
    ["", "ana", "ana@", "@example.org", "ana@localhost", "a b@example.org", "ana@example.org\r\nRCPT TO:<x@y.z>",
     "ana@example..org", "<ana@example.org>", "a,b@example.org", "ä@example.org", "a" * 65 + "@example.org",
     "ana@example.org,ben@example.org", "ana@" + "x" * 300 + ".org"],
)  # fmt: skip
def test_an_address_that_would_break_out_of_its_place_is_refused(address: str) -> None:
    with pytest.raises(UnusableAddress):
        usable(address)
