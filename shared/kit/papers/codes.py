"""QR codes (ISO/IEC 18004), drawn as rectangles: sharp at every size."""

from reportlab.graphics.barcode.qrencoder import QR8bitByte, QRCode, QRErrorCorrectLevel
from reportlab.lib import colors
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus.flowables import Flowable

QUIET_MODULES = 4
"""The standard's quiet zone, left white around the code."""


def matrix(content: str) -> list[list[bool]]:
    """Dark modules by row. Level M: a code in a spa is scratched and splashed."""
    code = QRCode(None, QRErrorCorrectLevel.M)
    code.addData(QR8bitByte(content.encode()))
    code.make()
    size = code.getModuleCount()
    return [[bool(code.isDark(row, column)) for column in range(size)] for row in range(size)]


def draw(canvas: Canvas, content: str, x: float, y: float, side: float) -> None:
    """In the square whose lower left corner is (x, y), quiet zone included; in points."""
    rows = matrix(content)
    module = side / (len(rows) + 2 * QUIET_MODULES)
    canvas.saveState()
    canvas.setFillColor(colors.white)
    canvas.rect(x, y, side, side, stroke=0, fill=1)
    canvas.setFillColor(colors.black)
    path = canvas.beginPath()
    for row, modules in enumerate(rows):
        top = y + side - (row + 1 + QUIET_MODULES) * module
        column = 0
        while column < len(modules):
            end = column
            while end < len(modules) and modules[end]:
                end += 1
            if end > column:  # one rectangle for modules in a row: no hairlines between them
                path.rect(x + (column + QUIET_MODULES) * module, top, (end - column) * module, module)
            column = end + 1
    canvas.drawPath(path, stroke=0, fill=1)
    canvas.restoreState()


class QrFlowable(Flowable):  # type: ignore[misc]  # the library has no types
    """A code between a document's paragraphs."""

    def __init__(self, content: str, side_mm: float) -> None:
        super().__init__()
        self._content = content
        self.width = self.height = side_mm * mm

    def draw(self) -> None:
        draw(self.canv, self._content, 0, 0, self.width)
