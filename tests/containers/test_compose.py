"""`docker compose up`: the same system, to a booking that is confirmed and written to the client, and down again."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from deploy.embedded.databases import SERVICES_WITH_DATABASE
from deploy.runtime import SERVICES
from tests.containers.compose import ROOT, Project, project
from tests.journeys.chain import Chain
from tests.journeys.desk import Desk
from tests.journeys.ledger import Ledger

pytestmark = [pytest.mark.containers, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
async def running() -> AsyncIterator[Project]:
    async with project() as made:
        yield made


@pytest.fixture(scope="module")
async def chain(running: Project) -> AsyncIterator[Chain]:
    runtime = await running.runtime()
    async with httpx.AsyncClient(timeout=30, trust_env=False) as http:
        desk = Desk(runtime["services"], runtime["api_clients"]["admin"], Ledger(), http)
        yield Chain(desk, await desk.another("rooms:read", "rooms:inspect"))


async def test_migrations_ended_well_before_the_services_were_started(running: Project) -> None:
    states = await running.states()
    for one_shot in ("keys", "migrate"):
        assert (states[one_shot]["State"], states[one_shot]["ExitCode"]) == ("exited", 0)
    for service in ("identity", "scheduling", "screening", "room-equipment", "notification", "console", "mailbox"):
        assert states[service]["Health"] == "healthy", states[service]


async def test_a_booking_is_confirmed_through_all_services_and_the_client_hears_of_it(
    running: Project, chain: Chain
) -> None:
    spa = await chain.spa()
    booked = await spa.book()
    assert booked["room_id"] == spa.rooms[0]["id"]
    async with asyncio.timeout(30):
        while not (mails := await mailbox(running, spa.client["email"])):
            await asyncio.sleep(0.2)
    assert len(mails) == 1


async def test_a_service_runs_as_nobody_special_and_sees_no_secret_of_another(running: Project) -> None:
    script = "import os,json; print(json.dumps([os.getuid(), sorted(os.listdir('/run/caibei'))]))"
    uid, files = json.loads(await running.run("exec", "--no-TTY", "scheduling", "python", "-c", script))
    assert uid == 10001
    assert files == ["database_url", "link_key"]


async def test_what_was_booked_and_who_may_sign_in_outlives_a_restart_of_everything(
    running: Project, chain: Chain
) -> None:
    booked = await (await chain.spa()).book()
    before = await running.runtime()
    await running.run("down", "--timeout", "10")
    await running.run("up", "--detach", "--wait", "--wait-timeout", "180")
    assert await running.runtime() == before
    found = await chain.desk.get("scheduling", f"/v1/appointments/{booked['id']}")
    assert found["status"] == "confirmed"


async def test_prometheus_reads_the_metrics_of_every_service(running: Project) -> None:
    await running.run("up", "--detach", "--no-deps", "prometheus")
    async with asyncio.timeout(60):
        while (up := await prometheus(running, "up")) != dict.fromkeys(up, "1") or len(up) != len(SERVICES):
            await asyncio.sleep(0.5)
        while len(await prometheus(running, "sum by (service) (caibei_outbox_unpublished)")) < len(
            SERVICES_WITH_DATABASE
        ):
            await asyncio.sleep(0.5)


async def test_the_commands_work_against_it_from_the_host(running: Project, tmp_path: Path) -> None:
    file = tmp_path / "runtime.json"
    file.write_text(json.dumps(await running.runtime()))
    command = [sys.executable, "-m", "deploy.cli.main", "outbox", "--json"]
    environment = os.environ | {"CAIBEI_RUNTIME_FILE": str(file)}
    ran = await asyncio.to_thread(subprocess.run, command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    assert {row["service"]: row["unpublished"] for row in json.loads(ran.stdout)} == dict.fromkeys(
        SERVICES_WITH_DATABASE, 0
    )


async def prometheus(running: Project, query: str) -> dict[str, str]:
    """The value of each service; empty while Prometheus starts."""
    async with httpx.AsyncClient(timeout=10, trust_env=False) as http:
        try:
            answer = await http.get(f"{running.url('prometheus')}/api/v1/query", params={"query": query})
        except httpx.TransportError:
            return {}
    if answer.status_code != 200:
        return {}
    return {each["metric"]["service"]: each["value"][1] for each in answer.json()["data"]["result"]}


async def mailbox(running: Project, to: str) -> list[dict[str, Any]]:
    async with httpx.AsyncClient(timeout=10, trust_env=False) as http:
        answer = await http.get(
            f"{running.url('mailbox')}/dev/mailbox", params={"to": to}, headers={"Accept": "application/json"}
        )
    answer.raise_for_status()
    found: list[dict[str, Any]] = answer.json()["items"]
    return found
