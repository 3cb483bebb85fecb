"""Reading a PDF back: its words, and the QR code that is drawn on it."""

import re
from io import BytesIO

from pypdf import PdfReader

from shared.kit.papers import codes


def read(pdf: bytes) -> PdfReader:
    return PdfReader(BytesIO(pdf), strict=True)


def words(pdf: bytes) -> str:
    """All its text, with every stretch of blanks and line breaks as one blank."""
    return re.sub(r"\s+", " ", " ".join(page.extract_text() for page in read(pdf).pages))


def letters(pdf: bytes) -> str:
    """All its text without any blank: how a long text is broken into lines does not matter."""
    return re.sub(r"\s+", "", words(pdf))


def shows_code(pdf: bytes, content: str, page: int = 0) -> bool:
    """Whether this page has the QR code of `content`: the black rectangles drawn, against the code's own modules."""
    contents = read(pdf).pages[page].get_contents()
    assert contents is not None
    drawn = re.findall(rb"([\d.]+) ([\d.]+) ([\d.]+) ([\d.]+) re", contents.get_data())
    rectangles = [tuple(map(float, rectangle)) for rectangle in drawn]
    modules = codes.matrix(content)
    size = len(modules)
    for left, bottom, side, height in rectangles:  # the white ground of a code is a square
        if side != height:
            continue
        module = side / (size + 2 * codes.QUIET_MODULES)
        found = [[False] * size for _ in range(size)]
        for x, y, width, high in rectangles:
            column, row = (
                (x - left) / module - codes.QUIET_MODULES,
                (bottom + side - y) / module - codes.QUIET_MODULES - 1,
            )
            if abs(high - module) > module / 10 or not (-0.5 < column < size and -0.5 < row < size):
                continue
            for i in range(round(column), min(size, round(column + width / module))):
                found[round(row)][i] = True
        if found == modules:
            return True
    return False
