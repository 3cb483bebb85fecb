"""The console in a real browser: it updates by itself, can be paused, and works without scripts and by keyboard."""

from email.message import EmailMessage
from pathlib import Path

import aiosmtplib
import pytest
from playwright.async_api import Browser, Locator, Page, expect

from tests.browser.conftest import Console

pytestmark = pytest.mark.browser

CONTRAST = (Path(__file__).parent / "contrast.js").read_text()


async def send(console: Console, subject: str, text: str = "Text") -> None:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "caibei@example.org", "ana@example.org", subject
    mail.set_content(text)
    await aiosmtplib.send(mail, hostname="127.0.0.1", port=console.smtp_port, start_tls=False)


async def opened(browser: Browser, url: str, **options: object) -> tuple[Page, list[str]]:
    """A page and what its console complains about (a refused file or script would be here)."""
    page = await browser.new_page(**options)  # type: ignore[arg-type]
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    await page.goto(url)
    return page, complaints


def subject(page: Page, text: str) -> Locator:
    return page.locator(".subject", has_text=text)


async def test_the_first_page_shows_every_service_and_nothing_is_refused(browser: Browser, console: Console) -> None:
    page, complaints = await opened(browser, console.url)
    await expect(page.get_by_role("heading", level=2)).to_have_count(5)
    await expect(page.get_by_role("status")).to_have_text("1 of 5 ready")
    assert complaints == []
    await page.close()


async def test_a_new_mail_appears_by_itself_and_what_is_open_stays_open(browser: Browser, console: Console) -> None:
    await send(console, "First mail", "What the first one says")
    page, complaints = await opened(browser, f"{console.url}/dev/mailbox")
    first = page.locator("details", has_text="First mail")
    await first.locator("summary").click()
    await expect(page.get_by_text("What the first one says")).to_be_visible()
    await page.evaluate("document.activeElement.blur()")

    await send(console, "Second mail")
    await expect(subject(page, "Second mail")).to_be_visible(timeout=15_000)
    await expect(page.get_by_text("What the first one says")).to_be_visible()
    assert complaints == []
    await page.close()


async def test_updates_can_be_paused_and_go_on(browser: Browser, console: Console) -> None:
    """WCAG 2.2, 2.2.2. The page's clock is the test's, so that ten quiet seconds take none."""
    page = await browser.new_page()
    await page.clock.install()
    await page.goto(f"{console.url}/dev/mailbox")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if request.url.endswith("/dev/mailbox") else None)

    await page.get_by_role("button", name="Pause updates").click()
    await expect(page.get_by_role("button", name="Resume updates")).to_have_attribute("aria-pressed", "true")
    await page.clock.run_for(10_000)
    assert asked == []

    async with page.expect_request("**/dev/mailbox", timeout=15_000):
        await page.get_by_role("button", name="Resume updates").click()
        await page.clock.run_for(4_000)
    await page.close()


async def test_a_mail_that_holds_a_script_runs_nothing(browser: Browser, console: Console) -> None:
    attack = "<img src=x onerror=document.title='owned'><script>document.title='owned'</script>"
    await send(console, attack, attack)
    page, _ = await opened(browser, f"{console.url}/dev/mailbox")
    await page.locator("summary").first.click()
    await expect(page.locator("pre").first).to_contain_text("<script>")
    assert await page.title() == "Mailbox · Caibei"
    await page.close()


async def test_without_scripts_the_mailbox_reads_filters_and_empties(browser: Browser, console: Console) -> None:
    await send(console, "Readable without scripts")
    page, _ = await opened(browser, f"{console.url}/dev/mailbox", java_script_enabled=False)
    await page.get_by_label("To").fill("nobody@example.org")
    await page.get_by_role("button", name="Show", exact=True).click()
    await expect(page.get_by_text("No mail to this address")).to_be_visible()
    await page.get_by_role("link", name="Show all").click()
    await expect(subject(page, "Readable without scripts").first).to_be_visible()
    await page.get_by_role("button", name="Empty the mailbox").click()
    await expect(page.get_by_role("status")).to_have_text("0 mails")
    await page.close()


async def test_the_keyboard_alone_reaches_the_mails_and_opens_one(browser: Browser, console: Console) -> None:
    await send(console, "For the keyboard")
    page, _ = await opened(browser, f"{console.url}/dev/mailbox")
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    await page.keyboard.press("Enter")
    for _ in range(10):
        await page.keyboard.press("Tab")
        if await page.evaluate("document.activeElement.tagName") == "SUMMARY":
            break
    await page.keyboard.press("Enter")
    await expect(page.locator("details[open]")).to_have_count(1)
    await page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", ["/", "/dev/mailbox"])
async def test_every_text_has_enough_contrast_and_no_page_scrolls_sideways(
    browser: Browser, console: Console, scheme: str, path: str
) -> None:
    """WCAG 2.2: 1.4.3 contrast 4.5:1, 1.4.10 reflow at 320 CSS pixels."""
    await send(console, "A subject without a place to break: " + "x" * 120)
    page, _ = await opened(browser, console.url + path, color_scheme=scheme, viewport={"width": 320, "height": 600})
    assert await page.evaluate(CONTRAST) == []
    assert await page.evaluate("document.documentElement.scrollWidth") <= 320
    await page.close()


async def test_the_reference_at_docs_opens_without_any_other_host(browser: Browser, console: Console) -> None:
    """A chain's network may reach nothing else; what the page asks of another host is refused here."""
    page = await browser.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    await page.route(lambda url: not url.startswith(console.url), lambda route: route.abort())
    await page.goto(f"{console.url}/docs")
    await expect(page.locator(".opblock").first).to_be_visible()
    assert [url for url in asked if not url.startswith((console.url, "data:"))] == []
    await page.close()
