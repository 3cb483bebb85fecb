"""VEVENTs as bookings (RFC 5545): TZID and floating times, repeats with an end, what was cancelled or sent twice."""

import re
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr
from icalendar import Calendar

from deploy.cli.chain.faults import Fault, Faulty, Place
from deploy.cli.chain.mapping import FIELDS, Mapping
from deploy.cli.chain.reading import Raw
from services.scheduling.domain.localtime import instants

PROPERTY = {"treatment": "SUMMARY", "client": "ATTENDEE", "therapist": "ORGANIZER", "room": "LOCATION",
            "notes": "DESCRIPTION", "branch": "X-BRANCH", "room_flexible": "X-ROOM-FLEXIBLE"}  # fmt: skip
MOST_REPEATS = 400
Entry = Raw | Fault | None


def events(text: str, name: str, mapping: Mapping) -> Iterator[Entry]:
    """A row for each event, and for each of a repeated one; a fault; or None for one that is not to be booked.

    Raises:
        Faulty: this is no calendar.
    """
    try:
        found = Calendar.from_ical(text, multiple=True)
    except (ValueError, IndexError, KeyError) as error:
        raise Faulty([Fault(name, 1, "", f"is no calendar: {str(error).splitlines()[0][:200]}")]) from None
    vevents = [event for calendar in found for event in calendar.walk("VEVENT")]
    places = list(_places(text, name))
    if len(places) != len(vevents):
        raise Faulty([Fault(name, 1, "", "is no calendar: an event does not end")])
    newest, skipped = _newest(zip(vevents, places, strict=True))
    yield from [None] * skipped
    for uid, (masters, overrides) in newest.items():
        for event, place in masters:
            yield from _bookings(event, place, uid, overrides, mapping)
        if not masters:  # one date of a series that was exported by itself
            for at, (event, place) in overrides.items():
                yield from _bookings(event, place, _named(uid, at), {}, mapping)


def _newest(events: Any) -> tuple[dict[str, tuple[list[Any], dict[datetime, Any]]], int]:
    """By UID: the event itself and the dates of it that are different; of each the last version (SEQUENCE)."""
    kept: dict[tuple[str, datetime | None], tuple[int, Any, Place]] = {}
    skipped = 0
    for event, place in events:
        uid = str(event.get("UID") or f"{place.file}:{place.line}")
        at = _local(event["RECURRENCE-ID"].dt) if "RECURRENCE-ID" in event else None
        sequence = _number(event.get("SEQUENCE"))
        before = kept.get((uid, at))
        skipped += before is not None
        if before is None or sequence >= before[0]:
            kept[uid, at] = sequence, event, place
    found: dict[str, tuple[list[Any], dict[datetime, Any]]] = defaultdict(lambda: ([], {}))
    for (uid, at), (_, event, place) in kept.items():
        if at is None:
            found[uid][0].append((event, place))
        else:
            found[uid][1][at] = event, place
    return found, skipped


def _bookings(event: Any, place: Place, uid: str, overrides: dict[datetime, Any], mapping: Mapping) -> Iterator[Entry]:
    if mapping.is_cancelled(str(event.get("STATUS") or "")):
        yield None
        return
    start = _time(event, "DTSTART", place)
    if isinstance(start, Fault):
        yield start
        return
    if "RRULE" not in event and "RDATE" not in event:
        yield _booking(event, place, start, uid, mapping)
        return
    dates = _dates(event, place, start)
    if isinstance(dates, Fault):
        yield dates
        return
    for local in dates:
        if local in overrides:
            other, its_place = overrides[local]
            yield from _bookings(other, its_place, _named(uid, local), {}, mapping)
        else:
            yield _booking(event, place, local.replace(tzinfo=start.tzinfo), _named(uid, local), mapping)


def _named(uid: str, at: datetime) -> str:
    """What one date of a repeated event is called, wherever it is moved to."""
    return f"{uid}#{at:%Y%m%dT%H%M}"


def _dates(event: Any, place: Place, start: datetime) -> list[datetime] | Fault:
    """The wall times of a repeated event, without those that were taken out."""
    rule = event.get("RRULE")
    if "RDATE" in event or rule is None or isinstance(rule, list):
        return place.fault("RDATE" if "RDATE" in event else "RRULE", "repeats by more than one rule: import its dates")
    if not {"COUNT", "UNTIL"} & set(rule):
        return place.fault("RRULE", "repeats without an end: give it COUNT or UNTIL, or import its dates")
    text = rule.to_ical().decode()
    until = rule.get("UNTIL", [None])[0]
    if isinstance(until, datetime) and until.tzinfo is not None:  # said in UTC, meant by the event's own clock
        local = until.astimezone(start.tzinfo or UTC).replace(tzinfo=None)
        text = re.sub(r"UNTIL=[^;]*", f"UNTIL={local:%Y%m%dT%H%M%S}", text)
    try:
        found = rrulestr(text, dtstart=_local(start))
        dates = [at for at, _ in zip(found, range(MOST_REPEATS + 1), strict=False)]
    except ValueError as error:
        return place.fault("RRULE", f"is no rule that can be followed: {error}")
    if len(dates) > MOST_REPEATS:
        return place.fault("RRULE", f"repeats more than {MOST_REPEATS} times: give it a nearer end")
    lists = event.get("EXDATE", [])
    out = {_local(at.dt) for one in (lists if isinstance(lists, list) else [lists]) for at in one.dts}
    return [at for at in dates if at not in out]


def _booking(event: Any, place: Place, start: datetime, uid: str, mapping: Mapping) -> Entry:
    try:
        starts = _written(start)
    except ValueError as error:
        return place.fault("DTSTART", str(error))
    values = {name: text for name in FIELDS if (text := mapping.meant(name, _said(event, name, mapping)))}
    values.setdefault("branch", mapping.branch or "")
    minutes = _minutes(event)
    more = {"starts": starts, "uid": uid} | ({} if minutes is None else {"minutes": str(minutes)})
    return Raw("appointments", values | more, place)


def _written(start: datetime) -> str:
    """As our files write it: a floating time by the branch's clock, any other as an instant. Raises ValueError."""
    if start.tzinfo is None:
        return f"{start:%Y-%m-%d %H:%M}"
    if isinstance(start.tzinfo, ZoneInfo):
        found = instants(_local(start), start.tzinfo)
        if len(found) != 1:
            problem = "comes twice" if found else "is skipped"
            raise ValueError(f"{_local(start):%Y-%m-%d %H:%M} {problem} in {start.tzinfo.key}: the clocks change")
    return start.astimezone(UTC).isoformat()


def _said(event: Any, field: str, mapping: Mapping) -> str:
    texts = []
    for name in mapping.columns.get(field, [PROPERTY.get(field, field.upper())]) if field != "starts" else []:
        value = event.get(name)
        first = value[0] if isinstance(value, list) else value
        texts.append(re.sub(r"^mailto:", "", str(first or ""), flags=re.IGNORECASE).strip())
    return " ".join(filter(None, texts))


def _time(event: Any, name: str, place: Place) -> datetime | Fault:
    try:
        found = event[name].dt
    except Exception:  # the library has a broken property raise what it likes when it is looked at
        return place.fault(name, "is missing" if name not in event else "is no time that can be read")
    if not isinstance(found, datetime):
        problem = "is a whole day: a session needs a time" if isinstance(found, date) else "is no time"
        return place.fault(name, problem)
    return found


def _minutes(event: Any) -> int | None:
    """How long it lasts there; None where it does not say."""
    try:
        length = event["DURATION"].dt if "DURATION" in event else event["DTEND"].dt - event["DTSTART"].dt
    except Exception:  # as above
        return None
    return length // timedelta(minutes=1) if isinstance(length, timedelta) else None


def _local(at: date) -> datetime:
    return at.replace(tzinfo=None) if isinstance(at, datetime) else datetime.combine(at, time())


def _number(value: Any) -> int:
    return int(value) if isinstance(value, int) or (isinstance(value, str) and value.isdigit()) else 0


def _places(text: str, name: str) -> Iterator[Place]:
    """Where each VEVENT stands, and each of its properties."""
    begun, inner = 0, 0
    lines: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        word = re.split(r"[:;]", line, maxsplit=1)[0].upper()
        upper = line.strip().upper()
        if upper == "BEGIN:VEVENT":
            begun, lines, inner = number, {}, 0
        elif begun and upper.startswith("BEGIN:"):
            inner += 1
        elif begun and upper == "END:VEVENT":
            yield Place(name, begun, lines)
            begun = 0
        elif begun and upper.startswith("END:"):
            inner -= 1
        elif begun and not inner and line[:1] not in (" ", "\t"):
            lines.setdefault(word, number)
