"""How rows are sent: safely twice, patiently, and stopped where a service is away."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from typing import Any

import httpx
import pytest

from deploy.cli.chain import people, services
from deploy.cli.chain.chain import Calendar, build
from deploy.cli.chain.faults import Place
from deploy.cli.chain.loading import Loading, Stopped
from deploy.cli.chain.present import Present
from deploy.cli.chain.reading import Raw
from deploy.cli.chain.services import Refusal, Services, Unreachable

URLS = {"scheduling": "http://scheduling", "identity": "http://identity"}
Answers = Callable[[httpx.Request], httpx.Response]


@asynccontextmanager
async def signed_in(answer: Answers) -> AsyncIterator[Services]:
    """Services whose network is `answer`; the token costs nothing."""

    def all_of_them(request: httpx.Request) -> httpx.Response:
        if request.url.host == "identity":
            return httpx.Response(200, json={"access_token": "t", "expires_in": 600})
        return answer(request)

    async with Services(URLS, {"client_id": "c", "client_secret": "s"}) as found:
        await found.http.aclose()
        found.http = httpx.AsyncClient(transport=httpx.MockTransport(all_of_them))
        yield found


def loading(found: Services, *codes: str) -> Loading:
    rows = ({"code": code, "name": code, "duration_minutes": "30"} for code in codes)
    chain, faults = build(Raw("treatments", row, Place("t.yaml", n, {})) for n, row in enumerate(rows, 1))
    assert not faults
    return Loading(found, chain, Present(), Calendar(date(2026, 11, 22), datetime.now(UTC)), {})


def problem(status: int, code: str, **headers: str) -> httpx.Response:
    return httpx.Response(status, json={"code": code, "detail": "said so"}, headers=headers)


def made(request: httpx.Request) -> httpx.Response:
    return httpx.Response(201, json={"id": "x", **json.loads(request.content)})


async def test_a_row_is_sent_under_a_key_made_of_the_row() -> None:
    keys: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        keys.append(request.headers["idempotency-key"])
        return made(request)

    async with signed_in(answer) as found:
        for codes in (("a", "b"), ("a",)):
            await people.load_treatments(loading(found, *codes))
    assert len(set(keys)) == 2
    assert len(keys) == 3


async def test_what_may_pass_is_tried_again_under_the_same_key() -> None:
    passing: list[httpx.Response | httpx.ConnectError] = [
        httpx.ConnectError("refused"),
        problem(503, "database_unavailable"),
        problem(409, "idempotency_in_progress"),
    ]
    keys: set[str] = set()

    def answer(request: httpx.Request) -> httpx.Response:
        keys.add(request.headers["idempotency-key"])
        if not passing:
            return made(request)
        if isinstance(trouble := passing.pop(), Exception):
            raise trouble
        return trouble

    async with signed_in(answer) as found:
        run = loading(found, "a")
        await people.load_treatments(run)
    assert run.report.created == {"treatments": 1}
    assert len(keys) == 1


async def test_a_refusal_the_service_only_remembers_is_asked_again() -> None:
    seen: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers["idempotency-key"])
        return problem(409, "slot_taken", **{"Idempotent-Replayed": "true"}) if len(seen) == 1 else made(request)

    async with signed_in(answer) as found:
        run = loading(found, "a")
        await people.load_treatments(run)
    assert run.report.complete
    assert seen[1].startswith(seen[0])
    assert seen[1] != seen[0]


async def test_what_a_service_has_not_heard_of_yet_is_waited_for() -> None:
    unheard = [problem(422, "unknown_branch"), problem(404, "therapist_not_found")]

    def answer(request: httpx.Request) -> httpx.Response:
        return unheard.pop() if unheard else made(request)

    async with signed_in(answer) as found:
        run = loading(found, "a")
        await people.load_treatments(run)
    assert run.report.complete


async def test_a_refused_row_is_named_and_stops_after_its_noun() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content)
        if body["code"] != "b":
            return made(request)
        errors = [{"pointer": "/requires/skill", "code": "x", "detail": "no such skill"}]
        return httpx.Response(422, json={"code": "invalid", "errors": errors})

    async with signed_in(answer) as found:
        run = loading(found, "a", "b", "c")
        with pytest.raises(Stopped):
            await people.load_treatments(run)
    assert list(map(str, run.report.failed)) == ["t.yaml:2: skill: refused with invalid: no such skill"]
    assert run.report.created == {"treatments": 2}


async def test_where_a_service_is_away_the_row_is_named_and_nothing_more_is_tried(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(services, "PATIENCE_SECONDS", 0.2)
    asked: list[Any] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        raise httpx.ConnectError("refused")

    async with signed_in(answer) as found:
        run = loading(found, "a")
        with pytest.raises(Stopped):
            await people.load_treatments(run)
        before = len(asked)
        with pytest.raises(Stopped):
            await people.load_treatments(run)
    assert len(asked) == before
    assert "scheduling at http://scheduling did not answer" in str(run.report.failed[0])


async def test_a_wrong_secret_is_said_as_it_is() -> None:
    async with Services(URLS, {"client_id": "c", "client_secret": "s"}) as found:
        await found.http.aclose()
        denied = httpx.Response(401, json={"error": "invalid_client", "error_description": "Unknown client."})
        found.http = httpx.AsyncClient(transport=httpx.MockTransport(lambda request: denied))
        with pytest.raises(Refusal, match="invalid_client: Unknown client"):
            await found.get("scheduling", "/v1/branches")


async def test_a_service_that_stays_away_is_named_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "PATIENCE_SECONDS", 0.1)
    async with signed_in(lambda request: problem(503, "database_unavailable")) as found:
        with pytest.raises(Unreachable, match="caibei doctor"):
            await found.get("scheduling", "/v1/branches")
