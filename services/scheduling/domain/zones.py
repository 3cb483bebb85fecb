"""What a changed clock makes of a wall time that was promised (rules: Time)."""

from datetime import datetime
from zoneinfo import ZoneInfo

from services.scheduling.domain.localtime import instants

ZONE_RULES = "zone_rules_changed"
"""The reason of a conflict, and of a move nobody need be told of: the wall time is what it was."""


def rederived(promised: datetime, zone: ZoneInfo, stood: datetime) -> datetime | None:
    """The instant of a promised wall time by the zone's rules of now: `stood` where it still is one, else the nearest.

    None: the clock now jumps over it.
    """
    found = instants(promised, zone)
    return min(found, key=lambda instant: abs(instant - stood)) if found else None
