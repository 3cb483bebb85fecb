"""Mails caught on a developer's machine: in memory only, and never more than a fixed amount."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from functools import cached_property

_parser = BytesParser(policy=policy.default)


@dataclass(frozen=True)
class Mail:
    """One mail as it came over SMTP. It is parsed when somebody looks: catching stays cheap."""

    number: int
    received_at: datetime
    sender: str
    recipients: tuple[str, ...]
    content: bytes

    @cached_property
    def parsed(self) -> EmailMessage:
        return _parser.parsebytes(self.content)

    @cached_property
    def headers(self) -> list[tuple[str, str]]:
        try:
            return [(name, str(value)) for name, value in self.parsed.items()]
        except (ValueError, LookupError, IndexError, AttributeError):  # headers of a hostile mail
            return [(name, "(unreadable)") for name in self.parsed.keys()]  # noqa: SIM118 - a message is no dict

    def header(self, name: str) -> str:
        return next((value for key, value in self.headers if key.lower() == name), "")

    @cached_property
    def text(self) -> str:
        """The plain text; the HTML's source when there is no other."""
        try:
            body = self.parsed.get_body(("plain", "html"))
            return str(body.get_content()) if body is not None else ""
        except (ValueError, LookupError, KeyError, AttributeError):
            return self.content.partition(b"\r\n\r\n")[2].decode("utf-8", "replace")


class Mailbox:
    """The newest mails, at most `most` of them and `most_bytes` together."""

    def __init__(self, most: int, most_bytes: int) -> None:
        self._mails: deque[Mail] = deque()
        self.most, self._most_bytes = most, most_bytes
        self._bytes = self.caught = 0

    def __len__(self) -> int:
        return len(self._mails)

    def add(self, received_at: datetime, sender: str, recipients: tuple[str, ...], content: bytes) -> None:
        self.caught += 1
        self._mails.append(Mail(self.caught, received_at, sender, recipients, content))
        self._bytes += len(content)
        while len(self._mails) > self.most or (self._bytes > self._most_bytes and len(self._mails) > 1):
            self._bytes -= len(self._mails.popleft().content)

    def newest(self, *, to: str | None = None, before: int | None = None) -> Iterator[Mail]:
        """Newest first; those to one address, and older than mail number `before`."""
        wanted = to.strip().lower() if to else None
        for mail in reversed(self._mails):
            if before is not None and mail.number >= before:
                continue
            if wanted is None or any(recipient.lower() == wanted for recipient in mail.recipients):
                yield mail

    def clear(self) -> None:
        self._mails.clear()
        self._bytes = 0
