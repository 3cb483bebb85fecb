"""A zone of our own making, whose rules a test can change: a compiled file (RFC 9636), nothing but its footer."""

import struct
import zoneinfo
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SUMMER_TIME, NO_SUMMER_TIME = "CET-1CEST,M3.5.0,M10.5.0/3", "CET-1"
LATE_SUMMER_TIME = "CET-1CEST,M7.1.4/2,M10.5.0/3"
"""Central European time: as it is, abolished, and with summer from two o'clock on July's first Thursday."""
EASTERN_TIME = "EET-2"


def write_zone(file: Path, rule: str) -> None:
    counts = struct.pack(">6l", 0, 0, 0, 0, 1, 4)
    block = b"TZif2" + bytes(15) + counts + struct.pack(">lBB", 3600, 0, 0) + b"CET\0"
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(block * 2 + b"\n" + rule.encode() + b"\n")


@contextmanager
def zones_in(folder: Path) -> Iterator[None]:
    """Look for zones here first, then where the system has them."""
    before = zoneinfo.TZPATH
    zoneinfo.reset_tzpath(to=[str(folder), *before])
    try:
        yield
    finally:
        zoneinfo.reset_tzpath(to=before)
        zoneinfo.ZoneInfo.clear_cache()
