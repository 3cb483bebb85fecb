"""Pages for a phone: escaped, without scripts, kept nowhere; and every refusal is a page in the reader's language."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import structlog
from fastapi import FastAPI, Request, Response
from jinja2 import UndefinedError
from structlog.testing import capture_logs

from shared.errors import Refused
from shared.kit import problems
from shared.kit.http import create_app
from shared.kit.idempotency import PlainCodec
from shared.kit.page_words import LANGUAGES, NAMES, WORDS
from shared.kit.pages import Pages, direction, form, page_router
from shared.kit.testing import client

TOKEN = "a-token-that-opens-everything"
FORM = {"content-type": "application/x-www-form-urlencoded"}
routes = page_router("/pages")


@routes.get("/{token}")
async def show(request: Request, token: str) -> Response:
    if request.query_params.get("break"):
        raise RuntimeError("canary-in-an-exception")
    return Pages(Path(__file__).parent).said(200, language="de", title="<b>&", text=["<script>alert(1)</script>"])


@routes.post("/{token}")
async def take(request: Request, token: str) -> Response:
    fields = await form(request)
    if fields.get("name") == "refuse":
        raise Refused("slot_taken", "Words for programs.")
    return Response(repr(fields))


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    app: FastAPI = create_app("pages", [routes], version="1", max_body_bytes=4_000)
    app.state.database, app.state.codec = None, PlainCodec()
    async with client(app) as http:
        yield http


async def test_a_page_escapes_runs_no_script_loads_nothing_and_is_kept_nowhere(http: httpx.AsyncClient) -> None:
    answer = await http.get(f"/pages/{TOKEN}")
    assert "<script" not in answer.text
    assert "&lt;script&gt;" in answer.text and "&lt;b&gt;&amp;" in answer.text
    assert '<html lang="de" dir="ltr">' in answer.text
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "script-src" not in policy and "unsafe" not in policy
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-robots-tag"] == "noindex, nofollow"
    assert "set-cookie" not in answer.headers
    assert re.findall(r'(?:src|href|action)="([^"]*)"', answer.text) == ["data:,"]


def test_a_value_that_is_not_given_is_an_error_and_not_an_empty_place() -> None:
    with pytest.raises(UndefinedError):
        Pages(Path(__file__).parent).page("said", language="en", title="no text")


@pytest.mark.parametrize("language", LANGUAGES)
async def test_what_is_refused_is_told_as_a_page_in_the_readers_language(
    http: httpx.AsyncClient, language: str
) -> None:
    spoken = {"accept-language": language}
    refused = await http.post(f"/pages/{TOKEN}", content="name=refuse", headers=FORM | spoken)
    broken = await http.get(f"/pages/{TOKEN}?break=1", headers=spoken)
    large = await http.post(f"/pages/{TOKEN}", content="name=" + "x" * 5_000, headers=FORM | spoken)
    no_form = await http.post(f"/pages/{TOKEN}", json={}, headers=spoken)
    elsewhere = await http.post(
        f"/pages/{TOKEN}", content="name=a", headers=FORM | spoken | {"sec-fetch-site": "cross-site"}
    )
    answers = {409: refused, 500: broken, 413: large, 422: no_form, 403: elsewhere}
    for status, answer in answers.items():
        assert answer.status_code == status
        assert answer.headers["content-type"].startswith("text/html")
        assert answer.headers["cache-control"] == "no-store"
        assert f'lang="{language}"' in answer.text
        assert WORDS[language].refusals[status][0] in answer.text
        assert "canary" not in answer.text and "Words for programs" not in answer.text
    assert refused.headers["x-problem-code"] == "slot_taken"


async def test_a_token_is_in_no_log_line_also_when_something_breaks(
    http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(problems, "log", structlog.get_logger())  # one that keeps nothing of how it was set up before
    with capture_logs() as logged:
        await http.get(f"/pages/{TOKEN}?break=1")
    assert [line["path"] for line in logged] == ["/pages/{token}"]
    assert TOKEN not in str(logged)


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ("name=%E8%B8%A9+%E8%83%8C&day=", {"name": "踩 背", "day": ""}),
        ("name=+a+&name=+b+", {"name": "b"}),
        ("", {}),
        ("name=%00", None),
        ("name=%ff", None),
        ("name=é", None),
        ("&".join(f"f{number}=" for number in range(601)), None),
    ],
    ids=["text", "twice", "empty", "nul", "no text", "raw", "many"],
)
async def test_a_form_is_read_as_text_or_not_at_all(
    http: httpx.AsyncClient, body: str, fields: dict[str, str] | None
) -> None:
    answer = await http.post(f"/pages/{TOKEN}", content=body.encode(), headers=FORM)
    assert answer.status_code == (422 if fields is None else 200)
    if fields is not None:
        assert answer.text == repr(fields)


def test_every_language_has_every_word_a_name_and_a_direction() -> None:
    assert WORDS.keys() == NAMES.keys() == set(LANGUAGES)
    for words in WORDS.values():
        assert words.refusals.keys() == WORDS["en"].refusals.keys()
        assert len(words.months) == 12
    assert {direction(language) for language in LANGUAGES} == {"ltr"}
    assert direction("ar-EG") == "rtl"
