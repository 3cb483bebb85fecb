"""Sheets hold values: a text is never a formula or a link, a day is a day."""

import csv
import tracemalloc
from datetime import UTC, date, datetime
from decimal import Decimal
from io import BytesIO, StringIO
from tempfile import TemporaryFile
from typing import Any
from zoneinfo import ZoneInfo

import openpyxl
import pytest

from shared.kit.sheets import BOM, Column, CsvTable, Workbook

TEXTS = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    "＝1",
    "http://evil.test",
    "<b>",
    '"x", "y"',
    "踩背",
    "a\r\nb",
    "🙂",
]
COLUMNS = [Column("Name"), Column("Value")]
MIDNIGHT = datetime(2026, 3, 29, 0, 30, tzinfo=UTC).astimezone(ZoneInfo("Asia/Tokyo"))


def book(*rows: list[Any]) -> bytes:
    file = BytesIO()
    workbook = Workbook(file, title="Things")
    for name in ("First", "Second"):
        sheet = workbook.sheet(name, COLUMNS)
        sheet.write(rows)
        sheet.filtered()
    workbook.close()
    return file.getvalue()


@pytest.mark.parametrize("text", TEXTS)
def test_no_text_becomes_a_formula_or_a_link_in_a_workbook(text: str) -> None:
    cell = openpyxl.load_workbook(BytesIO(book([text, 1])))["First"]["A2"]
    assert (cell.data_type, cell.hyperlink) == ("s", None)
    assert str(cell.value).replace("_x000D_", "\r") == text


@pytest.mark.parametrize("text", TEXTS)
def test_no_text_in_csv_starts_as_a_formula_does(text: str) -> None:
    table = CsvTable(COLUMNS, bom=False)
    _, (read, _) = csv.reader(StringIO((table.head() + table.lines([[text, 1]])).decode(), newline=""))
    assert read in (text, f"'{text}")
    assert read[0] not in "=+-@\t\r\n＝＋－＠"


def test_csv_says_utf_8_ends_its_lines_as_the_standard_does_and_keeps_numbers() -> None:
    table = CsvTable(COLUMNS)
    assert table.head() == f"{BOM}Name,Value\r\n".encode()
    assert table.lines([["a,b", Decimal("-2.5")], [None, True], [date(2026, 2, 28), MIDNIGHT]]) == (
        b'"a,b",-2.5\r\n,yes\r\n2026-02-28,2026-03-29T09:30:00+09:00\r\n'
    )


def test_a_workbook_has_days_as_days_and_times_on_the_wall_of_their_zone() -> None:
    opened = openpyxl.load_workbook(BytesIO(book([date(2026, 2, 28), MIDNIGHT], [Decimal("250.5"), True])))
    assert opened.sheetnames == ["First", "Second"]
    rows = list(opened["Second"].iter_rows(min_row=2, values_only=True))
    assert rows == [(datetime(2026, 2, 28), datetime(2026, 3, 29, 9, 30)), (250.5, True)]  # noqa: DTZ001
    assert opened["Second"]["A2"].number_format == "yyyy-mm-dd"
    assert opened["First"].auto_filter.ref == "A1:B3"


def test_the_same_rows_give_the_same_workbook() -> None:
    assert book(["a", 1]) == book(["a", 1])


def test_a_text_longer_than_a_cell_can_be_is_cut_with_a_mark() -> None:
    cell = openpyxl.load_workbook(BytesIO(book(["x" * 40_000, 1])))["First"]["A2"].value
    assert (len(str(cell)), str(cell)[-1]) == (32_767, "…")


def test_memory_does_not_grow_with_the_rows() -> None:
    def peak(rows: int) -> int:
        tracemalloc.start()
        with TemporaryFile() as file:
            workbook = Workbook(file, title="Things")
            sheet = workbook.sheet("First", COLUMNS)
            for i in range(rows):
                sheet.write([[f"text number {i}", i]])
            workbook.close()
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    peak(10)  # what is imported once
    assert peak(6_000) < peak(600) + 300_000
