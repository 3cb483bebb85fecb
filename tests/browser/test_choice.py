"""The page on which a client chooses another slot, in a real browser: on a phone, without scripts, by everybody."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, expect

from services.scheduling.choice_words import WORDS
from tests.scheduling.builders import Chain, assigned, cleared
from tests.scheduling.conftest import chain, mint  # noqa: F401
from tests.scheduling.test_alternatives import drop_other_treatments, look, lost, massage
from tests.scheduling.test_choices import link

pytestmark = pytest.mark.browser

CONTRAST = (Path(__file__).parent / "contrast.js").read_text()
PHONE = {"viewport": {"width": 360, "height": 740}, "device_scale_factor": 2}
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
SMALL = """() => [...document.querySelectorAll("a, button, summary")]
  .map((each) => [each.outerHTML.slice(0, 80), each.getBoundingClientRect()])
  .filter(([, box]) => box.width && (box.width < 24 || box.height < 24)).map(([html]) => html)"""


@pytest.fixture
async def served(chain: Chain) -> AsyncIterator[str]:  # noqa: F811
    """The address of the running service."""
    listener = socket.create_server(("127.0.0.1", 0))
    app: Any = chain.http._transport.app  # type: ignore[attr-defined]
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, ws="none", lifespan="off"))
    task = asyncio.create_task(server.serve(sockets=[listener]))
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    await task
    listener.close()


async def waiting(chain: Chain, language: str) -> tuple[Any, dict[str, Any]]:  # noqa: F811
    """A displaced session with something of every kind to choose, the names as long as names are."""
    place = await chain.place(therapists=2, timezone="Europe/Berlin", phone="+49 30 1234567")
    await drop_other_treatments(chain)
    await massage(chain, None, f"oil-{place.branch_id[-6:]}", "Aromatic oil massage for two tired hands and feet")
    path = f"/v1/clients/{place.client_id}"
    etag = (await chain.http.get(path)).headers["etag"]
    await chain.http.patch(path, json={"locale": language}, headers={"If-Match": etag})
    return place, await lost(chain, place)


async def check(page: Page, name: str) -> None:
    """Accessible, readable, in the width there is, and large enough to touch."""
    found = await Axe().run(page, options=RULES)
    assert found.violations_count == 0, f"{name}: {found.generate_report()}"
    assert await page.evaluate(CONTRAST) == [], name
    assert await page.evaluate("document.documentElement.scrollWidth") <= 360, name
    assert await page.evaluate(SMALL) == [], name
    if folder := os.environ.get("CAIBEI_TEST_SCREENSHOTS"):
        await page.screenshot(path=f"{folder}/choice-{name}.png", full_page=True)


@pytest.mark.parametrize(
    ("language", "scheme"), [("en", "light"), ("de", "dark"), ("es", "light"), ("zh-Hans", "dark")],
    ids=["en-light", "de-dark", "es-light", "zh-Hans-dark"],
)  # fmt: skip
async def test_on_a_phone_without_scripts_everybody_can_choose_ask_and_cancel(
    browser: Browser,
    chain: Chain,  # noqa: F811
    served: str,
    language: str,
    scheme: str,
) -> None:
    words = WORDS[language]
    place, booked = await waiting(chain, language)
    url = served + await link(chain, booked)
    context = await browser.new_context(**PHONE, color_scheme=scheme, locale="fr")  # type: ignore[arg-type]
    page = await context.new_page()
    complaints: list[str] = []
    page.on("console", lambda line: complaints.append(line.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    await page.goto(url)
    await expect(page.get_by_role("heading", level=1)).to_have_text(words.title)
    await check(page, f"{language}-1-open")
    await page.get_by_role("button", name=words.call).click()
    await expect(page.get_by_text(words.called)).to_be_visible()
    await page.get_by_text(words.cancel, exact=True).click()
    await expect(page.get_by_role("button", name=words.cancel_sure)).to_be_visible()
    await check(page, f"{language}-2-called")
    first = page.get_by_role("button", name=words.take).first
    tapping = asyncio.create_task(first.click())
    while (asked := await look(chain, booked))["status"] != "pending":
        await asyncio.sleep(0.02)
    other = await (await context.new_page()).goto(url)
    assert other is not None
    assert words.outcomes["pending"][0] in await other.text()
    await chain.hear(cleared(asked), assigned(asked, place.room_ids[0], 5))
    await tapping
    await expect(page.get_by_role("heading", level=1)).to_have_text(words.outcomes["confirmed"][0])
    await check(page, f"{language}-3-booked")
    assert complaints == []
    await context.close()


async def test_it_works_by_keyboard_without_javascript_and_cancels_only_when_asked_twice(
    browser: Browser,
    chain: Chain,  # noqa: F811
    served: str,
) -> None:
    words = WORDS["en"]
    _, booked = await waiting(chain, "en")
    context = await browser.new_context(**PHONE, java_script_enabled=False)  # type: ignore[arg-type]
    page = await context.new_page()
    await page.goto(served + await link(chain, booked))
    await page.get_by_text(words.cancel, exact=True).focus()
    await page.keyboard.press("Enter")
    assert (await look(chain, booked))["status"] == "needs_attention"
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_have_text(words.outcomes["cancelled"][0])
    assert (await look(chain, booked))["cancelled"]["late"] is False
    await context.close()
