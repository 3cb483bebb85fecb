"""Bookings of another system as rows of ours: from a CSV file with a mapping, or from a calendar (`calendars.py`)."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from deploy.cli.chain import calendars
from deploy.cli.chain.faults import Fault, Faulty, Place
from deploy.cli.chain.mapping import FIELDS, Mapping
from deploy.cli.chain.reading import MAX_BYTES, Raw

SUFFIXES = (".csv", ".ics")


@dataclass
class Bookings:
    """`skipped`: cancelled there, or an older version of another row."""

    raws: list[Raw] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    skipped: int = 0


def is_foreign(path: Path) -> bool:
    """Whether a path is a file of bookings, not a chain of ours."""
    return path.suffix.lower() in SUFFIXES and not path.is_dir()


def read_bookings(path: Path, mapping: Mapping) -> Bookings:
    """
    Raises:
        Faulty: the file cannot be read at all; what is wrong with a row is in `faults`.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise Faulty([Fault(path.name, 1, "", "larger than 64 MB: split it")])
        text = path.read_bytes().decode(mapping.encoding)
    except OSError as error:
        raise Faulty([Fault(str(path), 1, "", error.strerror or "cannot be read")]) from None
    except UnicodeDecodeError:
        raise Faulty([Fault(path.name, 1, "", f"is not {mapping.encoding} text: name its `encoding`")]) from None
    if "\0" in text:
        raise Faulty([Fault(path.name, text[: text.index("\0")].count("\n") + 1, "", "holds a NUL character")])
    found = Bookings()
    read = calendars.events if path.suffix.lower() == ".ics" else _rows
    for entry in read(text, path.name, mapping):
        if isinstance(entry, Fault):
            found.faults.append(entry)
        elif entry is None:
            found.skipped += 1
        else:
            found.raws.append(entry)
    return found


def _rows(text: str, name: str, mapping: Mapping) -> Iterator[Raw | Fault | None]:
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=mapping.delimiter, restkey="", strict=True)
    header = [str(column).strip() for column in reader.fieldnames or ()]
    if not header or len(set(header)) != len(header):
        raise Faulty([Fault(name, 1, "", "the first line must name each column once")])
    missing = [column for columns in mapping.columns.values() for column in columns if column not in header]
    if missing:
        raise Faulty([Fault(name, 1, column, "is no column of this file") for column in missing])
    if "starts" not in mapping.columns and "starts" not in header:
        raise Faulty([Fault(name, 1, "starts", "is in no column: map it (columns: {starts: …})")])
    reader.fieldnames = header
    try:
        for cells in reader:
            line = reader.line_num - sum(str(cell).count("\n") for cell in cells.values())
            if "" in cells:
                yield Fault(name, line, "", "has more cells than the first line has columns")
            elif any(cells.values()):
                yield _row(cells, Place(name, line, {}), mapping)
    except csv.Error as error:
        raise Faulty([Fault(name, reader.line_num, "", f"is no CSV: {error}")]) from None


def _row(cells: dict[str, str], place: Place, mapping: Mapping) -> Raw | Fault | None:
    def said(name: str) -> str:
        return " ".join(filter(None, ((cells.get(column) or "").strip() for column in mapping.columns_of(name, name))))

    if mapping.is_cancelled(said("status")):
        return None
    values = {name: text for name in FIELDS if (text := mapping.meant(name, said(name)))}
    values.setdefault("branch", mapping.branch or "")
    try:
        values["starts"] = mapping.start(values.get("starts", ""))
    except ValueError as error:
        return place.fault("starts", str(error))
    if uid := said("uid"):
        values["uid"] = uid
    return Raw("appointments", values, place)
