"""The health page: what each service says of itself, and a service that does not answer."""

import asyncio
import re
import socket

import pytest
import uvicorn
from fastapi import FastAPI

from services.console.app import SERVICE
from shared.kit.testing import client, running

HTML = {"accept": "text/html"}


def says(html: str) -> dict[str, str]:
    """{service: the state the page shows}"""
    cards = re.split(r'<li class="card', html)[1:]
    found = {}
    for card in cards:
        name, state = re.search(r"<h2[^>]*>([^<]+)", card), re.search(r"</svg>([^<]+)</p>", card)
        assert name is not None
        assert state is not None
        found[name[1]] = state[1]
    return found


async def test_every_service_is_shown_as_it_says_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = {
        "scheduling": {"status": "ok", "checks": {"database": "ok"}},
        "screening": {"status": "degraded", "checks": {"database": "ok", "relay": "<b>waiting</b>"}},
        "notification": {"status": "unavailable", "checks": {"database": "away"}},
        "identity": ["not", "what", "was", "asked"],
    }
    stub = FastAPI()

    @stub.get("/{name}/readyz")
    async def readyz(name: str) -> object:
        return answers[name]

    listener = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    server = uvicorn.Server(uvicorn.Config(stub, log_config=None, ws="none"))
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    for name in answers:
        monkeypatch.setenv(f"CAIBEI_{name.upper()}_URL", f"{url}/{name}")
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        monkeypatch.setenv("CAIBEI_ROOM_EQUIPMENT_URL", f"http://127.0.0.1:{nobody.getsockname()[1]}")
    try:
        async with running(SERVICE) as app, client(app) as http:
            page = await http.get("/", headers=HTML)
    finally:
        server.should_exit = True
        await serving
        listener.close()

    assert says(page.text) == {
        "scheduling": "Ready",
        "screening": "Working, waiting for Kafka",
        "room-equipment": "No answer",
        "notification": "Not ready",
        "identity": "No answer",
    }
    assert "1 of 5 ready" in page.text
    assert "&lt;b&gt;waiting" in page.text


async def test_pages_and_their_files_are_served_with_a_policy_that_allows_only_own_files() -> None:
    async with running(SERVICE) as app, client(app) as http:
        page = await http.get("/", headers=HTML)
        files = re.findall(r'(?:href|src)="(/static/[^"]+)"', page.text)
        assert len(set(files)) == 3
        for file in files:
            assert (await http.get(file)).status_code == 200
        assert (await http.get("/static/..%2fapi.py")).status_code == 404
        assert "https://" not in page.text
        assert not re.search(r"<script>|style=|onclick", page.text)
