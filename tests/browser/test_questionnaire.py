"""The client's own page in a real browser: on a phone without scripts, in every language, by everybody."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import uvicorn
from axe_playwright_python.async_playwright import Axe
from fastapi import FastAPI
from playwright.async_api import Browser, Page, expect

from services.screening.outcome_words import OUTCOMES
from services.screening.page_words import WORDS
from tests.screening.chain import Chain
from tests.screening.conftest import app, chain, mint, screening_database  # noqa: F401
from tests.screening.phone import Phone, invited

pytestmark = pytest.mark.browser

CONTRAST = (Path(__file__).parent / "contrast.js").read_text()
PHONE = {"viewport": {"width": 360, "height": 740}, "device_scale_factor": 2}
DESKTOP = {"viewport": {"width": 1280, "height": 900}}
ZOOMED = {"viewport": {"width": 320, "height": 256}}  # a desktop at 400 %, as WCAG counts it
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
SMALL = """() => [...document.querySelectorAll("a, button, input:not([type=hidden]), select")]
  .map((each) => [each.outerHTML.slice(0, 80), (each.closest("label") ?? each).getBoundingClientRect()])
  .filter(([, box]) => box.width < 24 || box.height < 24).map(([html]) => html)"""


@pytest.fixture
async def served(app: FastAPI) -> AsyncIterator[str]:  # noqa: F811
    """The address of the running service."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, ws="none", lifespan="off"))
    task = asyncio.create_task(server.serve(sockets=[listener]))
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    await task
    listener.close()


async def check(page: Page, name: str) -> None:
    """Accessible, readable, in the width there is, and large enough to touch.

    What axe finds lies in the markup, which is the same in every language; it runs where the layout may matter.
    """
    if name.startswith("en") or "questions-wrong" in name:
        found = await Axe().run(page, options=RULES)
        assert found.violations_count == 0, f"{name}: {found.generate_report()}"
    assert await page.evaluate(CONTRAST) == [], name
    width = page.viewport_size["width"] if page.viewport_size else 0
    assert await page.evaluate("document.documentElement.scrollWidth") <= width, name
    assert await page.evaluate(SMALL) == [], name
    if folder := os.environ.get("CAIBEI_TEST_SCREENSHOTS"):
        await page.screenshot(path=f"{folder}/questionnaire-{name}.png", full_page=True)


@pytest.mark.parametrize(
    ("language", "screen", "scheme"),
    [
        ("en", PHONE, "light"), ("es", PHONE, "dark"), ("zh-Hans", PHONE, "light"),
        ("es", DESKTOP, "light"), ("de", ZOOMED, "light"),
    ],
    ids=["en", "es-dark", "zh-Hans", "es-desktop", "de-zoomed"],
)  # fmt: skip
async def test_every_page_is_accessible_in_every_language_on_every_screen(
    browser: Browser,
    chain: Chain,  # noqa: F811
    served: str,
    language: str,
    screen: dict[str, object],
    scheme: str,
) -> None:
    words, outcomes, invitation = WORDS[language], OUTCOMES[language], await invited(chain)
    name = f"{language}-{scheme}-{screen['viewport']['width']}"  # type: ignore[index]
    context = await browser.new_context(**screen, color_scheme=scheme, locale=language)  # type: ignore[arg-type]
    page = await context.new_page()
    complaints: list[str] = []
    page.on("console", lambda line: complaints.append(line.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    path = invitation["url"].removeprefix("https://spa.test")
    await page.goto(served + path)
    await page.get_by_role("button", name=words.begin).click()
    await check(page, f"{name}-1-advisory-wrong")
    await page.get_by_label(words.acknowledge).check()
    await page.get_by_role("button", name=words.begin).click()
    await check(page, f"{name}-2-questions")
    await page.get_by_role("button", name=words.go_on).click()
    await check(page, f"{name}-3-questions-wrong")
    async with chain.http() as http:
        phone = await Phone(http, invitation["url"], language).open()
        while "a-joint_surgery" not in phone.questions:
            await phone.send(dict.fromkeys(phone.questions, "no"), to="next")
            assert phone.answer.status_code == 200
        await phone.send(dict.fromkeys(phone.questions, "no") | {"a-joint_surgery": "yes"}, to="next")
        await page.goto(served + path)
        await check(page, f"{name}-4-follow-up")
        await phone.fill(joint_surgery="yes", joint_surgery_on="2020-05-04", epilepsy="no")
    await page.goto(served + path)
    await page.get_by_role("button", name=words.send).click()
    await check(page, f"{name}-5-review-wrong")
    await page.get_by_label(words.name, exact=True).fill("Ada Example")
    await page.get_by_label(words.as_self).check()
    await page.get_by_role("button", name=words.send).click()
    await expect(page.get_by_role("heading", level=1)).to_contain_text(outcomes["clearance_required"].title)
    await check(page, f"{name}-6-outcome")
    await page.goto(served + path)
    await expect(page.get_by_role("heading", level=1)).to_have_text(words.done.title)
    await check(page, f"{name}-7-done")
    assert [line for line in complaints if "422" not in line and "410" not in line] == []
    await context.close()
