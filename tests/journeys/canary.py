"""Looks for personal data where it must never be: every column, dump, topic, log, metric, mail and audit line."""

import asyncio
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import httpx

from deploy.embedded.databases import SERVICES_WITH_DATABASE, database_name
from deploy.embedded.postgres import installation
from tests.journeys.evidence import read_topics
from tests.journeys.system import Whole

# The tables a person's data may be in, by what kind it is. Everything else is searched for it.
HOME: dict[str, frozenset[str]] = {
    # An answer is kept a day with its idempotency key, in the database that holds the same data anyway.
    "contact": frozenset({"scheduling.clients", "scheduling.idempotency_keys"}),
    "note": frozenset({"scheduling.appointments", "scheduling.idempotency_keys"}),
    "mass": frozenset(
        {"room_equipment.load_profiles", "room_equipment.assignments", "room_equipment.assignment_history"}
    ),
    "health": frozenset(),  # ciphertext only
    # What a condition is called stands in the questions, which are of nobody.
    "condition": frozenset({"screening.protocol_versions"}),
}
NOWHERE = frozenset({"health", "condition"})
"""In no file that leaves a server, and in no mail: not even where a contact may be."""


@dataclass(frozen=True)
class Canary:
    """A string, or a number with nothing numeric beside it, that belongs in one home only."""

    kind: str
    text: str

    def is_in(self, haystack: bytes) -> bool:
        if self.kind == "mass":
            return re.search(rb"(?<![\d.])" + re.escape(self.text.encode()) + rb"0*(?![\d])", haystack) is not None
        return self.text.encode() in haystack or self.text.encode().hex().encode() in haystack


async def sightings(whole: Whole, canaries: Iterable[Canary]) -> list[str]:
    """Where a canary was seen outside its home, a line each."""
    canaries = list(canaries)
    return [
        *[line async for line in _tables(whole, canaries)],
        *_in_bytes("topics", b"\n".join(r.payload for r in await read_topics(whole.runtime["kafka"])), canaries),
        *[line for log in whole.logs() for line in _in_bytes(f"log {log.name}", log.read_bytes(), canaries)],
        *[line for text in await _metrics(whole) for line in _in_bytes("metrics", text, canaries)],
        *[line for text in await _audit(whole) for line in _in_bytes("audit", text, canaries)],
        *_in_bytes("mails", await _mails(whole), [c for c in canaries if c.kind in NOWHERE]),
        *[line async for line in _dumps(whole, [c for c in canaries if c.kind in NOWHERE])],
    ]


async def _tables(whole: Whole, canaries: list[Canary]):  # type: ignore[no-untyped-def]
    for service in SERVICES_WITH_DATABASE:
        async with whole.database(service) as database:
            tables = await database.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
            for (table,) in tables:
                rows = await database.fetch(f'SELECT t::text AS line FROM "{table}" t')
                content = "\n".join(row["line"] for row in rows).encode()
                strangers = [c for c in canaries if f"{service}.{table}" not in HOME[c.kind]]
                for line in _in_bytes(f"{service}.{table}", content, strangers):
                    yield line


async def _dumps(whole: Whole, canaries: list[Canary]):  # type: ignore[no-untyped-def]
    """What `pg_dump` writes of each database: what a backup holds and a thief would read."""
    binary, url = installation() / "bin" / "pg_dump", whole.system.postgres.url.rsplit("/", 1)[0]
    binary.chmod(0o755)
    for service in SERVICES_WITH_DATABASE:
        process = await asyncio.create_subprocess_exec(
            binary, "--exclude-table-data=protocol_versions", f"{url}/{database_name(service)}", env=os.environ,
            stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        dump, _ = await process.communicate()
        assert process.returncode == 0 and b"PostgreSQL database dump complete" in dump
        for line in _in_bytes(f"dump of {service}", dump, canaries):
            yield line


async def _mails(whole: Whole) -> bytes:
    """Every mail the catcher still has, with its whole text."""
    async with httpx.AsyncClient(trust_env=False, headers={"Accept": "application/json"}) as http:
        return (await http.get(whole.runtime["mailbox"], params={"limit": 200})).raise_for_status().content


async def _audit(whole: Whole) -> list[bytes]:
    """The newest audit lines of every service, as its API gives them out."""
    admin, urls = whole.runtime["api_clients"]["admin"], whole.runtime["services"]
    async with httpx.AsyncClient(trust_env=False) as http:
        answer = await http.post(
            f"{urls['identity']}/oauth/token",
            data={"grant_type": "client_credentials"},
            auth=(admin["client_id"], admin["client_secret"]),
        )
        headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}
        found = [await http.get(f"{urls[name]}/v1/audit?limit=200", headers=headers) for name in SERVICES_WITH_DATABASE]
    return [answer.raise_for_status().content for answer in found]


def _in_bytes(place: str, content: bytes, canaries: Iterable[Canary]) -> Iterator[str]:
    return (f"{canary.kind} {canary.text!r} in {place}" for canary in canaries if canary.is_in(content))


async def _metrics(whole: Whole) -> list[bytes]:
    async with httpx.AsyncClient(trust_env=False) as http:
        urls = [f"{url}/metrics" for name, url in whole.runtime["services"].items() if name != "console"]
        return [(await http.get(url)).content for url in urls]
