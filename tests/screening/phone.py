"""A client with a phone: opens a link, reads the form that is shown, and sends it as a browser would."""

import re
from collections.abc import Mapping
from html import unescape
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx

from tests.screening.chain import Chain


class _Form(HTMLParser):
    """The fields of a page's form as they stand, and the choices of each."""

    def __init__(self) -> None:
        super().__init__()
        self.fields: dict[str, str] = {}
        self.choices: dict[str, list[str]] = {}
        self.buttons: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        name, value = found.get("name"), found.get("value") or ""
        if tag == "button":
            self.buttons.append(value)
        if tag != "input" or not name:
            return
        if found.get("type") in ("radio", "checkbox"):
            self.choices.setdefault(name, []).append(value)
            if "checked" in found:
                self.fields[name] = value
        else:
            self.choices.setdefault(name, [])
            self.fields[name] = value


class Phone:
    """Keeps the address and the page it is on."""

    def __init__(self, http: httpx.AsyncClient, url: str, language: str = "en") -> None:
        self.http = http
        self.url = urlsplit(url).path
        self.language = language
        self.answer: httpx.Response

    async def open(self, url: str | None = None) -> "Phone":
        self.url = urljoin(self.url, url) if url else self.url.partition("?")[0]
        self.answer = await self.http.get(self.url, headers={"Accept-Language": self.language})
        return self

    async def send(self, fields: Mapping[str, str] | None = None, /, **more: str) -> "Phone":
        """The form as it stands with these fields changed; a redirection is followed."""
        body = self.form.fields | dict(fields or {}) | more
        self.answer = await self.http.post(self.url, data=body, headers={"Accept-Language": self.language})
        if self.answer.status_code == 303:
            return await self.open(self.answer.headers["location"])
        return self

    async def begin(self) -> "Phone":
        """Open the link and acknowledge the advisory."""
        await self.open()
        return await self.send(acknowledged="yes")

    async def fill(self, **answers: str) -> "Phone":
        """Answer page after page up to the review: "no" but for these."""
        while "name" not in self.form.choices:
            before = self.answer.text
            await self.send({field: answers.get(field[2:], "no") for field in self.questions}, to="next")
            assert self.answer.status_code == 200, self.problems
            assert self.answer.text != before, "it goes on"
        return self

    async def sign(self, name: str = "Ada Example", relationship: str = "self", **more: str) -> "Phone":
        return await self.send(name=name, relationship=relationship, to="send", **more)

    @property
    def form(self) -> _Form:
        form = _Form()
        form.feed(self.answer.text)
        return form

    @property
    def questions(self) -> list[str]:
        """The fields of the questions shown."""
        return [name for name in self.form.choices if name.startswith("a-") and not name.endswith("-unknown")]

    @property
    def title(self) -> str:
        (found,) = re.findall(r"<h1[^>]*>(.*?)</h1>", self.answer.text, re.DOTALL)
        return unescape(str(found))

    @property
    def problems(self) -> list[str]:
        """What the summary of a page that came back says, and where each line leads."""
        summary = self.answer.text.partition('class="summary"')[2].partition("</ul>")[0]
        return re.findall(r'<a href="#([^"]+)">', summary)


async def invited(chain: Chain, **body: Any) -> dict[str, Any]:
    """An invitation of a new client, or of this one."""
    client_id = body.pop("client_id", None) or await chain.client()
    answer = await chain.post("/v1/invitations", {"client_id": str(client_id), "protocol": "back-stepping"} | body)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found
