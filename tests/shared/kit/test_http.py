"""The HTTP edge: bad input is refused with a pointer, nothing is stored, and no answer is a framework's own."""

import asyncio
import time
from contextlib import AsyncExitStack
from typing import Any
from uuid import uuid4

import httpx
import jwt
import pytest
from fastapi import FastAPI

from shared.kit.testing import ISSUER, TokenMint, client

GOOD = {"counter_id": "01890000-0000-7000-8000-000000000001", "step": 1}


async def stored(app: FastAPI) -> int:
    async with app.state.database.transaction() as tx:
        return int(await tx.scalar("SELECT (SELECT count(*) FROM bumps) + (SELECT count(*) FROM outbox)"))


ID = GOOD["counter_id"]


def with_more(more: bytes) -> bytes:
    """A good body, with more in it."""
    return b'{"counter_id": "%s", "step": 1%s}' % (str(ID).encode(), more)


@pytest.mark.parametrize(
    ("body", "status", "pointer"),
    [
        (b"{", 400, ""),
        (b'{"counter_id": "x", "step": 1}', 422, "/counter_id"),
        (b'{"step": 1}', 422, "/counter_id"),
        (with_more(b', "colour": 1'), 422, "/colour"),
        (with_more(b', "step": 2'), 400, ""),
        (b'{"counter_id": "01890000-0000-7000-8000-000000000001", "step": NaN}', 400, ""),
        (b'{"counter_id": "01890000-0000-7000-8000-000000000001", "step": 1e400}', 400, ""),
        (with_more(b', "label": "a\\u0000b"'), 400, ""),
        (with_more(b', "label": "\\ud800"'), 400, ""),
        (with_more(b', "label": "\xff"'), 400, ""),
        (with_more(b', "at": "2026-01-01T10:00:00"'), 422, "/at"),
        (with_more(b', "at": "2026-13-01T10:00:00Z"'), 422, "/at"),
        (with_more(b', "at": "9999-01-01T10:00:00Z"'), 422, "/at"),
        (b"[" * 40 + b"]" * 40, 400, ""),
        (b"[" * 200_000, 400, ""),
        (with_more(b', "label": "%s"' % (b"x" * 9_000)), 422, "/label"),
        (b'{"label": "%s"}' % (b"x" * 300_000), 413, ""),
        (b"", 422, ""),
    ],
)  # fmt: skip
async def test_a_bad_body_is_refused_with_a_pointer_and_nothing_is_stored(
    http: httpx.AsyncClient, app: FastAPI, body: bytes, status: int, pointer: str
) -> None:
    answer = await http.post("/v1/bumps", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["code"] and problem["detail"] and problem["trace_id"]
    if status != 413:
        assert problem["errors"][0]["pointer"] == pointer
    assert await stored(app) == 0


async def test_an_unnamed_failure_is_a_500_that_says_nothing_of_its_cause_and_rolls_back(
    http: httpx.AsyncClient, app: FastAPI, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = await http.post("/v1/bumps", json={**GOOD, "label": "break"})
    assert answer.status_code == 500
    assert answer.json()["code"] == "internal_error"
    assert "canary" not in answer.text
    assert await stored(app) == 0


async def test_a_refusal_is_a_409_with_its_code_and_rolls_back(http: httpx.AsyncClient, app: FastAPI) -> None:
    answer = await http.post("/v1/bumps", json={**GOOD, "label": "refuse"})
    assert answer.status_code == 409
    assert answer.json()["code"] == "slot_taken"
    assert answer.json()["appointment_id"] == GOOD["counter_id"]
    assert await stored(app) == 0


async def test_without_a_free_connection_the_answer_is_503_with_a_time_to_come_back(
    http: httpx.AsyncClient, app: FastAPI
) -> None:
    app.state.database.engine.sync_engine.pool._timeout = 0.1
    async with AsyncExitStack() as held:
        for _ in range(app.state.settings.database_pool_size):
            await (await held.enter_async_context(app.state.database.transaction())).scalar("SELECT 1")
        answer = await http.post("/v1/bumps", json=GOOD)
    assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable")
    assert int(answer.headers["retry-after"]) >= 1


async def test_an_unknown_route_and_a_wrong_method_answer_a_problem(http: httpx.AsyncClient) -> None:
    assert (await http.get("/v1/nothing")).json()["code"] == "not_found"
    assert (await http.delete("/v1/bumps")).json()["code"] == "method_not_allowed"


@pytest.mark.parametrize(
    "address", ["/v1/audit?subject_id=%00", "/v1/ops/dead-letters/%00", "/v1/audit?subject_id=%ff"]
)
async def test_a_nul_or_half_a_character_in_the_address_is_refused(http: httpx.AsyncClient, address: str) -> None:
    answer = await http.get(address)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_input")


async def test_the_request_id_is_echoed_and_a_strange_one_replaced(http: httpx.AsyncClient) -> None:
    assert (await http.get("/livez", headers={"X-Request-Id": "abc"})).headers["x-request-id"] == "abc"
    assert (await http.get("/livez", headers={"X-Request-Id": "x" * 500})).headers["x-request-id"] != "x" * 500


async def test_the_same_key_and_body_answers_the_first_answer_again_and_has_one_effect(
    http: httpx.AsyncClient, app: FastAPI
) -> None:
    first = await http.post("/v1/bumps", json=GOOD, headers={"Idempotency-Key": "k1"})
    again = await http.post("/v1/bumps", json=GOOD, headers={"Idempotency-Key": "k1"})
    assert (first.status_code, first.json()) == (again.status_code, again.json())
    assert again.headers["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first.headers
    assert await stored(app) == 2  # one bump, one outbox row


async def test_the_same_key_with_another_body_is_refused(http: httpx.AsyncClient) -> None:
    await http.post("/v1/bumps", json=GOOD, headers={"Idempotency-Key": "k1"})
    other = await http.post("/v1/bumps", json={**GOOD, "step": 2}, headers={"Idempotency-Key": "k1"})
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


async def test_one_hundred_at_once_with_one_key_have_one_effect(http: httpx.AsyncClient, app: FastAPI) -> None:
    send: Any = lambda: http.post("/v1/bumps", json=GOOD, headers={"Idempotency-Key": "k1"})  # noqa: E731
    answers = await asyncio.gather(*(send() for _ in range(100)))
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} <= {"idempotency_in_progress"}
    assert await stored(app) == 2


async def test_another_clients_key_is_another_key(app: FastAPI, mint: TokenMint, http: httpx.AsyncClient) -> None:
    await http.post("/v1/bumps", json=GOOD, headers={"Idempotency-Key": "k1"})
    async with client(app, mint.bearer("toy:write", client_id="other")) as other:
        assert (await other.post("/v1/bumps", json={**GOOD, "step": 3}, headers={"Idempotency-Key": "k1"})).is_success


async def test_a_stored_answer_is_not_given_to_a_narrower_token(app: FastAPI, mint: TokenMint) -> None:
    key = {"Idempotency-Key": "k1"}
    branch = GOOD["counter_id"]
    async with client(app, mint.bearer("toy:write", "ops:read")) as wide:
        assert (await wide.post("/v1/bumps", json=GOOD, headers=key)).status_code == 201
    for narrow in (mint.bearer("ops:read"), mint.bearer("toy:write", "ops:read", branches=[str(branch)])):
        async with client(app, narrow) as http:
            assert (await http.post("/v1/bumps", json=GOOD, headers=key)).status_code == 403


async def test_a_refusal_is_replayed_too(http: httpx.AsyncClient) -> None:
    body = {**GOOD, "label": "refuse"}
    first = await http.post("/v1/bumps", json=body, headers={"Idempotency-Key": "k1"})
    again = await http.post("/v1/bumps", json=body, headers={"Idempotency-Key": "k1"})
    assert first.json()["trace_id"] == again.json()["trace_id"]
    assert again.headers["Idempotent-Replayed"] == "true"


async def test_a_replay_of_an_early_commit_answers_the_present_state(http: httpx.AsyncClient) -> None:
    body = {"counter_id": str(uuid4()), "step": 1}
    first = await http.post("/v1/slow-bumps", json=body, headers={"Idempotency-Key": "k1"})
    again = await http.post("/v1/slow-bumps", json=body, headers={"Idempotency-Key": "k1"})
    assert first.json()["present"] == again.json()["present"] == 1
    assert again.headers["Idempotent-Replayed"] == "true"


@pytest.mark.parametrize(
    "token",
    ["", "Bearer", "Bearer x", "Basic abc", "Bearer a.b.c",
     "Bearer eyJhbGciOiJub25lIn0.eyJpc3MiOiJodHRwczovL3Rva2Vucy50ZXN0In0."],
)  # fmt: skip
async def test_no_token_or_a_broken_one_is_401(app: FastAPI, token: str) -> None:
    async with client(app, {"Authorization": token}) as http:
        answer = await http.post("/v1/bumps", json=GOOD)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize(
    "claims", [{"exp": 1}, {"aud": "other"}, {"iss": "https://evil.test"}, {"branches": ["x"]}, {"exp": None}]
)
async def test_a_token_that_does_not_hold_is_401(app: FastAPI, mint: TokenMint, claims: dict[str, Any]) -> None:
    if "branches" in claims:
        token = mint.token("toy:write", branches=claims["branches"])
    else:
        token = mint.token("toy:write", **claims)
    async with client(app, {"Authorization": f"Bearer {token}"}) as http:
        assert (await http.post("/v1/bumps", json=GOOD)).status_code == 401


async def test_a_token_of_another_key_with_our_key_id_is_401(app: FastAPI) -> None:
    async with client(app, TokenMint().bearer("toy:write")) as http:
        assert (await http.post("/v1/bumps", json=GOOD)).status_code == 401


async def test_a_token_without_the_scope_is_403_and_says_which(app: FastAPI, mint: TokenMint) -> None:
    async with client(app, mint.bearer("ops:read")) as http:
        answer = await http.post("/v1/bumps", json=GOOD)
    assert answer.status_code == 403
    assert answer.json()["required"] == ["toy:write"]


async def test_a_client_over_its_limit_gets_429_with_retry_after(
    app: FastAPI, http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    from shared.kit.http import Limiter

    limiter = Limiter(2)
    waits = [limiter.take(b"a") for _ in range(4)]
    assert waits[:2] == [0, 0] and waits[2] >= 1
    assert limiter.take(b"b") == 0


async def test_the_openapi_document_is_valid_and_every_operation_names_its_problem(http: httpx.AsyncClient) -> None:
    from openapi_spec_validator import validate

    document = (await http.get("/openapi.json")).json()
    validate(document)
    for operations in document["paths"].values():
        for operation in operations.values():
            assert "application/problem+json" in operation["responses"]["default"]["content"]


async def test_a_key_used_with_another_query_is_refused(http: httpx.AsyncClient) -> None:
    """Else the answer of a dry run would stand in for the thing itself."""
    dry = await http.post("/v1/bumps?dry_run=true", json=GOOD, headers={"Idempotency-Key": "k1"})
    real = await http.post("/v1/bumps", json=GOOD, headers={"Idempotency-Key": "k1"})
    assert (dry.status_code, real.status_code, real.json()["code"]) == (201, 422, "idempotency_key_reused")


@pytest.mark.parametrize("cursor", ["ImFiYyI", "WzFd", "MTE4MDU5MTYyMDcxNzQxMTMwMzQyNA", "LTE", "dHJ1ZQ", "MS41"])
async def test_a_cursor_by_number_that_is_none_is_refused(http: httpx.AsyncClient, cursor: str) -> None:
    for path in ("/v1/audit", "/v1/ops/dead-letters"):
        answer = await http.get(path, params={"cursor": cursor})
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_cursor")


@pytest.mark.parametrize("branches", ["no*where", "*", [1], [None], {"*": 1}, 7, None])
async def test_a_token_whose_branches_are_no_list_of_ids_opens_nothing(
    app: FastAPI, mint: TokenMint, branches: Any
) -> None:
    """A provider of the chain's own may say them otherwise: never read as all of the chain."""
    now = int(time.time())
    claims = {"iss": ISSUER, "sub": "s", "aud": "caibei", "exp": now + 60, "scope": "ops:read", "branches": branches}
    token = jwt.encode(claims, mint.key, algorithm="ES256", headers={"kid": mint.kid, "typ": "at+jwt"})
    async with client(app, {"Authorization": f"Bearer {token}"}) as http:
        answer = await http.get("/v1/audit")
    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_token")
