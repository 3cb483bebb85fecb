"""How the papers say times, masses and the record's own words."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from services.room_equipment.domain.localdays import zone

KIND = {
    "installation": "after installation, with a load test",
    "periodic": "periodic",
    "after_event": "after an exceptional event",
}
RESULT = {"pass": "pass", "pass_with_conditions": "pass with conditions", "fail": "FAIL"}
ITEM = {"pass": "pass", "flag": "flagged", "fail": "FAIL"}
WHY = {
    "out_of_service": "taken out of service",
    "failed": "failed its latest inspection",
    "locked_out": "locked out",
    "never_inspected": "not inspected as it is mounted, numbered and rated now",
    "lapsed": "its certificate has ended",
    "removed": "removed",
}


def day(value: date | None) -> str:
    return "none" if value is None else f"{value.day} {value:%B %Y}"


def time(value: datetime | None, timezone: str) -> str:
    """To the minute, on the wall of the branch, with the zone and its offset then."""
    if value is None:
        return "none"
    local = value.astimezone(zone(timezone))
    offset = f"{local:%z}"
    return f"{local.day} {local:%B %Y, %H:%M} ({timezone}, UTC{offset[:3]}:{offset[3:]})"


def kg(value: Decimal | None) -> str:
    """As it was given: 250 kg, 187.5 kg."""
    return "none" if value is None else f"{value.normalize():f} kg"


def yes(value: bool | None) -> str:
    return "not needed" if value is None else "yes" if value else "no"


def printed(now: datetime, timezone: str) -> str:
    return f"Printed {time(now, timezone)}"


def place(row: Any) -> str:
    """A room by its code, and its name where it has another."""
    named = row.room_name and row.room_name != row.room_code
    return f"{row.room_code} ({row.room_name})" if named else str(row.room_code)
