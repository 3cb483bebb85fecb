"""A scan is judged by its bytes: what it is, that it is nothing else, and that it can be shown."""

import struct
import zlib

import pytest

from services.screening.domain.documents import Kind, judge
from shared.errors import Invalid


def pdf(body: bytes = b"1 0 obj<</Type/Catalog>>endobj", end: bytes = b"%%EOF\n") -> bytes:
    return b"%PDF-1.7\n" + body + b"\ntrailer<</Root 1 0 R>>\n" + end


def png(width: int = 1, height: int = 1, after: bytes = b"") -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    parts = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0\0")) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts + after


def jpeg(width: int = 640, height: int = 480, *, comment: bytes = b"", after: bytes = b"") -> bytes:
    def segment(marker: int, data: bytes) -> bytes:
        return bytes((0xFF, marker)) + struct.pack(">H", len(data) + 2) + data

    frame = b"\x08" + struct.pack(">HH", height, width) + b"\x01\x01\x11\0"
    return b"\xff\xd8" + segment(0xE0, b"JFIF\0" + comment) + segment(0xC0, frame) + b"\xff\xda..\xff\xd9" + after


@pytest.mark.parametrize(
    ("data", "kind"), [(pdf(), Kind.PDF), (png(), Kind.PNG), (jpeg(), Kind.JPEG), (jpeg(after=b"ftypmp42"), Kind.JPEG)]
)
def test_a_scan_is_what_its_bytes_say(data: bytes, kind: Kind) -> None:
    assert judge(data, kind.value) is kind
    for other in set(Kind) - {kind}:
        with pytest.raises(Invalid) as refused:
            judge(data, other.value)
        assert refused.value.pointer == "/document/content_type"


@pytest.mark.parametrize("data", [b"", b"<html>", b"GIF89a", b" " + pdf(), b"PK\x03\x04", b"MZ", b"%!PS"])
def test_nothing_else_is_taken_whatever_it_is_said_to_be(data: bytes) -> None:
    for kind in Kind:
        with pytest.raises(Invalid):
            judge(data, kind.value)


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (pdf() + b"PK\x05\x06" + bytes(18), Kind.PDF),
        (jpeg(after=b"PK\x05\x06" + bytes(18)), Kind.JPEG),
        (jpeg(comment=b"%PDF-1.4"), Kind.JPEG),
        (png(after=b"<script>"), Kind.PNG),
        (pdf(end=b""), Kind.PDF),
        (pdf(end=b"%%EOF" + bytes(5000)), Kind.PDF),
        *((pdf(b"<</S%s>>" % name), Kind.PDF) for name in (b"/JavaScript", b"/JS (x)", b"/Launch", b"/EmbeddedFiles")),
        (png(20_001, 1), Kind.PNG),
        (png(20_000, 20_000), Kind.PNG),
        (png(0, 1), Kind.PNG),
        (jpeg(65_000, 65_000), Kind.JPEG),
        (jpeg()[:10], Kind.JPEG),
        (b"\xff\xd8\xff" + bytes(100), Kind.JPEG),
        (b"\x89PNG\r\n\x1a\n", Kind.PNG),
    ],
)
def test_two_files_in_one_broken_active_or_bomb_like_ones_are_refused(data: bytes, kind: Kind) -> None:
    with pytest.raises(Invalid) as refused:
        judge(data, kind.value)
    assert (refused.value.code, refused.value.pointer) == ("document_invalid", "/document/data")


def test_a_name_that_only_begins_like_a_program_is_no_program() -> None:
    assert judge(pdf(b"<</JSomething 1 /Launcher 2>>"), Kind.PDF.value) is Kind.PDF
