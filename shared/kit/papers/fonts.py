"""Fonts that are embedded, so that a paper looks the same everywhere and for ever.

Vera comes with reportlab and has the Latin alphabets; whatever it lacks is set in WenQuanYi Micro Hei, which has
Chinese, Japanese, Korean, Cyrillic and Greek and is only loaded when it is needed (21 MB). What neither has, among it
emoji and everything that turns the direction of writing, is written as its number, [U+202E]: shown, never obeyed.
"""

from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from itertools import groupby
from pathlib import Path
from xml.sax.saxutils import escape

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

PLAIN, BOLD, WIDE = "Vera", "Vera-Bold", "WenQuanYi"
_WIDE_PACKAGE, _WIDE_FILE = "paperang_p2_fonts_cjk", "fonts/wqy-microhei.ttc"


@cache
def register() -> None:
    """Make the fonts known to the library, once a process."""
    for name, file in ((PLAIN, "Vera.ttf"), (BOLD, "VeraBd.ttf")):
        pdfmetrics.registerFont(TTFont(name, file))
    pdfmetrics.registerFontFamily(PLAIN, normal=PLAIN, bold=BOLD, italic=PLAIN, boldItalic=BOLD)


@cache
def _latin() -> frozenset[int]:
    register()
    both = (pdfmetrics.getFont(name).face.charToGlyph for name in (PLAIN, BOLD))
    return frozenset.intersection(*(frozenset(glyphs) for glyphs in both))


@cache
def _wide() -> frozenset[int]:
    package = find_spec(_WIDE_PACKAGE)  # only its file is wanted: its code is not run
    assert package is not None
    assert package.origin is not None
    font = TTFont(WIDE, str(Path(package.origin).parent / _WIDE_FILE), subfontIndex=0)
    pdfmetrics.registerFont(font)
    pdfmetrics.registerFontFamily(WIDE, normal=WIDE, bold=WIDE, italic=WIDE, boldItalic=WIDE)
    # A format character has a glyph there, and would still do what it does.
    return frozenset(font.face.charToGlyph) - _ACTS


_ACTS = frozenset({0xAD, 0xFEFF, *range(0x200B, 0x2010), *range(0x2028, 0x202F), *range(0x2060, 0x2070)})


def runs(text: str) -> Iterator[tuple[bool, str]]:
    """The text in pieces: (whether it needs the wide font, the piece). Line breaks are in pieces of the plain one."""
    for wide, characters in groupby(_readable(text), key=_needs_wide):
        yield wide, "".join(characters)


def markup(text: str) -> str:
    """As reportlab's paragraphs take it: escaped, with the font of each piece, and its line breaks."""
    pieces = []
    for wide, piece in runs(text):
        safe = escape(piece).replace("\n", "<br/>")
        pieces.append(f'<font name="{WIDE}">{safe}</font>' if wide else safe)
    return "".join(pieces)


def breaks_anywhere(text: str) -> bool:
    """Whether lines may break between any two characters, as Chinese and Japanese do."""
    return any(0x2E80 <= ord(character) <= 0x9FFF or 0xF900 <= ord(character) <= 0xFFEF for character in text)


def _readable(text: str) -> str:
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ")
    return "".join(character if _known(ord(character)) else f"[U+{ord(character):04X}]" for character in text)


def _known(code: int) -> bool:
    if code == 10 or (code >= 32 and code not in _ACTS and code in _latin()):
        return True
    return code > 127 and code not in _ACTS and code in _wide()


def _needs_wide(character: str) -> bool:
    return character != "\n" and ord(character) not in _latin()
