"""The bar's page on a phone: readable from a ladder, by everybody, with no script at all."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import uvicorn
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, expect

from services.console.app import SERVICE
from services.console.bar_words import LANGUAGES, WORDS
from shared.kit.service import build
from tests.console.placards import GOOD, Placards, serving

pytestmark = pytest.mark.browser

CONTRAST = (Path(__file__).parent / "contrast.js").read_text()
PHONE = {"viewport": {"width": 360, "height": 740}, "device_scale_factor": 2}


@pytest.fixture
def placards() -> Placards:
    return Placards()


@pytest.fixture
async def url(placards: Placards, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[str]:
    """The address of the bar's page."""
    async with serving(placards) as peers:
        monkeypatch.setenv("CAIBEI_ROOM_EQUIPMENT_URL", peers)
        monkeypatch.setenv("CAIBEI_IDENTITY_URL", peers)
        listener = socket.create_server(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(build(SERVICE), log_config=None, ws="none"))
        task = asyncio.create_task(server.serve(sockets=[listener]))
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/bars/{placards.bar_id}?s={GOOD}"
        server.should_exit = True
        await task
        listener.close()


STATES = ("certified", "locked_out", "away")


@pytest.mark.parametrize(
    ("state", "language", "scheme"),
    [(state, "en", scheme) for state in STATES for scheme in ("light", "dark")]
    + [("locked_out", language, "light") for language in LANGUAGES if language != "en"],
)
async def test_it_is_accessible_has_contrast_and_fits_a_phone(
    browser: Browser, placards: Placards, url: str, state: str, language: str, scheme: str
) -> None:
    placards.said["room_name"] = "A name without a place to break: " + "x" * 80
    if state == "locked_out":
        placards.locked_out()
    placards.away = state == "away"
    context = await browser.new_context(**PHONE, color_scheme=scheme, locale=language)  # type: ignore[arg-type]
    page = await context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    await page.goto(url)
    found = await Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    assert await page.evaluate(CONTRAST) == []
    assert await page.evaluate("document.documentElement.scrollWidth") <= 360
    assert complaints == []
    words = WORDS[language]
    said = words.unknown if state == "away" else words.states[state]
    await expect(page.get_by_text(said, exact=True).first).to_be_visible()
    if folder := os.environ.get("CAIBEI_TEST_SCREENSHOTS"):
        await page.screenshot(path=f"{folder}/bar-{state}-{language}-{scheme}.png")
    await context.close()


async def test_the_state_is_in_the_first_screen_in_large_letters_without_scripts(
    browser: Browser, placards: Placards, url: str
) -> None:
    placards.locked_out()
    context = await browser.new_context(**PHONE, java_script_enabled=False)  # type: ignore[arg-type]
    page = await context.new_page()
    await page.goto(url)
    headline = page.locator(".headline")
    await expect(headline).to_have_text("Locked out")
    box = await headline.bounding_box()
    assert box is not None
    assert box["y"] + box["height"] < 400
    assert box["height"] >= 32
    await context.close()
