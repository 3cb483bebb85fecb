"""Another system's bookings become rows: events of a calendar, lines of a CSV file with a mapping."""

from pathlib import Path

import pytest

from deploy.cli.chain.bookings import mark, marked
from deploy.cli.chain.faults import Faulty
from deploy.cli.chain.foreign import Bookings, read_bookings
from deploy.cli.chain.mapping import Mapping, load_mapping

BERLIN = "DTSTART;TZID=Europe/Berlin:"


def read(folder: Path, *events: str, mapping: Mapping | None = None) -> Bookings:
    """A calendar of these events, each its properties."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//other//EN"]
    for event in events:
        lines += ["BEGIN:VEVENT", *event.split("\n"), "END:VEVENT"]
    file = folder / "book.ics"
    file.write_text("\r\n".join([*lines, "END:VCALENDAR", ""]))
    return read_bookings(file, mapping or Mapping(branch="BER"))


def starts(found: Bookings) -> list[str]:
    return [raw.values["starts"] for raw in found.raws]


def faults(found: Bookings) -> list[str]:
    return [str(fault) for fault in found.faults]


def test_an_event_is_a_row_with_what_its_properties_say(tmp_path: Path) -> None:
    event = (f"UID:a\n{BERLIN}20270115T140000\nDURATION:PT90M\nSUMMARY:Step\nLOCATION:R1\nDESCRIPTION:soft\n"
             "ATTENDEE;CN=Ada:mailto:ada@example.com\nORGANIZER:MAILTO:li@example.com")  # fmt: skip
    [raw] = read(tmp_path, event).raws
    assert raw.values == {
        "branch": "BER", "treatment": "Step", "client": "ada@example.com", "therapist": "li@example.com", "room": "R1",
        "notes": "soft", "starts": "2027-01-15T13:00:00+00:00", "uid": "a", "minutes": "90",
    }  # fmt: skip
    assert (raw.place.file, raw.place.line, raw.place.lines["LOCATION"]) == ("book.ics", 4, 9)


def test_a_floating_time_is_the_branchs_and_utc_and_own_zones_are_instants(tmp_path: Path) -> None:
    assert starts(read(tmp_path, "UID:a\nDTSTART:20270715T140000", "UID:b\nDTSTART:20270715T140000Z")) == [
        "2027-07-15 14:00", "2027-07-15T14:00:00+00:00"
    ]  # fmt: skip


def test_a_repeat_with_an_end_keeps_its_wall_time_without_what_was_taken_out_and_with_what_was_moved(
    tmp_path: Path,
) -> None:
    weekly = (f"UID:w\n{BERLIN}20270312T100000\nRRULE:FREQ=WEEKLY;UNTIL=20270409T080000Z\n"
              "EXDATE;TZID=Europe/Berlin:20270319T100000")  # fmt: skip
    moved = f"UID:w\nRECURRENCE-ID;TZID=Europe/Berlin:20270402T100000\n{BERLIN}20270402T150000"
    gone = f"UID:w\nRECURRENCE-ID;TZID=Europe/Berlin:20270409T100000\n{BERLIN}20270409T100000\nSTATUS:CANCELLED"
    found = read(tmp_path, weekly, moved, gone)
    assert starts(found) == ["2027-03-12T09:00:00+00:00", "2027-03-26T09:00:00+00:00", "2027-04-02T13:00:00+00:00"]
    assert [raw.values["uid"] for raw in found.raws] == ["w#20270312T1000", "w#20270326T1000", "w#20270402T1000"]
    assert (found.skipped, found.faults) == (1, [])


def test_what_was_cancelled_or_sent_again_is_not_booked_twice(tmp_path: Path) -> None:
    old = f"UID:a\nSEQUENCE:1\n{BERLIN}20270115T140000"
    new = f"UID:a\nSEQUENCE:3\n{BERLIN}20270115T160000"
    late = f"UID:a\nSEQUENCE:2\n{BERLIN}20270115T150000"
    found = read(tmp_path, old, new, late, f"UID:b\n{BERLIN}20270115T140000\nSTATUS:CANCELLED")
    assert (starts(found), found.skipped) == (["2027-01-15T15:00:00+00:00"], 3)


@pytest.mark.parametrize(
    ("event", "problem"),
    [
        ("UID:a\nDTSTART;VALUE=DATE:20270115", "book.ics:6: DTSTART: is a whole day: a session needs a time"),
        ("UID:a\nSUMMARY:x", "book.ics:4: DTSTART: is missing"),
        ("UID:a\nDTSTART:2027-01-15", "book.ics:6: DTSTART: is no time that can be read"),
        (f"UID:a\n{BERLIN}20270328T023000",
         "book.ics:6: DTSTART: 2027-03-28 02:30 is skipped in Europe/Berlin: the clocks change"),
        (f"UID:a\n{BERLIN}20271031T023000",
         "book.ics:6: DTSTART: 2027-10-31 02:30 comes twice in Europe/Berlin: the clocks change"),
        (f"UID:a\n{BERLIN}20270115T140000\nRRULE:FREQ=WEEKLY",
         "book.ics:7: RRULE: repeats without an end: give it COUNT or UNTIL, or import its dates"),
        (f"UID:a\n{BERLIN}20270115T140000\nRRULE:FREQ=DAILY;COUNT=401",
         "book.ics:7: RRULE: repeats more than 400 times: give it a nearer end"),
        (f"UID:a\n{BERLIN}20270115T140000\nRDATE:20270116T140000Z",
         "book.ics:7: RDATE: repeats by more than one rule: import its dates"),
    ],
    ids=["whole day", "no start", "no time", "gap", "twice", "endless", "too many", "dates"],
)  # fmt: skip
def test_what_cannot_be_a_session_is_refused_where_it_stands(tmp_path: Path, event: str, problem: str) -> None:
    assert faults(read(tmp_path, event)) == [problem]


def test_a_file_that_is_no_calendar_or_breaks_off_says_so(tmp_path: Path) -> None:
    file = tmp_path / "x.ics"
    for text in ("hello", "BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:1\n", "BEGIN:VCALENDAR\n" + "BEGIN:VEVENT\n" * 50):
        file.write_text(text)
        try:
            found = read_bookings(file, Mapping())
        except Faulty as faulty:
            assert "is no calendar" in str(faulty)
        else:
            assert found.raws == []


MAPPING = """
branch: BER
columns: {starts: [Datum, Uhrzeit], client: E-Mail, treatment: Leistung, therapist: Wer, status: Status, uid: Nr}
values: {treatment: {Tritt 60: back-stepping-60}}
format: "%d.%m.%Y %H:%M"
delimiter: ";"
encoding: cp1252
cancelled: [storniert]
"""
CSV = """Nr;Datum;Uhrzeit;E-Mail;Leistung;Wer;Status
17;15.01.2027;14:00;ada@example.com;Tritt 60;Jürgen;ok
18;15.01.2027;15:00;ada@example.com;Tritt 60;;Storniert
19;2027-01-15;15:00;ada@example.com;Tritt 60;;ok
"""


def test_a_csv_file_is_read_by_its_mapping(tmp_path: Path) -> None:
    (tmp_path / "map.yaml").write_text(MAPPING)
    file = tmp_path / "book.csv"
    file.write_bytes(CSV.encode("cp1252"))
    found = read_bookings(file, load_mapping(tmp_path / "map.yaml", None))
    [raw] = found.raws
    assert raw.values == {"branch": "BER", "treatment": "back-stepping-60", "client": "ada@example.com", "uid": "17",
                          "therapist": "Jürgen", "starts": "2027-01-15 14:00"}  # fmt: skip
    assert (found.skipped, faults(found)) == (
        1, ["book.csv:4: starts: '2027-01-15 15:00' is not written as '%d.%m.%Y %H:%M'"]
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("colums: {}", "map.yaml:1: colums: is no field of this noun"),
        ("columns: {startet: x}", "map.yaml:1: startet: is no field of a booking"),
        ("encoding: klingon", "map.yaml:1: encoding: is no encoding that is known here"),
        ("[", "map.yaml:1: cannot be read"),
        ("columns: {starts: Wann}", "book.csv:1: Wann: is no column of this file"),
        ("encoding: ascii", "book.csv:1: is not ascii text"),
    ],
    ids=["unknown key", "unknown field", "encoding", "no yaml", "no column", "other text"],
)
def test_a_mapping_that_does_not_fit_is_refused(tmp_path: Path, text: str, problem: str) -> None:
    (tmp_path / "map.yaml").write_text(text)
    (tmp_path / "book.csv").write_text(CSV)
    with pytest.raises(Faulty, match=r".*") as refused:
        read_bookings(tmp_path / "book.csv", load_mapping(tmp_path / "map.yaml", None))
    assert problem in str(refused.value)


@pytest.mark.parametrize("uid", ["4711", "room [2]", "a]]", "two words"])
def test_a_session_says_what_it_was_called_there_and_is_found_by_it_again(uid: str) -> None:
    assert marked(mark(uid)) == marked(f"likes it [firm]\n{mark(uid)}") == uid
    assert marked(None) is marked("likes it [firm]") is None
