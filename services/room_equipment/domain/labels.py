"""The address on a bar's label. Its signature says that we printed it; it opens that bar's placard, nothing else."""

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Iterable
from uuid import UUID

_PURPOSE = b"caibei bar label 1\0"
_BYTES = 16  # 128 bits: short enough for a code that a phone reads from a ladder, and not to be guessed


def signature(key: str, bar_id: UUID) -> str:
    """22 characters that go into a URL as they are."""
    mac = hmac.digest(key.encode(), _PURPOSE + bar_id.bytes, "sha256")[:_BYTES]
    return urlsafe_b64encode(mac).rstrip(b"=").decode()


def holds(keys: Iterable[str], bar_id: UUID, said: str) -> bool:
    """Whether one of these keys made it. Takes the same time whichever it is, and also when none did."""
    matches = [hmac.compare_digest(signature(key, bar_id).encode(), said.encode()) for key in keys if key]
    return any(matches)


def address(console_url: str, key: str, bar_id: UUID) -> str:
    """What the QR code says."""
    return f"{console_url.rstrip('/')}/bars/{bar_id}?s={signature(key, bar_id)}"
