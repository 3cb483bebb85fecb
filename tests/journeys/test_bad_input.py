"""Whatever is sent to whatever route: a problem that says what is wrong, never a 500, and nothing stored."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tests.audit import settle
from tests.journeys.chain import Chain, at
from tests.journeys.desk import Desk
from tests.journeys.ledger import is_problem
from tests.journeys.openapi_cases import UNKNOWN, Case, Document
from tests.journeys.system import Whole

SERVICES = ("scheduling", "screening", "room_equipment", "notification", "identity")
# What goes on by the clock, whoever asks what.
BY_THEMSELVES = {"scheduling.job_runs", "screening.job_runs", "room_equipment.job_runs", "notification.job_runs",
                 "identity.job_runs"}  # fmt: skip


@pytest.fixture(scope="module")
async def intruder(desk: Desk) -> AsyncIterator[httpx.AsyncClient]:
    """May do everything, and sends anything."""
    headers = {"Authorization": f"Bearer {await desk.token()}"}
    async with httpx.AsyncClient(timeout=30, trust_env=False, headers=headers) as http:
        yield http


async def send(http: httpx.AsyncClient, whole: Whole, case: Case) -> httpx.Response:
    url = whole.runtime["services"][case.service] + case.path
    headers = {"Content-Type": "application/json", "If-Match": '"1"'}
    return await http.request(case.method, url, content=case.body, params=dict(case.params) or None, headers=headers)


def listed(wrong: list[str]) -> str:
    """The first of each answer, so that a hundred of one kind do not hide another."""
    kinds = {line.rsplit(": ", 1)[-1][:60] + line.split("/")[-1][:30]: line for line in wrong}
    return "\n".join([f"{len(wrong)} wrong answers", *list(kinds.values())[:25]])


@pytest.mark.parametrize("service", SERVICES)
async def test_every_route_refuses_every_wrong_request_with_a_problem(
    service: str, whole: Whole, desk: Desk, intruder: httpx.AsyncClient
) -> None:
    document = Document(service, await desk.get(service, "/openapi.json"))
    cases = list(document.cases())
    assert len(cases) > 50
    await settle(whole)
    before = await whole.row_counts()
    turns, wrong = asyncio.Semaphore(24), []

    async def judge(case: Case) -> None:
        async with turns:
            answer = await send(intruder, whole, case)
        refused = 400 <= answer.status_code < 500 and is_problem(answer)
        accepted = answer.status_code < 300 and (case.method == "GET" or not case.sure)
        if not (refused or accepted):
            wrong.append(f"{case}: {answer.status_code} {answer.headers.get('content-type')} {answer.text[:160]}")

    sure = [case for case in cases if case.sure and case.method != "GET"]
    await asyncio.gather(*map(judge, sure))
    after = await whole.row_counts()
    assert not wrong, listed(wrong)
    assert {table: n for table, n in after.items() if n != before[table] and table not in BY_THEMSELVES} == {}
    known = set(sure)
    await asyncio.gather(*(judge(case) for case in cases if case not in known))
    assert not wrong, listed(wrong)


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"branch_id": UNKNOWN}, "/branch_id"),
        ({"treatment_id": UNKNOWN}, "/treatment_id"),
        ({"client_id": UNKNOWN}, "/client_id"),
        ({"therapist_id": UNKNOWN}, "/therapist_id"),
        ({"room_id": UNKNOWN}, "/room_id"),
        ({"starts_at": "2031-01-15T10:00:00"}, "/starts_at"),
        ({"starts_at": "2031-02-30T10:00:00Z"}, "/starts_at"),
        ({"starts_at": "2020-01-15T10:00:00Z"}, "/starts_at"),
        ({"starts_at": None}, ""),
        ({"starts_at_local": "2031-01-15T10:00:00"}, ""),
        ({"colour": "red"}, "/colour"),
        ({"notes": "a\0b"}, ""),
        ({"notes": "x" * 5_000}, "/notes"),
    ],
)
async def test_a_wrong_booking_is_told_where_it_is_wrong_and_nothing_is_stored(
    chain: Chain, whole: Whole, change: dict[str, Any], pointer: str
) -> None:
    spa = await chain.spa()
    before = await whole.value("scheduling", "SELECT count(*) FROM appointments")
    wish = {name: value for name, value in (spa.wish() | change).items() if value is not None}
    answer = await chain.desk.send("POST", "scheduling", "/v1/appointments", wish)
    assert answer.status_code in (400, 422), answer.text
    assert pointer in [error.get("pointer", "") for error in answer.json().get("errors", [{}])], answer.text
    assert await whole.value("scheduling", "SELECT count(*) FROM appointments") == before


@pytest.mark.parametrize("service", SERVICES)
async def test_nobody_gets_in_without_a_token_or_with_a_wrong_one(service: str, whole: Whole, desk: Desk) -> None:
    document = await desk.get(service, "/openapi.json")
    paths = [path for path in document["paths"] if path.startswith("/v1/")]
    token = await desk.token()
    head, _, rest = token.partition(".")
    async with httpx.AsyncClient(trust_env=False, base_url=whole.runtime["services"][service]) as http:
        for path in paths:
            for bearer in ("", "Bearer", f"Bearer {head}.{rest}x"[:-20], "Bearer a.b.c", "Basic YTpi"):
                method = next(iter(document["paths"][path])).upper()
                headers = {"Authorization": bearer} if bearer else {}
                answer = await http.request(method, path.replace("{", "").replace("}", ""), headers=headers)
                assert answer.status_code in (401, 422), f"{method} {path} with {bearer[:12]!r}: {answer.status_code}"
                assert is_problem(answer)


async def test_what_lies_in_another_branch_is_not_there(chain: Chain) -> None:
    here, there = await asyncio.gather(chain.spa(), chain.spa())
    booked = await there.book(at(2))
    scopes = (
        "scheduling:read",
        "scheduling:write",
        "rooms:read",
        "rooms:operate",
        "screening:read",
        "notification:read",
    )
    stranger = await chain.desk.another(*scopes, branches=(here.branch["id"],))
    for service, path in (
        ("scheduling", f"/v1/branches/{there.branch['id']}"),
        ("scheduling", f"/v1/appointments/{booked['id']}"),
        ("scheduling", f"/v1/appointments/{booked['id']}/history"),
        ("scheduling", f"/v1/clients/{there.client['id']}"),
        ("scheduling", f"/v1/therapists/{there.therapists[0]['id']}"),
        ("room_equipment", f"/v1/rooms/{there.rooms[0]['id']}"),
        ("room_equipment", f"/v1/bars/{there.rooms[0]['bars'][0]['id']}"),
        ("room_equipment", f"/v1/assignments/{booked['id']}"),
        ("room_equipment", f"/v1/assignments/{booked['id']}/evidence"),
        ("screening", f"/v1/screenings/{there.client['screening']['id']}"),
        ("screening", f"/v1/clients/{there.client['id']}/standing?protocol=back-stepping"),
    ):
        answer = await stranger.send("GET", service, path)
        assert answer.status_code == 404, f"{path}: {answer.status_code}"
        assert there.branch["id"] not in answer.text
    for service, path in (
        ("scheduling", "/v1/appointments"), ("scheduling", "/v1/clients"), ("scheduling", "/v1/attention"),
        ("room_equipment", "/v1/rooms"), ("room_equipment", "/v1/assignments"), ("notification", "/v1/messages"),
    ):  # fmt: skip
        assert there.branch["id"] not in str(await stranger.get(service, path, limit=200))
    assert (await stranger.post("scheduling", f"/v1/appointments/{booked['id']}/cancel")).status_code == 404
    wish = there.wish(at(5))
    foreign = await stranger.post("scheduling", "/v1/appointments", wish)
    assert (foreign.status_code, foreign.json()["code"]) == (422, "unknown_branch")
    assert (await there.look(booked["id"]))["status"] == "confirmed"
