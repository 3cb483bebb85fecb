"""What a scan of a letter may be: judged by its bytes, never by its name, and never decoded.

It is kept and handed back as it came, as a download. So what matters is that it is one kind of file and no other: one
that two programs read as two things is refused, as is a picture whose decoding would take gigabytes, and a PDF that
brings programs or other files along. Names in a PDF may be hidden in its compressed parts; a reader's own guard stays
needed.
"""

import re
import struct
from enum import StrEnum

from shared.errors import Invalid

_MAX_SIDE, _MAX_PIXELS = 20_000, 100_000_000
_PDF_HEAD, _PDF_TAIL, _ZIP_TAIL = (
    1024,
    2048,
    65_557,
)  # where readers look for the header, the end, and a zip's directory
_ACTIVE = re.compile(rb"/(?:JavaScript|JS|Launch|EmbeddedFiles?|RichMedia|XFA)\b")
_FRAMES = frozenset((*range(0xC0, 0xC4), *range(0xC5, 0xC8), *range(0xC9, 0xCC), *range(0xCD, 0xD0)))


class Kind(StrEnum):
    PDF = "application/pdf"
    PNG = "image/png"
    JPEG = "image/jpeg"

    @property
    def suffix(self) -> str:
        return {"application/pdf": "pdf", "image/png": "png", "image/jpeg": "jpg"}[self.value]


_FIRST_BYTES = {Kind.PDF: b"%PDF-", Kind.PNG: b"\x89PNG\r\n\x1a\n", Kind.JPEG: b"\xff\xd8\xff"}


def judge(data: bytes, said: str) -> Kind:
    """What it is.

    Raises:
        Invalid: `document_invalid`: it is not what it is said to be, or nothing that is taken.
    """
    kind = next((kind for kind, first in _FIRST_BYTES.items() if data.startswith(first)), None)
    if kind is None or kind.value != said:
        raise Invalid("document_invalid", "The document is not of that type.", pointer="/document/content_type")
    if b"PK\x05\x06" in data[-_ZIP_TAIL:] or (kind is not Kind.PDF and b"%PDF-" in data[:_PDF_HEAD]):
        raise _invalid("The document is two kinds of file in one. Scan the letter again.")
    _CHECKS[kind](data)
    return kind


def _pdf(data: bytes) -> None:
    if b"%%EOF" not in data[-_PDF_TAIL:]:
        raise _invalid("The document breaks off before its end.")
    if _ACTIVE.search(data):
        raise _invalid("The document holds programs or other files. Print it to a new PDF, or scan it.")


def _png(data: bytes) -> None:
    if data[12:16] != b"IHDR" or len(data) < 24 or not data.endswith(b"IEND\xaeB`\x82"):
        raise _invalid("The picture breaks off, or goes on after its end.")
    _sized(*struct.unpack(">II", data[16:24]))


def _jpeg(data: bytes) -> None:
    """Walks from marker to marker to the frame's header. What phones append after the picture's end is let be."""
    place = 2
    while place + 9 < len(data) and data[place] == 0xFF:
        marker, length = data[place + 1], int.from_bytes(data[place + 2 : place + 4], "big")
        if marker in _FRAMES:
            height, width = struct.unpack(">HH", data[place + 5 : place + 9])
            return _sized(width, height)
        place += 1 if marker == 0xFF else 2 + length
    raise _invalid("The picture has no size.")


_CHECKS = {Kind.PDF: _pdf, Kind.PNG: _png, Kind.JPEG: _jpeg}


def _sized(width: int, height: int) -> None:
    if not (0 < width <= _MAX_SIDE and 0 < height <= _MAX_SIDE and width * height <= _MAX_PIXELS):
        raise _invalid("The picture is too large to be shown. 100 megapixels are the most.")


def _invalid(detail: str) -> Invalid:
    return Invalid("document_invalid", detail, pointer="/document/data")
