"""Screening: how long a decision takes, and a new version over 100,000 standing decisions."""

import asyncio
import itertools
import os
import random
import statistics
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import aiohttp
import asyncpg

from bench.chain import Api
from bench.report import Results
from bench.system import Running
from services.screening.domain.calendar import add_months
from services.screening.domain.decision import decide
from services.screening.domain.protocol import Protocol, Section
from services.screening.domain.standing import Standing
from services.screening.key_shares import FolderShares
from services.screening.master_keys import FileKeys, KeyRing
from services.screening.protocols import shipped
from services.screening.vault import Vault
from shared.kit.ids import new_id

PROTOCOL = "back-stepping"
STANDINGS = 100_000
DECISIONS = 300
_CHUNK = 10_000


async def measure(results: Results, running: Running, api: Api, folder: Path, runs: int) -> None:
    clients = await seed(running, folder)
    times = [await decisions(api, clients) for _ in range(runs)]
    inside = f"POST /v1/screenings to 201, answers sealed and committed; one at a time, {DECISIONS} a run"
    results.add("screening_decision_p50_ms", times, "ms", inside)
    other = await reviewed_copy(running, api)
    versions = itertools.cycle([other, shipped().get(PROTOCOL).version])
    seconds = []
    for _ in range(runs):
        await api.sign_in()
        seconds.append(await rescreen(api, next(versions)))
    results.add("rescreen_100k_s", seconds, "s",
                f"POST of the activation to `done`: {STANDINGS:,} standings opened, decided, stored, announced")  # fmt: skip


async def seed(running: Running, folder: Path) -> list[str]:
    """Clients who were screened over the last months, most of them healthy: written straight into the database."""
    protocol = shipped().get(PROTOCOL)
    keys = KeyRing(FileKeys(folder / "screening-master.key"))
    vault = Vault(keys, _UnsyncedShares(folder / "screening-key-shares"))
    chance, branch = random.Random(7), new_id()
    connection = await asyncpg.connect(running.runtime["databases"]["screening"])
    ids = []
    try:
        await connection.execute("INSERT INTO branches VALUES ($1, 1, 'Asia/Shanghai')", branch)
        for _ in range(STANDINGS // _CHUNK):
            rows = [_person(vault, protocol, chance, branch) for _ in range(_CHUNK)]
            for table, columns in (
                ("clients", ("id", "version", "branch_ids", "facts")),
                ("client_keys", ("client_id", "master_key_id", "wrapped")),
                ("screenings", ("id", "client_id", "protocol", "protocol_version", "outcome", "valid_until",
                                "decided_at", "recorded_by", "vault")),
                ("standings", ("client_id", "protocol", "version", "screening_id", "protocol_version", "valid_until",
                               "declined", "asks_again", "until_well", "deferred_until", "needs_clearance",
                               "has_limits", "letter_until")),
            ):  # fmt: skip
                await connection.copy_records_to_table(
                    table, records=[person[table] for person in rows], columns=columns
                )
            ids += [str(person["clients"][0]) for person in rows]
        return ids
    finally:
        await connection.close()


class _UnsyncedShares(FolderShares):
    """Of clients who are thrown away afterwards: a hundred thousand of them need not wait for the disk one by one."""

    def make(self, key_id: UUID) -> bytes:
        path, share = self._place(key_id), os.urandom(32)
        path.write_bytes(share)
        return share


def _person(vault: Vault, protocol: Protocol, chance: random.Random, branch: Any) -> dict[str, tuple[Any, ...]]:
    now = datetime.now(UTC) - timedelta(days=chance.randrange(200))
    answers = _answers(protocol, chance)
    decision = decide(protocol, Section.STANDING, answers)
    standing, day = Standing.decided(decision, protocol, now.date()), now.date()
    client_id, screening_id = new_id(), new_id()
    opened, key = vault.new_key(client_id)
    content = {
        "answers": answers, "day": day, "advisory": protocol.advisory["en"],
        "signed_by": {"name": "Bench Client", "relationship": "self"}, "signed_at": now, "locale": "en",
    }  # fmt: skip
    outcome, until = standing.outcome_on(day).value, add_months(day, protocol.standing_months)
    sealed = opened.seal("screening", screening_id, content)
    return {
        "clients": (client_id, 1, [branch], 1),
        "client_keys": (client_id, key.master_key_id, key.wrapped),
        "screenings": (screening_id, client_id, protocol.name, protocol.version, outcome, until, now, "bench", sealed),
        "standings": (client_id, protocol.name, 1, screening_id, protocol.version, until, standing.declined,
                      standing.asks_again, standing.until_well, standing.deferred_until, standing.needs_clearance,
                      standing.has_limits, None),
    }  # fmt: skip


def _answers(protocol: Protocol, chance: random.Random) -> dict[str, str]:
    """ "No" to everything of eight in ten; the others declare one thing."""
    answers = {q.id: "no" for q in protocol.asked(Section.STANDING) if q.asked_when is None}
    if chance.random() < 0.2:
        answers[chance.choice(list(answers))] = "yes"
    return answers


async def decisions(api: Api, clients: list[str]) -> float:
    """The median milliseconds of a questionnaire's way to a decision."""
    protocol, chance = shipped().get(PROTOCOL), random.Random(11)
    body = {
        "protocol": PROTOCOL, "protocol_version": protocol.version, "advisory_acknowledged": True, "locale": "en",
        "signed_by": {"name": "Bench Client", "relationship": "self"},
    }  # fmt: skip
    healthy = {q.id: "no" for q in protocol.asked(Section.STANDING) if q.asked_when is None}
    times = []
    for client_id in chance.sample(clients, DECISIONS):
        started = time.perf_counter()
        await api.make("screening", "/v1/screenings", **body, client_id=client_id, answers=healthy)
        times.append((time.perf_counter() - started) * 1000)
    return statistics.median(times)


async def reviewed_copy(running: Running, api: Api) -> int:
    """The chain's own version: epilepsy declines, scoliosis is let through. About one client in a hundred changes."""
    path = f"/v1/protocols/{PROTOCOL}/versions"
    source = await api.get("screening", f"{path}/{shipped().get(PROTOCOL).version}/source")
    outcomes = {"epilepsy": "declined", "scoliosis": "cleared"}
    for rule in source["rules"]:
        rule["outcome"] = outcomes.get(rule["reason"], rule["outcome"])
    version = (await api.make("screening", path, **source))["version"]
    await api.make("screening", f"{path}/{version}/submit")
    scopes = ["screening:read", "screening:protocols"]
    person = await api.make("identity", "/v1/api-clients", name="Reviewer", scopes=scopes, branches=["*"])
    async with aiohttp.ClientSession() as http:
        reviewer = Api(running, http)
        await reviewer.sign_in(person)
        await reviewer.make("screening", f"{path}/{version}/review", verdict="approved")
    return int(version)


async def rescreen(api: Api, version: int) -> float:
    """Seconds from the activation to the end of its run."""
    started = time.perf_counter()
    status, run = await api.post("screening", f"/v1/protocols/{PROTOCOL}/versions/{version}/activate", {})
    assert status == 202, run
    while run["state"] != "done":
        await asyncio.sleep(0.1)
        run = await api.get("screening", f"/v1/protocol-activations/{run['id']}")
    assert run["done"] == run["total"] == STANDINGS, run
    assert run["to_stricter"] and run["to_milder"], run
    return time.perf_counter() - started
