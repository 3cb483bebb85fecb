"""Tables as CSV and XLSX. A cell is a value: text is never a formula or a link, whatever a person typed into it.

A time is given in the zone it is to be read in (`astimezone(branch's zone)`): CSV says it with its offset, XLSX, which
has no zones, as a date and time of that wall.
"""

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from io import StringIO
from typing import IO, Any
from uuid import UUID

BOM = "\ufeff"
"""Without it Excel reads UTF-8 as the machine's own code page."""
Cell = str | int | float | Decimal | bool | date | datetime | UUID | None
# OWASP, CSV injection: what a spreadsheet may take for the start of a formula, full-width forms too.
_FORMULA = tuple("=+-@\t\r\n＝＋－＠")
_LONGEST_CELL = 32_767
_MOST_ROWS = 1_048_575


@dataclass(frozen=True, slots=True)
class Column:
    """`width` is in characters, for XLSX."""

    title: str
    width: float = 16


class CsvTable:
    """RFC 4180, in UTF-8. Give it rows as they come; it keeps none."""

    def __init__(self, columns: Sequence[Column], *, bom: bool = True) -> None:
        self._columns, self._bom = columns, bom

    def head(self) -> bytes:
        """The first line, with the mark that says UTF-8."""
        return ((BOM if self._bom else "") + _line([column.title for column in self._columns])).encode()

    def lines(self, rows: Iterable[Sequence[Cell]]) -> bytes:
        """These rows."""
        return "".join(_line([_in_csv(cell) for cell in row]) for row in rows).encode()


def _line(cells: Sequence[str]) -> str:
    out = StringIO()
    csv.writer(out, lineterminator="\r\n").writerow(cells)
    return out.getvalue()


def _in_csv(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, str):
        # A quote in front makes a spreadsheet read text; numbers of ours, also negative ones, stay numbers.
        return f"'{cell}" if cell.startswith(_FORMULA) else cell
    return cell.isoformat() if isinstance(cell, date) else str(cell)


class Workbook:
    """An XLSX file of several sheets. Rows go to disk as they come; memory does not grow with them."""

    def __init__(self, file: IO[bytes], *, title: str, author: str = "Caibei") -> None:
        import xlsxwriter  # by the first sheet only: it costs the start 30 ms

        self._book = xlsxwriter.Workbook(
            file,
            {
                "constant_memory": True,
                "remove_timezone": True,
                "strings_to_formulas": False,
                "strings_to_urls": False,
                "strings_to_numbers": False,
            },
        )
        # A fixed day: the same rows give the same bytes.
        self._book.set_properties({"title": title, "author": author, "created": datetime(2000, 1, 1)})  # noqa: DTZ001
        self._head = self._book.add_format({"bold": True, "bg_color": "#F0F2F5", "bottom": 1, "text_wrap": True})
        self._day = self._book.add_format({"num_format": "yyyy-mm-dd", "align": "left"})
        self._time = self._book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss", "align": "left"})

    def sheet(self, name: str, columns: Sequence[Column]) -> "Sheet":
        """A new sheet with its head, which stays in sight and filters. Write one sheet after the other."""
        sheet = self._book.add_worksheet(name)
        for number, column in enumerate(columns):
            sheet.set_column(number, number, column.width)
            sheet.write_string(0, number, column.title, self._head)
        sheet.freeze_panes(1, 0)
        return Sheet(sheet, len(columns), {date: self._day, datetime: self._time})

    def close(self) -> None:
        """Write the file out."""
        self._book.close()


class Sheet:
    """One sheet, filled from the top."""

    def __init__(self, sheet: Any, columns: int, formats: dict[type, Any]) -> None:
        self._sheet, self._columns, self._formats = sheet, columns, formats
        self.rows = 0

    def write(self, rows: Iterable[Sequence[Cell]]) -> None:
        """
        Raises:
            OverflowError: more rows than the format can hold.
        """
        for row in rows:
            self.rows += 1
            if self.rows > _MOST_ROWS:
                raise OverflowError("a sheet holds 1,048,576 rows")
            for number, cell in enumerate(row):
                self._put(number, cell)

    def _put(self, column: int, cell: Cell) -> None:
        sheet, row = self._sheet, self.rows
        match cell:
            case None:
                return
            case bool():
                sheet.write_boolean(row, column, cell)
            case datetime() | date():
                sheet.write_datetime(row, column, cell, self._formats[type(cell)])
            case int() | float() | Decimal():
                sheet.write_number(row, column, float(cell))
            case _:
                text = str(cell)
                if len(text) > _LONGEST_CELL:
                    text = text[: _LONGEST_CELL - 1] + "…"
                sheet.write_string(row, column, text)

    def filtered(self) -> None:
        """Let the reader filter by every column. Call it when all rows are written."""
        self._sheet.autofilter(0, 0, self.rows, self._columns - 1)
