"""Papers say what they were given, whatever it is, and the same each time."""

import asyncio
import subprocess
import sys
from typing import Any

import pytest

from shared.errors import Unavailable
from shared.kit.papers import Banner, Code, Facts, Grid, Heading, Label, Labels, Paper, Table, Text, press
from shared.kit.papers import press as pressing
from tests.shared.kit.printed import letters, read, shows_code, words

HOSTILE = [
    "<b>bold</b> & <font size=90>huge</font>",
    "</para><para>",
    "<br/><img src='http://evil.test/x'/>",
    "=cmd|' /C calc'!A0",
    "%(name)s {page} {0} $x",
    "&amp; &lt; &#60;",
    "踩背检验证书，房间一",
    "検査証明書 カタカナ",
    "Проверка штанги",
    "Prüfung größer Straße",
    "한국어",
]


def paper(*blocks: Any, **values: Any) -> Paper:
    given: dict[str, Any] = {
        "title": "A title",
        "letterhead": ["Spa", "Street"],
        "printed": "Printed now",
        "blocks": blocks,
    }
    return Paper(**(given | values))


@pytest.mark.parametrize("text", HOSTILE)
async def test_a_text_is_shown_as_it_was_typed_wherever_it_stands(text: str) -> None:
    pdf = await press(
        paper(
            Heading(text), Text(text), Banner(text), Facts([(text, text)]), Table([text], [[text]]), Code("x", text),
            title=text, letterhead=[text, text], subject=text, footer=text, printed=text,
        )
    )  # fmt: skip
    assert letters(pdf).count(text.replace(" ", "")) == 14
    assert read(pdf).metadata["/Title"] == text  # type: ignore[index]
    assert len(read(pdf).pages) == 1


async def test_what_no_font_has_or_what_would_turn_the_writing_around_is_shown_by_number() -> None:
    pdf = await press(paper(Text("a\u202eb\u200dc 🙂 \x07 שלום \u2066x\u00ady")))
    assert "a[U+202E]b[U+200D]c [U+1F642] [U+0007] [U+05E9][U+05DC][U+05D5][U+05DD] [U+2066]x[U+00AD]y" in words(pdf)


async def test_line_breaks_are_kept_and_a_text_longer_than_a_page_goes_on_on_the_next() -> None:
    facts = Facts([("note", " ".join(["word"] * 1000)), ("block", "x" * 5000)])
    pdf = await press(paper(facts, Table(["a", "b"], [["字" * 5000, "one\r\ntwo"]])))
    assert words(pdf).count("word ") == 1000
    assert letters(pdf).count("x") == 5000
    assert letters(pdf).count("字") == 5000
    pages, said = len(read(pdf).pages), words(pdf)
    assert all(f"Page {i} of {pages}" in said for i in range(1, pages + 1))


async def test_a_table_says_its_head_again_on_every_page() -> None:
    pdf = await press(paper(Table(["Thing", "State"], [[f"row {i}", "good"] for i in range(150)])))
    pages = read(pdf).pages
    assert len(pages) > 2
    assert all("Thing" in page.extract_text() for page in pages)
    said = words(pdf)
    assert all(f"row {i} " in said for i in range(150))


async def test_the_same_paper_gives_the_same_bytes_in_another_process_too() -> None:
    given = paper(Heading("h"), Facts([("字", "Größe")]), Code("https://spa.test/x", "c"))
    script = (
        "import asyncio, sys; from shared.kit.papers import *\n"
        "p = Paper(title='A title', letterhead=['Spa', 'Street'], printed='Printed now', blocks=("
        "Heading('h'), Facts([('字', 'Größe')]), Code('https://spa.test/x', 'c')))\n"
        "sys.stdout.buffer.write(asyncio.run(press(p)))"
    )
    other = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", script], capture_output=True, check=True, timeout=60
    )
    assert await press(given) == await press(given) == other.stdout


async def test_its_fonts_are_in_the_file_and_its_language_title_and_parts_are_told_to_readers() -> None:
    pdf = read(await press(paper(Heading("Part one"), Text("踩背"), language="de")))
    root: Any = pdf.trailer["/Root"]
    assert root["/Lang"] == "de"
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    assert [entry["/Title"] for entry in pdf.outline] == ["Part one"]  # type: ignore[call-overload]
    fonts = [font.get_object() for font in pdf.pages[0]["/Resources"]["/Font"].values()]  # type: ignore[index]
    assert {str(font["/BaseFont"])[8:] for font in fonts} == {
        "BitstreamVeraSans-Roman", "BitstreamVeraSans-Bold", "WenQuanYiMicroHei-0",
    }  # fmt: skip
    assert all("/FontFile2" in font["/FontDescriptor"] for font in fonts)


async def test_a_code_on_paper_and_on_every_label_is_that_of_its_address() -> None:
    url = "https://spa.test/bars/01995a3e-7c00-7000-8000-0000000000ba?s=abcdefghijklmnopqrstuv"
    assert shows_code(await press(paper(Code(url, "Opens it"))), url)
    assert not shows_code(await press(paper(Code(url, "Opens it"))), url + "x")
    sheet = await press(Labels("Labels", [Label(f"{url}{i}", f"S-{i}", ["300 kg"]) for i in range(30)], Grid()))
    assert len(read(sheet).pages) == 2
    assert shows_code(sheet, url + "0")
    assert shows_code(sheet, url + "29", page=1)


async def test_a_label_has_its_size_in_millimetres_and_cuts_what_does_not_fit() -> None:
    pdf = await press(
        Labels("Label", [Label("x", "S" * 4000, ["max. 300 kg", "字" * 4000])], width_mm=70, height_mm=37)
    )
    (page,) = read(pdf).pages
    assert (round(float(page.mediabox.width) / 72 * 25.4), round(float(page.mediabox.height) / 72 * 25.4)) == (70, 37)
    assert "max. 300 kg" in words(pdf)
    assert "…" in words(pdf)


async def test_the_loop_goes_on_while_a_long_paper_is_printed() -> None:
    printing = asyncio.create_task(press(paper(Table(["a", "b"], [["x" * 80, "y"]] * 800))))
    turns = 0
    while not printing.done():
        await asyncio.sleep(0)
        turns += 1
    await printing
    assert turns > 50


async def test_only_so_many_wait_to_be_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    module = sys.modules[pressing.__module__]
    monkeypatch.setattr(module, "MOST_WAITING", 2)
    answers = await asyncio.gather(*(press(paper(Text("x"))) for _ in range(3)), return_exceptions=True)
    assert [isinstance(answer, Unavailable) for answer in answers] == [False, False, True]
    assert await press(paper(Text("x")))


def test_a_service_that_prints_nothing_does_not_load_the_library() -> None:
    script = (
        "import sys, shared.kit.papers, shared.kit.sheets\n"
        "sys.exit('reportlab' in sys.modules or 'xlsxwriter' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False, timeout=60).returncode == 0
