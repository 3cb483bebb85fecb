"""iCalendar (RFC 5545): entries as plain values in, a stream out. Knows no word of the spa.

Every text is escaped and folded by the library, and has no control character left by then. What the library would get
wrong is written here: its own VTIMEZONE puts the spring onset an hour late (tried, 7.3.2), and a time in the second of
two repeated hours has no local form at all (3.3.5 reads it as the first), so that it is written in UTC.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache
from typing import Any, Literal
from zoneinfo import ZoneInfo

CALENDAR = "text/calendar"
Method = Literal["PUBLISH", "REQUEST", "CANCEL"]
Status = Literal["CONFIRMED", "TENTATIVE", "CANCELLED"]
_PRODUCT = "-//Caibei//Caibei//EN"
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]+")
_END = b"END:VCALENDAR\r\n"
_AROUND = timedelta(days=400)  # a zone is told this long before and after what happens: a year and more of its changes
_STEP = timedelta(days=7)
_EXACT = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Party:
    """Who issues an entry, or whom it is for. `address` is a URI: `mailto:…`, `urn:uuid:…`."""

    address: str
    name: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One event. `starts_at` and `ends_at` are read on the wall of `zone`.

    Attributes:
        uid: stays the same for ever; by it a calendar knows the entry again.
        sequence: rises with each change.
        stamped_at: DTSTAMP. With a method, when this was made; without one, when the entry last changed.
    """

    uid: str
    sequence: int
    zone: ZoneInfo
    starts_at: datetime
    ends_at: datetime
    summary: str
    status: Status
    created_at: datetime
    changed_at: datetime
    stamped_at: datetime
    location: str = ""
    description: str = ""
    contact: str = ""
    organizer: Party | None = None
    attendee: Party | None = None


def stream(
    entries: Sequence[Entry], *, method: Method | None = None, name: str = "", refresh: timedelta | None = None
) -> bytes:  # fmt: skip
    """The calendar's bytes; the same entries give the same bytes.

    `name` and `refresh` are what a subscription shows and how often it should ask.
    """
    from icalendar import Calendar, vDuration, vText  # by the first calendar only: it costs a start 0.3 s

    calendar = Calendar()
    calendar.add("PRODID", _PRODUCT)
    calendar.add("VERSION", "2.0")
    calendar.add("CALSCALE", "GREGORIAN")
    if method is not None:
        calendar.add("METHOD", method)
    if name:
        for key in ("NAME", "X-WR-CALNAME"):  # of a kind unknown to the library, which would not escape them
            calendar.add(key, vText(plain(name)))
    if refresh is not None:
        calendar.add("REFRESH-INTERVAL", refresh, {"VALUE": "DURATION"})
        calendar.add("X-PUBLISHED-TTL", vDuration(refresh))
    for zone, first, last in _zones(entries):
        calendar.add_component(_timezone(zone, first, last))
    # A subscription is read again and again, and one entry costs a millisecond; what is for one person is not kept.
    events = map(_written if method is None else _write, entries)
    return bytes(calendar.to_ical()).removesuffix(_END) + b"".join(events) + _END


def plain(text: str) -> str:
    """Without control characters; a line break stays, for the library to escape."""
    return _CONTROLS.sub(" ", text.replace("\r\n", "\n").replace("\r", "\n")).replace("\t", " ")


def _line(text: str) -> str:
    """For a parameter: what is quoted there can hold no line break and no quote."""
    return plain(text).replace("\n", " ").replace('"', "'")


def _write(entry: Entry) -> bytes:
    return bytes(_event(entry).to_ical())


_written = lru_cache(maxsize=4096)(_write)


def _event(entry: Entry) -> Any:
    from icalendar import Event, vCalAddress

    event = Event()
    event.add("UID", entry.uid)
    event.add("SEQUENCE", entry.sequence)
    event.add("DTSTAMP", entry.stamped_at.astimezone(UTC).replace(microsecond=0))
    event.add("CREATED", entry.created_at.astimezone(UTC).replace(microsecond=0))
    event.add("LAST-MODIFIED", entry.changed_at.astimezone(UTC).replace(microsecond=0))
    event.add("DTSTART", _on_the_wall(entry.starts_at, entry.zone))
    event.add("DTEND", _on_the_wall(entry.ends_at, entry.zone))
    event.add("SUMMARY", plain(entry.summary))
    event.add("STATUS", entry.status)
    event.add("TRANSP", "TRANSPARENT" if entry.status == "CANCELLED" else "OPAQUE")
    event.add("CLASS", "PRIVATE")
    for key, value in (
        ("LOCATION", entry.location),
        ("DESCRIPTION", entry.description),
        ("CONTACT", entry.contact),
    ):
        if value:
            event.add(key, plain(value))
    if entry.organizer is not None:
        event.add("ORGANIZER", vCalAddress(_line(entry.organizer.address)), {"CN": _line(entry.organizer.name)})
    if entry.attendee is not None:
        said = {"CN": _line(entry.attendee.name), "ROLE": "REQ-PARTICIPANT", "PARTSTAT": "ACCEPTED", "RSVP": "FALSE"}
        event.add("ATTENDEE", vCalAddress(_line(entry.attendee.address)), said)
    return event


def _on_the_wall(instant: datetime, zone: ZoneInfo) -> datetime:
    local = instant.astimezone(zone).replace(microsecond=0)
    return instant.astimezone(UTC).replace(microsecond=0) if local.fold or zone.key in _UTC else local


_UTC = frozenset({"UTC", "Etc/UTC", "Etc/GMT", "GMT"})


def _zones(entries: Iterable[Entry]) -> Iterator[tuple[ZoneInfo, int, int]]:
    """Each zone once, with the years around what happens in it."""
    years: dict[str, tuple[ZoneInfo, int, int]] = {}
    for entry in entries:
        if entry.zone.key in _UTC:
            continue
        _, first, last = years.get(entry.zone.key, (entry.zone, 9999, 0))
        first = min(first, (entry.starts_at - _AROUND).year)
        years[entry.zone.key] = (entry.zone, first, max(last, (entry.ends_at + _AROUND).year))
    yield from (years[key] for key in sorted(years))


def _timezone(zone: ZoneInfo, first: int, last: int) -> Any:
    """Each change of the zone's clock an observance of its own: read alike by what knows rules and what does not."""
    from icalendar import Timezone, TimezoneDaylight, TimezoneStandard

    component = Timezone()
    component.add("TZID", zone.key)
    for onset, before, after, summer, name in observances(zone, first, last):
        observance = TimezoneDaylight() if summer else TimezoneStandard()
        observance.add("DTSTART", onset)
        observance.add("TZOFFSETFROM", before)
        observance.add("TZOFFSETTO", after)
        observance.add("TZNAME", name)
        component.add_component(observance)
    return component


@lru_cache(maxsize=512)
def observances(zone: ZoneInfo, first: int, last: int) -> tuple[tuple[datetime, timedelta, timedelta, bool, str], ...]:
    """(onset, offset before, offset after, whether it is summer time, name), from the start of `first` to the end of
    `last`. An onset is in the local time that ends with it (RFC 5545, 3.6.5)."""
    at, end = datetime(first, 1, 1, tzinfo=UTC), datetime(last + 1, 1, 1, tzinfo=UTC)
    found = [_observance(zone, at, _offset(zone, at))]
    while at < end:
        after = at + _STEP
        if _state(zone, at) != _state(zone, after):
            low, high = at, after
            while high - low > _EXACT:
                middle = low + (high - low) / 2
                low, high = (middle, high) if _state(zone, middle) == _state(zone, low) else (low, middle)
            onset = high.replace(microsecond=0)
            found.append(_observance(zone, onset, _offset(zone, low)))
            after = onset
        at = after
    return tuple(found)


def _observance(zone: ZoneInfo, onset: datetime, before: timedelta) -> tuple[datetime, timedelta, timedelta, bool, str]:
    local = onset.astimezone(zone)
    wall = onset.astimezone(timezone(before)).replace(tzinfo=None)
    return wall, before, _offset(zone, onset), bool(local.dst()), local.tzname() or zone.key


def _state(zone: ZoneInfo, instant: datetime) -> tuple[Any, ...]:
    local = instant.astimezone(zone)
    return local.utcoffset(), local.dst(), local.tzname()


def _offset(zone: ZoneInfo, instant: datetime) -> timedelta:
    return instant.astimezone(zone).utcoffset() or timedelta(0)
