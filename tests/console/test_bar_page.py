"""The page a bar's QR code opens: only with the label's signature, what a placard says, in the reader's language."""

from collections.abc import AsyncIterator

import httpx
import pytest

from services.console.app import SERVICE
from services.console.bar_words import LANGUAGES, WORDS
from shared.kit.ids import new_id
from shared.kit.pages import spoken
from shared.kit.testing import client, running
from tests.console.placards import GOOD, Placards, serving


@pytest.fixture
def placards() -> Placards:
    return Placards()


@pytest.fixture
async def http(placards: Placards, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[httpx.AsyncClient]:
    async with serving(placards) as url:
        monkeypatch.setenv("CAIBEI_ROOM_EQUIPMENT_URL", url)
        monkeypatch.setenv("CAIBEI_IDENTITY_URL", url)
        async with running(SERVICE) as app, client(app) as http:
            yield http


async def read(http: httpx.AsyncClient, placards: Placards, language: str = "en") -> httpx.Response:
    return await http.get(f"/bars/{placards.bar_id}?s={GOOD}", headers={"Accept-Language": language})


async def test_a_certified_bar_says_so_until_when_and_of_which_moment_that_is(
    http: httpx.AsyncClient, placards: Placards
) -> None:
    answer = await read(http, placards)
    assert answer.status_code == 200
    for part in (
        "BB-0417",
        "Certified",
        "3 May 2027",
        "250 kg",
        "R1 · Lotus",
        "berlin-mitte",
        "25 November 2026, 16:00",
    ):
        assert part in answer.text, part
    assert "Do not use" not in answer.text
    assert "not cleared" not in answer.text


async def test_a_locked_out_bar_says_why_since_when_on_the_branchs_wall_and_not_to_use_it(
    http: httpx.AsyncClient, placards: Placards
) -> None:
    placards.locked_out()
    text = (await read(http, placards)).text
    for part in ("Locked out", "It was locked out.", "Do not use this bar.", "Since 24 November 2026, 23:30"):
        assert part in text, part
    assert "Certified until" not in text


async def test_a_certified_bar_in_a_room_that_is_not_cleared_says_that_too(
    http: httpx.AsyncClient, placards: Placards
) -> None:
    placards.said |= {"room_cleared": False, "room_reason": "lapsed"}
    assert "This room is not cleared" in (await read(http, placards)).text


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "en"), ("fr, nl", "en"), ("de-AT,de;q=0.9,en;q=0.8", "de"), ("en;q=0.2, es-MX", "es"),
        ("zh-CN", "zh-Hans"), ("zh-Hans-SG;q=1", "zh-Hans"), ("de;q=0, es", "es"), ("*;q=x,,;;", "en"),
        ("x" * 9999, "en"),
    ],
)  # fmt: skip
def test_it_speaks_the_readers_language(header: str, language: str) -> None:
    assert spoken(header) == language


@pytest.mark.parametrize("language", LANGUAGES)
async def test_every_language_has_every_word(http: httpx.AsyncClient, placards: Placards, language: str) -> None:
    words, english = WORDS[language], WORDS["en"]
    assert words.states.keys() == english.states.keys()
    assert words.reasons.keys() == english.reasons.keys()
    answer = await read(http, placards, language)
    assert f'<html lang="{language}">' in answer.text
    assert words.states["certified"] in answer.text
    assert language == "en" or "Rated load" not in answer.text


@pytest.mark.parametrize("path", ["/bars/{id}", "/bars/{id}?s=", "/bars/{id}?s=wrong", "/bars/{other}?s={good}",
                                  "/bars/no-id?s={good}", "/bars/{id}?s={long}"])  # fmt: skip
async def test_a_wrong_or_missing_signature_is_404_and_tells_nothing(
    http: httpx.AsyncClient, placards: Placards, path: str
) -> None:
    answer = await http.get(path.format(id=placards.bar_id, other=new_id(), good=GOOD, long="x" * 5000))
    assert (answer.status_code, answer.text) == (404, "404")


async def test_while_the_record_cannot_be_read_it_says_not_to_use_the_bar(
    http: httpx.AsyncClient, placards: Placards
) -> None:
    placards.away = True
    answer = await read(http, placards, "de")
    assert answer.status_code == 503
    assert "bis dahin nicht benutzen" in answer.text


async def test_what_people_typed_is_escaped_and_the_page_loads_nothing_from_elsewhere(
    http: httpx.AsyncClient, placards: Placards
) -> None:
    placards.said |= {"serial": "<script>x</script>", "room_name": '"><img src=x>'}
    answer = await read(http, placards)
    assert "<script" not in answer.text
    assert "<img" not in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["referrer-policy"] == "no-referrer"  # the address is the key
    assert answer.headers["cache-control"] == "no-store"
    assert "style=" not in answer.text
