"""Sets a paper: letterhead, title, blocks, and on every page its footer and "page n of m"."""

from collections.abc import Sequence
from functools import cache
from io import BytesIO
from typing import Any

from reportlab.lib import colors
from reportlab.lib.enums import TA_LEFT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import BaseDocTemplate, Frame, KeepTogether, PageTemplate, Paragraph, Spacer
from reportlab.platypus import Table as Grid
from reportlab.platypus.flowables import Flowable

from shared.kit.papers import fonts
from shared.kit.papers.codes import QrFlowable
from shared.kit.papers.paper import Banner, Block, Code, Facts, Heading, Paper, Table, Text

MARGIN = 18 * mm
WIDTH = A4[0] - 2 * MARGIN
INK, QUIET, LINE = colors.HexColor("#1b1f24"), colors.HexColor("#57606a"), colors.HexColor("#c9d1d9")
TONES = {
    "good": (colors.HexColor("#0b5c2e"), colors.HexColor("#e6f4ea")),
    "warning": (colors.HexColor("#6b4a00"), colors.HexColor("#fff4d6")),
    "bad": (colors.HexColor("#8c1111"), colors.HexColor("#fdeaea")),
    "plain": (INK, colors.HexColor("#f0f2f5")),
}


def pdf(paper: Paper) -> bytes:
    """The document's bytes, the same for the same paper."""
    fonts.register()
    out = BytesIO()
    document = BaseDocTemplate(
        out, pagesize=A4, leftMargin=MARGIN, rightMargin=MARGIN, topMargin=MARGIN, bottomMargin=MARGIN + 8 * mm,
        title=paper.title, author=paper.letterhead[0] if paper.letterhead else "", subject=paper.subject,
        creator="Caibei", producer="Caibei", lang=paper.language, invariant=1, displayDocTitle=True,
    )  # fmt: skip
    frame = Frame(MARGIN, MARGIN + 8 * mm, WIDTH, A4[1] - 2 * MARGIN - 8 * mm, 0, 0, 0, 0)
    document.addPageTemplates(PageTemplate(frames=[frame]))
    document.build(_flow(paper), canvasmaker=lambda *args, **kwargs: _Numbered(paper, *args, **kwargs))
    return out.getvalue()


def _flow(paper: Paper) -> list[Flowable]:
    head = [set_text(line, _style("letterhead" if i else "name")) for i, line in enumerate(paper.letterhead)]
    flow: list[Flowable] = [*head, Spacer(1, 5 * mm), set_text(paper.title, _style("title"))]
    if paper.subject:
        flow.append(set_text(paper.subject, _style("subject")))
    flow.append(Spacer(1, 4 * mm))
    blocks = [_block(block) for block in paper.blocks]
    i = 0
    while i < len(blocks):
        if isinstance(paper.blocks[i], Heading) and i + 1 < len(blocks):
            flow.append(KeepTogether([*blocks[i], *blocks[i + 1]]))
            i += 1
        else:
            flow.extend(blocks[i])
        i += 1
    return flow


def _block(block: Block) -> list[Flowable]:
    match block:
        case Heading():
            return [_Outlined(block.text), Spacer(1, 1.5 * mm)]
        case Text():
            return [set_text(block.text, _style("small" if block.small else "body")), Spacer(1, 3 * mm)]
        case Banner():
            return [_banner(block), Spacer(1, 4 * mm)]
        case Facts():
            rows = [(set_text(name, _style("label")), set_text(value, _style("body"))) for name, value in block.pairs]
            return [_grid(rows, (0.3, 0.7), _LINES), Spacer(1, 4 * mm)]
        case Code():
            cell = [QrFlowable(block.content, block.side_mm), set_text(block.caption, _style("small"))]
            width = block.side_mm * mm / WIDTH + 0.02
            return [_grid([cell], (width, 1 - width), [("VALIGN", (0, 0), (-1, -1), "MIDDLE")]), Spacer(1, 3 * mm)]
        case Table():
            return [*_table(block), Spacer(1, 4 * mm)]


_LINES: list[Any] = [
    ("VALIGN", (0, 0), (-1, -1), "TOP"),
    ("LINEBELOW", (0, 0), (-1, -1), 0.4, LINE),
    ("LEFTPADDING", (0, 0), (-1, -1), 3),
    ("RIGHTPADDING", (0, 0), (-1, -1), 3),
    ("TOPPADDING", (0, 0), (-1, -1), 3),
    ("BOTTOMPADDING", (0, 0), (-1, -1), 3),
]


def _table(table: Table) -> list[Flowable]:
    if not table.rows:
        return [set_text(table.empty, _style("body"))]
    shares = table.widths or [1] * len(table.head)
    head = [set_text(title, _style("head")) for title in table.head]
    rows = [[set_text(cell, _style("cell")) for cell in row] for row in table.rows]
    styles = [*_LINES, ("BACKGROUND", (0, 0), (-1, 0), TONES["plain"][1])]
    return [_grid([head, *rows], [share / sum(shares) for share in shares], styles, head_rows=1)]


def _grid(rows: Sequence[Sequence[Any]], shares: Sequence[float], styles: list[Any], head_rows: int = 0) -> Flowable:
    # splitInRow: a note of five thousand characters is taller than a page.
    return Grid(
        [list(row) for row in rows], colWidths=[share * WIDTH for share in shares], style=styles, hAlign="LEFT",
        repeatRows=head_rows, splitByRow=1, splitInRow=1,
    )  # fmt: skip


def _banner(banner: Banner) -> Flowable:
    ink, ground = TONES[banner.tone]
    style = ParagraphStyle("banner", _style("banner"), textColor=ink)
    frame: list[Any] = [
        ("BACKGROUND", (0, 0), (-1, -1), ground),
        ("BOX", (0, 0), (-1, -1), 1, ink),
        ("LEFTPADDING", (0, 0), (-1, -1), 8),
        ("RIGHTPADDING", (0, 0), (-1, -1), 8),
        ("TOPPADDING", (0, 0), (-1, -1), 6),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 7),
    ]
    return _grid([[set_text(banner.text, style)]], (1,), frame)


def set_text(text: str, style: ParagraphStyle) -> Paragraph:
    """A paragraph of what a person wrote: escaped, in fonts that have its characters."""
    if fonts.breaks_anywhere(text):
        style = ParagraphStyle(style.name, style, wordWrap="CJK")
    return Paragraph(fonts.markup(text), style)


@cache
def _style(name: str) -> ParagraphStyle:
    size, font, ink = {
        "name": (13, fonts.BOLD, INK),
        "letterhead": (8.5, fonts.PLAIN, QUIET),
        "title": (18, fonts.BOLD, INK),
        "subject": (10, fonts.PLAIN, QUIET),
        "heading": (11.5, fonts.BOLD, INK),
        "body": (9, fonts.PLAIN, INK),
        "small": (7.5, fonts.PLAIN, QUIET),
        "label": (8.5, fonts.PLAIN, QUIET),
        "banner": (12, fonts.BOLD, INK),
        "head": (7.5, fonts.BOLD, INK),
        "cell": (7.5, fonts.PLAIN, INK),
    }[name]
    return ParagraphStyle(
        name, fontName=font, fontSize=size, leading=size * 1.35, textColor=ink, alignment=TA_LEFT, splitLongWords=1
    )


class _Outlined(Paragraph):  # type: ignore[misc]  # the library has no types
    """A heading that is in the outline, so that a reader can go there."""

    def __init__(self, text: str) -> None:
        super().__init__(fonts.markup(text), _style("heading"))
        self._text = text

    def draw(self) -> None:
        key = f"part-{self.canv.getPageNumber()}-{round(self.canv.absolutePosition(0, 0)[1])}"
        self.canv.bookmarkPage(key)
        self.canv.addOutlineEntry(self._text, key, 0)
        super().draw()


class _Numbered(Canvas):  # type: ignore[misc]
    """Keeps its pages until their number is known."""

    def __init__(self, paper: Paper, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{**kwargs, "initialFontName": fonts.PLAIN})
        self._paper = paper
        self._kept: list[dict[str, Any]] = []

    def showPage(self) -> None:
        self._kept.append(dict(self.__dict__))
        self._startPage()

    def save(self) -> None:
        for number, page in enumerate(self._kept, 1):
            self.__dict__.update(page)
            self._foot(number, len(self._kept))
            super().showPage()
        super().save()

    def _foot(self, page: int, pages: int) -> None:
        said = self._paper.page_of.format(page=page, pages=pages)
        self.setStrokeColor(LINE)
        self.line(MARGIN, MARGIN + 4 * mm, A4[0] - MARGIN, MARGIN + 4 * mm)
        lines = [line for line in (self._paper.footer, self._paper.printed) if line]
        for text, width, x in (("\n".join(lines), WIDTH - 32 * mm, MARGIN), (said, 30 * mm, A4[0] - MARGIN - 30 * mm)):
            foot = set_text(text, _style("small"))
            _, height = foot.wrap(width, 20 * mm)
            foot.drawOn(self, x, MARGIN + 2.5 * mm - height)
