"""Ids: UUIDv7 (RFC 9562), so that new rows land at the end of an index."""

import os
import time
from uuid import UUID

_last_ms = 0


def new_id() -> UUID:
    """A UUIDv7 of the current millisecond; 74 random bits behind it."""
    global _last_ms
    now = max(time.time_ns() // 1_000_000, _last_ms)  # a clock set back must not make ids run back
    _last_ms = now
    random = int.from_bytes(os.urandom(10), "big")
    value = (now & 0xFFFF_FFFF_FFFF) << 80 | 0x7 << 76 | (random >> 68) << 64 | 0b10 << 62 | random & (1 << 62) - 1
    return UUID(int=value)
