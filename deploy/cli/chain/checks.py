"""What can be known of a chain from its files alone: nothing twice, every name points somewhere, times are possible."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from deploy.cli.chain.chain import Calendar, Chain, Line
from deploy.cli.chain.faults import Fault
from deploy.cli.chain.nouns import Appointment, Bar, Branch, Equipment, LoadProfile, Room, Row, Shift

PASSED = ("pass", "pass_with_conditions")


def zones(chain: Chain, known: dict[str, str]) -> dict[str, ZoneInfo]:
    """Time zone by branch code: of the file, and of branches the services know."""
    written = {line.row.code: line.row.timezone for line in chain.of(Branch)}
    return {code: ZoneInfo(name) for code, name in {**known, **written}.items()}


def inside(chain: Chain) -> Iterator[Fault]:
    """Twice the same, or a bar in a room that is not its branch's."""
    for lines in chain.lines.values():
        first: dict[str, Line[Row]] = {}
        for line in lines:
            before = first.setdefault(line.row.natural, line)
            if before is not line:
                where = f"{before.place.file}:{before.place.line}"
                field = next((name for name in ("code", "serial") if name in type(line.row).model_fields), "")
                yield line.fault(field, f"{line.row.natural!r} is there already, at {where}")


def references(chain: Chain, known: dict[str, set[str]]) -> Iterator[Fault]:
    """Names that point nowhere. `known` holds what the services have, by noun."""
    for line in chain:
        for field, noun in type(line.row).refers.items():
            value = getattr(line.row, field)
            for code in value if isinstance(value, list) else [value]:
                if code is not None and code not in chain.named[noun] and code not in known.get(noun, ()):
                    yield line.fault(field, f"{code!r} is none of the {noun}")
    rooms = {line.row.natural for line in chain.of(Room)} | known.get("rooms", set())
    lines: list[Line[Any]] = [*chain.of(Bar), *chain.of(Equipment), *chain.of(Appointment)]
    for line in lines:
        if line.row.room is not None and f"{line.row.branch} {line.row.room}" not in rooms:
            yield line.fault("room", f"branch {line.row.branch!r} has no room {line.row.room!r}")


def times(chain: Chain, zone_of: dict[str, ZoneInfo], calendar: Calendar) -> Iterator[Fault]:
    """Wall-clock times that do not exist, sessions that have passed, measurements that have not happened."""
    lines: list[Line[Any]] = [*chain.of(Shift), *chain.of(Appointment)]
    for line in lines:
        zone = zone_of.get(line.row.branch)
        if zone is None:
            continue
        try:
            instant = line.row.starts.at(calendar.anchor, zone, calendar.now)
        except ValueError as error:
            yield line.fault("starts", str(error))
            continue
        if line.row.starts.is_now:
            yield line.fault("starts", "needs a day and a time")
        elif isinstance(line.row, Appointment) and instant <= calendar.now and calendar.is_first:
            yield line.fault("starts", "has passed: only future sessions can be booked")
    for profile in chain.of(LoadProfile):
        if profile.row.measured_on.on(calendar.anchor) > calendar.anchor + timedelta(days=1):
            yield profile.fault("measured_on", "lies in the future")
