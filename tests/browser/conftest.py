"""A real Chromium, and the console as its own process."""

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from playwright.async_api import Browser, async_playwright

ROOT = Path(__file__).parents[2]
NAMES = ("chromium", "chromium-browser", "google-chrome")


@dataclass(frozen=True)
class Console:
    url: str
    smtp_port: int


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


@pytest.fixture(scope="session")
def console() -> Iterator[Console]:
    port, smtp_port = _free_port(), _free_port()
    url = f"http://127.0.0.1:{port}"
    settings = {
        "CAIBEI_CONSOLE_PORT": str(port),
        "CAIBEI_CONSOLE_SMTP_PORT": str(smtp_port),
        "CAIBEI_CONSOLE_URL": url,
        "CAIBEI_IDENTITY_URL": url,  # answers /readyz, so that one service of the page is ready
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "services.console", "all"],
        cwd=ROOT,
        env=os.environ | settings,
        stdout=subprocess.DEVNULL,
    )
    try:
        _wait_for(f"{url}/livez", process)
        yield Console(url, smtp_port)
    finally:
        process.terminate()
        process.wait(15)


def _wait_for(url: str, process: "subprocess.Popen[bytes]") -> None:
    transport = httpx.HTTPTransport(retries=12)  # connecting again with backoff, up to half a minute
    with httpx.Client(transport=transport, trust_env=False, timeout=30) as http:
        try:
            assert http.get(url).status_code == 200
        except httpx.ConnectError:
            pytest.fail(f"the console did not start (exit status {process.poll()})")


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    """The system's Chromium, else the one Playwright brought."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield chromium
        await chromium.close()
