"""A client who was never asked: the link comes by mail, the page is filled on a phone without scripts, the session is
booked."""

import re
import shutil

import pytest
from playwright.async_api import Page, async_playwright, expect

from services.screening.outcome_words import OUTCOMES
from services.screening.page_words import WORDS
from tests.journeys.chain import PROTOCOL, Chain, code
from tests.journeys.mailbox import mails_to
from tests.journeys.system import Whole

pytestmark = pytest.mark.browser

WORDS_EN, PHONE_NUMBER = WORDS["en"], "+49 30 5550 1234"


async def test_an_invited_client_answers_on_a_phone_without_scripts_and_the_session_is_booked(
    chain: Chain, whole: Whole
) -> None:
    spa = await chain.spa(phone=PHONE_NUMBER)
    email = f"{code('ada')}@example.com"
    spa.client = await chain.client(spa.branch, screened=None, email=email)
    assert (await spa.ask()).json()["code"] == "screening_required"
    body = {"client_id": spa.client["id"], "protocol": PROTOCOL}
    invitation = await chain.desk.made("screening", "/v1/invitations", body)
    (mail,) = await mails_to(whole, email)
    (link,) = re.findall(r"https?://\S+/questions/\S+", mail["text"])
    assert link == invitation["url"]
    async with async_playwright() as playwright:
        found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
        chromium = await playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        context = await chromium.new_context(
            java_script_enabled=False, locale="en", viewport={"width": 360, "height": 740}
        )
        page = await context.new_page()
        await page.goto(link)
        await expect(page.get_by_role("link", name=PHONE_NUMBER)).to_be_visible()
        await _answer(page)
        await page.get_by_label(WORDS_EN.name, exact=True).fill("Ada Example")
        await page.get_by_label(WORDS_EN.as_self).check()
        await page.get_by_role("button", name=WORDS_EN.send).click()
        cleared = OUTCOMES["en"]["cleared"].title.format(treatment="Back-stepping")
        await expect(page.get_by_role("heading", level=1)).to_have_text(cleared)
        await page.goto(link)
        await expect(page.get_by_role("heading", level=1)).to_have_text(WORDS_EN.done.title)
        await chromium.close()
    await spa.book()
    shown = await chain.desk.get("screening", f"/v1/invitations/{invitation['id']}")
    assert shown["state"] == "completed"


async def _answer(page: Page) -> None:
    """Acknowledge, and "no" to everything, page after page."""
    await page.get_by_label(WORDS_EN.acknowledge).check()
    await page.get_by_role("button", name=WORDS_EN.begin).click()
    while await page.get_by_role("button", name=WORDS_EN.go_on).count():
        for choice in await page.get_by_role("radio", name=WORDS_EN.no, exact=True).all():
            await choice.check()
        await page.get_by_role("button", name=WORDS_EN.go_on).click()
