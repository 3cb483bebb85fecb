"""A chain big enough for the load: set up over HTTP, like any chain."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import aiohttp

from bench.system import Running

ZONE = ZoneInfo("Asia/Shanghai")
ALL_DAY = {day: [["00:00", "24:00"]] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}
DAYS = 60


@dataclass(frozen=True)
class Branch:
    id: str
    rooms: list[str]
    bars: list[str]
    therapists: list[str]


@dataclass(frozen=True)
class Chain:
    """What the load books: any client, at any of `starts`, in a branch; therapist and room are the system's choice."""

    treatment: str
    branches: list[Branch]
    clients: list[str]
    starts: list[datetime]


class Api:
    """The system's HTTP API, with the admin's token."""

    def __init__(self, system: Running, http: aiohttp.ClientSession) -> None:
        self._system = system
        self.http = http

    async def sign_in(self, client: dict[str, Any] | None = None) -> None:
        """As admin, or as another API client."""
        self.http.headers.pop("Authorization", None)
        client = client or self._system.runtime["api_clients"]["admin"]
        auth = aiohttp.BasicAuth(client["client_id"], client["client_secret"])
        url = self._system.url("identity") + "/oauth/token"
        async with self.http.post(url, data={"grant_type": "client_credentials"}, auth=auth) as answer:
            answer.raise_for_status()
            self.http.headers["Authorization"] = f"Bearer {(await answer.json())['access_token']}"

    async def post(self, service: str, path: str, body: dict[str, Any], **headers: str) -> tuple[int, Any]:
        """The status and the JSON of the answer."""
        async with self.http.post(self._system.url(service) + path, json=body, headers=headers) as answer:
            return answer.status, await answer.json(content_type=None)

    async def get(self, service: str, path: str) -> Any:
        async with self.http.get(self._system.url(service) + path) as answer:
            answer.raise_for_status()
            return await answer.json()

    async def put(self, service: str, path: str, body: dict[str, Any]) -> None:
        async with self.http.put(self._system.url(service) + path, json=body) as answer:
            assert answer.status < 300, (path, answer.status, await answer.text())

    async def make(self, service: str, path: str, **body: Any) -> dict[str, Any]:
        """A thing that must be made."""
        status, made = await self.post(service, path, body)
        assert status in (200, 201), (path, status, made)
        assert isinstance(made, dict)
        return made


@asynccontextmanager
async def api(system: Running) -> AsyncIterator[Api]:
    """Signed in as admin, with at most 32 connections a host."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit_per_host=32)) as http:
        found = Api(system, http)
        await found.sign_in()
        yield found


async def build(api: Api, *, branches: int = 4, rooms: int = 12, clients: int = 200) -> Chain:
    """`branches` branches open day and night, each with `rooms` cleared rooms and as many therapists."""
    treatment = await api.make(
        "scheduling", "/v1/treatments", code="BENCH", name="Back-stepping", duration_minutes=45, turnover_minutes=15,
        requires={"skill": "back-stepping", "equipment": ["balancing_bar"]}, screening_protocol="back-stepping",
        price={"amount": "88.00", "currency": "EUR"},
    )  # fmt: skip
    made = [await build_branch(api, number, rooms) for number in range(branches)]
    people = await in_parallel(build_client(api, number, [b.id for b in made]) for number in range(clients))
    first = datetime.combine(date.today() + timedelta(days=2), datetime.min.time(), UTC)
    starts = [first + timedelta(hours=hour) for hour in range((DAYS - 4) * 24)]
    return Chain(treatment["id"], made, people, starts)


async def build_branch(api: Api, number: int, rooms: int) -> Branch:
    branch = await api.make(
        "scheduling", "/v1/branches", code=f"BENCH-{number}", name=f"Bench {number}", timezone=ZONE.key, locale="en",
        opening_hours=ALL_DAY, contact_email=f"branch{number}@example.com",
    )  # fmt: skip
    pairs = await in_parallel(build_room(api, branch["id"], f"R{room:02}") for room in range(rooms))
    people = await in_parallel(build_therapist(api, branch["id"], f"Therapist {number}-{k}") for k in range(rooms))
    return Branch(branch["id"], [room for room, _ in pairs], [bar for _, bar in pairs], people)


async def build_room(api: Api, branch_id: str, code: str) -> tuple[str, str]:
    """A room with one inspected bar. Returns both ids."""
    today = datetime.now(ZONE).date()
    room = await api.make(
        "room_equipment", "/v1/rooms", branch_id=branch_id, code=code, name=code, turnover_minutes=15, bars_required=1
    )
    bar = await api.make(
        "room_equipment", "/v1/bars", room_id=room["id"], serial=f"{branch_id[-4:]}-{code}", rated_load_kg=300,
        installed_on=str(today - timedelta(days=30)), installed_by="Fitters", mounting="ceiling", material="steel",
        diameter_mm=38,
    )  # fmt: skip
    await inspect(api, bar["id"])
    return room["id"], bar["id"]


async def inspect(api: Api, bar_id: str, result: str = "pass", kind: str = "installation") -> dict[str, Any]:
    """Record an inspection performed just now."""
    return await api.make(
        "room_equipment", f"/v1/bars/{bar_id}/inspections", kind=kind, result=result, load_test_kg=400,
        performed_at=(datetime.now(UTC) - timedelta(seconds=2)).isoformat(),
        inspector={"name": "Inspector", "organisation": "Safe Bars", "credential": "SB-1",
                   "credential_valid_until": str(date.today() + timedelta(days=400))},
        checklist=[{"item": "fixings_tight", "result": "fail" if result == "fail" else "pass", "note": ""}],
    )  # fmt: skip


async def build_therapist(api: Api, branch_id: str, name: str) -> str:
    person = await api.make(
        "scheduling", "/v1/therapists", name=name, branch_ids=[branch_id],
        skills=[{"skill": "back-stepping", "certified_until": str(date.today() + timedelta(days=400))}], locales=["en"],
    )  # fmt: skip
    start = datetime.combine(date.today() + timedelta(days=1), datetime.min.time(), ZONE)
    await api.make(
        "scheduling", f"/v1/therapists/{person['id']}/shifts", branch_id=branch_id, starts_at=start.isoformat(),
        ends_at=(start + timedelta(days=1)).isoformat(), repeat="FREQ=DAILY",
    )  # fmt: skip
    profile = {"mass_kg": 55, "measured_on": str(date.today() - timedelta(days=10))}
    await api.put("room_equipment", f"/v1/load-profiles/{person['id']}", profile)
    return str(person["id"])


async def build_client(api: Api, number: int, branch_ids: list[str]) -> str:
    """A client who may have back-stepping."""
    person = await api.make(
        "scheduling", "/v1/clients", branch_ids=branch_ids, name=f"Client {number}", email=f"client{number}@example.com",
        phone="+100000000", locale="en", contact={"channels": ["email"]}, pressure_preference="hard",
    )  # fmt: skip
    protocol = await api.get("screening", "/v1/protocols/back-stepping")
    answers = {q["id"]: "no" for q in protocol["questions"] if q["section"] == "standing" and q["type"] == "boolean"}
    screening = await api.make(
        "screening", "/v1/screenings", client_id=person["id"], protocol="back-stepping",
        protocol_version=protocol["version"], answers=answers, advisory_acknowledged=True,
        signed_by={"name": f"Client {number}", "relationship": "self"}, locale="en",
    )  # fmt: skip
    assert screening["outcome"] == "cleared", screening
    return str(person["id"])


async def in_parallel(work: Iterable[Awaitable[Any]], width: int = 8) -> list[Any]:
    """All of it, at most `width` at a time."""
    gate = asyncio.Semaphore(width)

    async def one(item: Awaitable[Any]) -> Any:
        async with gate:
            return await item

    return list(await asyncio.gather(*map(one, work)))
