"""Links that let who holds them do one thing, once, until a time: signed, and holding nothing of a person.

A token says which row and until when, and is signed for one purpose. It is stored nowhere: who has the row and the key
writes the same token again, so that a mail is written at the moment it is sent. Single use is the row's own state: open
the token, lock the row it names, look at its state, change the state, all in one transaction. A GET changes nothing:
mail scanners open every link before the reader does.
"""

import hmac
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

from pydantic import Field, SecretStr, field_validator

from shared.errors import NotFound, Refused
from shared.kit.settings import ServiceSettings

_SIGNED = b"caibei link 1\0"
_PAYLOAD = struct.Struct(">16sQ")
_MAC_BYTES = 20  # 160 bits; the whole token is 59 characters
_LONGEST = 100


class UnknownLink(NotFound):
    """Nobody here made this token: it was cut off on the way, mistyped, or is for something else."""

    def __init__(self) -> None:
        super().__init__("link_not_found", "There is no such link. Open it from the message again, whole.")


class LinkEnded(Refused):
    """The token is ours, and its time is over. `subject` is the row it was for."""

    def __init__(self, subject: UUID) -> None:
        super().__init__("link_ended", "This link has ended. Ask for a new one.")
        self.subject = subject


@dataclass(frozen=True, slots=True)
class Link:
    """What a token that holds says: which row, and until when."""

    subject: UUID
    ends_at: datetime


class LinkingSettings(ServiceSettings):
    """Settings of a service whose pages are opened by links: `CAIBEI_<SERVICE>_LINK_KEY` and so on."""

    link_key: SecretStr = Field(SecretStr(""), description="Signs links to people's pages; 32 characters or more.")
    link_key_before: SecretStr = Field(SecretStr(""), description="The key before it: its links still open.")
    public_url: str = Field(
        "", description="This service's pages as a phone reaches them, with https; the service's own URL when empty."
    )

    @field_validator("link_key", "link_key_before")
    @classmethod
    def _is_long_enough(cls, key: SecretStr) -> SecretStr:
        if 0 < len(key.get_secret_value()) < 32:
            raise ValueError("a key of links has 32 characters or more")
        return key

    def links(self, purpose: str, own_url: str) -> "Links":
        """Links for one purpose. `own_url`: where they lead when no public address is set."""
        keys = [self.link_key.get_secret_value(), self.link_key_before.get_secret_value()]
        return Links(purpose, keys, (self.public_url or own_url).rstrip("/"))


@dataclass(frozen=True, slots=True)
class Links:
    """Makes and opens the tokens of one purpose; those of another do not open here.

    Attributes:
        keys: the first signs, all of them open; an empty one is none.
    """

    purpose: str
    keys: Sequence[str] = field(repr=False)
    base: str

    def token(self, subject: UUID, ends_at: datetime) -> str:
        """59 characters that go into a path as they are. The time is kept to the second, never later than asked.

        Raises:
            Refused: `links_need_a_key`.
        """
        if not self.keys[0]:
            raise Refused("links_need_a_key", "Links are signed, and there is no key: set this service's LINK_KEY.")
        return self._made(self.keys[0], subject, int(ends_at.timestamp()))

    def address(self, path: str, subject: UUID, ends_at: datetime) -> str:
        """The whole link; `path` begins with a slash and ends with one."""
        return f"{self.base}{path}{self.token(subject, ends_at)}"

    def open(self, token: str, now: datetime) -> Link:
        """What the token says. Takes the same time whichever key made it, and also when none did.

        Raises:
            UnknownLink: none of the keys made it for this purpose.
            LinkEnded: its time is over.
        """
        subject, ends = _read(token)
        matches = [hmac.compare_digest(self._made(key, subject, ends), token) for key in self.keys if key]
        if not any(matches):
            raise UnknownLink
        if now.timestamp() >= ends:
            raise LinkEnded(subject)
        return Link(subject, datetime.fromtimestamp(ends, UTC))

    def _made(self, key: str, subject: UUID, ends: int) -> str:
        payload = _PAYLOAD.pack(subject.bytes, ends)
        mac = hmac.digest(key.encode(), _SIGNED + self.purpose.encode() + b"\0" + payload, "sha256")[:_MAC_BYTES]
        return urlsafe_b64encode(payload + mac).rstrip(b"=").decode()


def _read(token: str) -> tuple[UUID, int]:
    """What stands in it, proved by nothing yet."""
    if len(token) > _LONGEST or not token.isascii():
        raise UnknownLink
    try:
        whole = urlsafe_b64decode(token + "=" * (-len(token) % 4))
        subject, ends = _PAYLOAD.unpack(whole[:-_MAC_BYTES])
    except (ValueError, struct.error):
        raise UnknownLink from None
    return UUID(bytes=subject), ends
