"""Labels with a QR code: a sheet to be cut, or one by one for a label printer."""

from io import BytesIO

from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

from shared.kit.papers import codes, fonts
from shared.kit.papers.paper import Label, Labels
from shared.kit.papers.setting import INK, LINE, set_text

_PADDING = 2.5 * mm


def pdf(labels: Labels) -> bytes:
    """The sheets' bytes, the same for the same labels."""
    fonts.register()
    out, grid = BytesIO(), labels.grid
    size = A4 if grid else (labels.width_mm * mm, labels.height_mm * mm)
    canvas = Canvas(out, pagesize=size, invariant=1, lang=labels.language, initialFontName=fonts.PLAIN)
    canvas.setTitle(labels.title)
    canvas.setCreator("Caibei")
    canvas.setProducer("Caibei")
    canvas.setViewerPreference("DisplayDocTitle", "true")
    if grid is None:
        for label in labels.labels:
            _draw(canvas, label, 0, 0, *size)
            canvas.showPage()
    else:
        width, height = grid.width_mm * mm, grid.height_mm * mm
        for i, label in enumerate(labels.labels):
            place = i % (grid.columns * grid.rows)
            if i and not place:
                canvas.showPage()
            row, column = divmod(place, grid.columns)
            x = grid.left_mm * mm + column * width
            y = A4[1] - grid.top_mm * mm - (row + 1) * height
            canvas.setStrokeColor(LINE)
            canvas.rect(x, y, width, height, stroke=1, fill=0)
            _draw(canvas, label, x, y, width, height)
    canvas.save()
    return out.getvalue()


def _draw(canvas: Canvas, label: Label, x: float, y: float, width: float, height: float) -> None:
    side = min(height, width / 2) - 2 * mm
    codes.draw(canvas, label.code, x + 1 * mm, y + (height - side) / 2, side)
    left, room = x + side + 2 * mm, width - side - 2 * mm - _PADDING
    top, bottom = y + height - _PADDING, y + _PADDING
    top = _fit(canvas, label.name, fonts.BOLD, (14, 11, 9, 7, 5.5), left, top, room, (top - bottom) * 0.55)
    for line in label.lines:
        top = _fit(canvas, line, fonts.PLAIN, (9, 7.5, 6, 5), left, top - 0.8 * mm, room, top - 0.8 * mm - bottom)


def _fit(
    canvas: Canvas, text: str, font: str, sizes: tuple[float, ...], x: float, top: float, width: float, height: float
) -> float:
    """Set it in the largest size that fits, and return where it ends. What fits in none is cut, with a mark."""
    while True:
        for size in sizes:
            style = ParagraphStyle("label", fontName=font, fontSize=size, leading=size * 1.2, textColor=INK)
            paragraph = set_text(text, style)
            _, needed = paragraph.wrap(width, height)
            if needed <= height:
                paragraph.drawOn(canvas, x, top - needed)
                return float(top - needed)
        if len(text) <= 2:
            return top
        text = f"{text[: (len(text) - 1) // 2]}…"
