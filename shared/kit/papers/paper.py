"""What stands on a paper, as plain values: who asks for one imports no PDF library and needs no thread.

The same values give the same bytes: the time of print is one of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Tone = Literal["good", "warning", "bad", "plain"]


@dataclass(frozen=True, slots=True)
class Heading:
    """A part's heading; it is in the PDF's outline, and never the last line of a page."""

    text: str


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph; its line breaks are kept. `small` for what explains rather than states."""

    text: str
    small: bool = False


@dataclass(frozen=True, slots=True)
class Banner:
    """What must not be overlooked. The words say it; the colour of `tone` only repeats them."""

    text: str
    tone: Tone = "plain"


@dataclass(frozen=True, slots=True)
class Facts:
    """Names and values, one a line."""

    pairs: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Table:
    """Breaks over pages, with its head on each. `widths` are shares of the page's width; `empty` stands for no rows."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    widths: Sequence[float] = ()
    empty: str = "None."


@dataclass(frozen=True, slots=True)
class Code:
    """A QR code of `content`, with what it is beside it."""

    content: str
    caption: str
    side_mm: float = 30


Block = Heading | Text | Banner | Facts | Table | Code


@dataclass(frozen=True, slots=True)
class Paper:
    """A document.

    Attributes:
        letterhead: who issues it, line by line; the first is the name.
        printed: when it was printed, with the zone, as a person reads it.
        footer: stands left of the page number on each page.
        page_of: how a page says its number.
    """

    title: str
    letterhead: Sequence[str]
    blocks: Sequence[Block]
    printed: str
    footer: str = ""
    subject: str = ""
    language: str = "en"
    page_of: str = "Page {page} of {pages}"


@dataclass(frozen=True, slots=True)
class Label:
    """One label: its QR code, one line to be read from afar, and lines under it."""

    code: str
    name: str
    lines: Sequence[str]


@dataclass(frozen=True, slots=True)
class Grid:
    """Labels on A4, all in millimetres. The default is 70 x 37: 24 a sheet, without gaps, sold everywhere."""

    width_mm: float = 70
    height_mm: float = 37
    columns: int = 3
    rows: int = 8
    left_mm: float = 0
    top_mm: float = 0.5


@dataclass(frozen=True, slots=True)
class Labels:
    """Sheets of labels; with no `grid`, one label a page, the page being the label of that size."""

    title: str
    labels: Sequence[Label]
    grid: Grid | None = None
    width_mm: float = 70
    height_mm: float = 37
    language: str = "en"
