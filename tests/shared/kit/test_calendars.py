"""iCalendar that other readers understand: the library's own reader, dateutil's of time zones, and one by hand."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import StringIO
from zoneinfo import ZoneInfo

import pytest
from dateutil.tz import tzical
from icalendar import Calendar

from shared.kit.calendars import Entry, Party, stream

BERLIN = ZoneInfo("Europe/Berlin")
ZONES = ("Europe/Berlin", "America/New_York", "America/Santiago", "Australia/Lord_Howe", "Africa/Casablanca",
         "Europe/Dublin", "Asia/Shanghai")  # fmt: skip
AT = datetime(2026, 3, 1, 9, tzinfo=UTC)


def entry(starts_at: datetime = AT, zone: ZoneInfo = BERLIN, minutes: int = 60, **more: object) -> Entry:
    said = Entry(
        uid="01995a3e", sequence=3, zone=zone, starts_at=starts_at, ends_at=starts_at + timedelta(minutes=minutes),
        summary="Session", status="CONFIRMED", created_at=AT, changed_at=AT, stamped_at=AT,
    )  # fmt: skip
    return replace(said, **more)  # type: ignore[arg-type]


def offset(at: datetime, zone: ZoneInfo) -> timedelta | None:
    return at.astimezone(zone).utcoffset()


def instant(value: object) -> datetime:
    assert isinstance(value, datetime)
    return value.astimezone(UTC)


def lines(content: bytes) -> list[str]:
    """Content lines by hand (RFC 5545, 3.1): every line ends with CRLF, none is over 75 octets, folds undone."""
    assert content.endswith(b"\r\n")
    assert all(len(line) <= 75 and b"\n" not in line and b"\r" not in line for line in content.split(b"\r\n"))
    return content.replace(b"\r\n ", b"").decode().split("\r\n")[:-1]


@pytest.mark.parametrize("name", ZONES)
def test_a_zone_is_told_so_that_another_reader_finds_every_offset(name: str) -> None:
    """Each day of three years, and the days on which the clock changes by the quarter of an hour; by dateutil, which
    knows only what the stream says."""
    zone = ZoneInfo(name)
    text = stream([entry(zone=zone)]).decode()
    part = text[text.index("BEGIN:VTIMEZONE") : text.index("BEGIN:VEVENT")]
    told = tzical(StringIO(part.replace("\r\n ", ""))).get(name)
    days = [datetime(2025, 1, 2, tzinfo=UTC) + timedelta(days=n) for n in range(3 * 365 - 5)]
    changing = [day for day in days if offset(day, zone) != offset(day + timedelta(days=1), zone)]
    quarters = [day + timedelta(minutes=15 * n) for day in changing for n in range(96)]
    assert bool(changing) == (name != "Asia/Shanghai")
    for local in (at.astimezone(zone) for at in days + quarters):
        assert local.fold or local.replace(tzinfo=told).utcoffset() == local.utcoffset(), local


@pytest.mark.parametrize("minute", range(0, 240, 30))
@pytest.mark.parametrize("day", ["2026-03-29", "2026-10-25"])
def test_a_session_on_the_day_the_clock_changes_is_read_at_its_instant(day: str, minute: int) -> None:
    """In the second of the two repeated hours, which has no local form, too."""
    at = datetime.fromisoformat(f"{day}T00:00:00Z") + timedelta(minutes=minute)
    [event] = Calendar.from_ical(stream([entry(at, minutes=90)])).events
    assert [instant(event.start), instant(event.end)] == [at, at + timedelta(minutes=90)]


def test_nothing_a_person_typed_becomes_a_line_or_a_parameter_of_its_own() -> None:
    evil = 'Li\r\nATTENDEE:mailto:x@y.z\rEND:VEVENT\n"; ^n, \\n \u2028BEGIN:VEVENT\x07\x85 王芳' + "踩" * 60
    party = Party("mailto:a@example.test", evil)
    content = stream(
        [entry(summary=evil, location=evil, description=evil, contact=evil, organizer=party, attendee=party)],
        method="REQUEST", name=evil,
    )  # fmt: skip
    named = [line for line in lines(content) if line.startswith(("ATTENDEE", "BEGIN:VEVENT", "END:VEVENT"))]
    assert [line.split(";")[0] for line in named] == ["BEGIN:VEVENT", "ATTENDEE", "END:VEVENT"]
    calendar = Calendar.from_ical(content)
    [event] = calendar.events
    read = evil.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", " ").replace("\x07\x85", " ")
    assert (event["SUMMARY"], event["LOCATION"], event["DESCRIPTION"], event["CONTACT"]) == (read,) * 4
    assert event["ATTENDEE"].params["CN"].startswith("Li ATTENDEE:mailto:x@y.z END:VEVENT '; ")
    assert calendar["METHOD"] == "REQUEST"


def test_a_stream_has_what_the_standard_asks_for_and_the_same_bytes_again() -> None:
    content = stream([entry()], method="PUBLISH")
    assert content == stream([entry()], method="PUBLISH")
    said = lines(content)
    assert said[0] == "BEGIN:VCALENDAR"
    for line in ("VERSION:2.0", "METHOD:PUBLISH", "UID:01995a3e", "SEQUENCE:3", "DTSTAMP:20260301T090000Z",
                 "LAST-MODIFIED:20260301T090000Z", "DTSTART;TZID=Europe/Berlin:20260301T100000",
                 "DTEND;TZID=Europe/Berlin:20260301T110000", "STATUS:CONFIRMED"):  # fmt: skip
        assert line in said, line
