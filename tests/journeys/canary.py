"""Looks for personal data where it must never be: every column, topic, log, metric and answer outside its vault."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import httpx

from deploy.embedded.databases import SERVICES_WITH_DATABASE
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
}


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


def _in_bytes(place: str, content: bytes, canaries: Iterable[Canary]) -> Iterator[str]:
    return (f"{canary.kind} {canary.text!r} in {place}" for canary in canaries if canary.is_in(content))


async def _metrics(whole: Whole) -> list[bytes]:
    async with httpx.AsyncClient(trust_env=False) as http:
        urls = [f"{url}/metrics" for name, url in whole.runtime["services"].items() if name != "console"]
        return [(await http.get(url)).content for url in urls]
