"""Chooses branch, treatment and rooms from what the chain has, and the people of the story."""

import asyncio
import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

from deploy.cli.chain.services import Services
from deploy.cli.story.stage import AHEAD, CannotTell, Found, Stage
from deploy.cli.story.telling import Teller

NAMES = ("Nora Lindqvist", "Arthur Bell", "Yumi Tanaka", "Elif Demir", "Hugo Marchand", "Ada Okafor", "Jana Novotná",
         "Mateo Silva", "Freya Larsen", "Samir Haddad", "Chloé Dubois", "Viktor Sokolov")  # fmt: skip


async def set_stage(
    services: Services, tell: Teller, mailbox: str | None, reception: Services | None, code: str | None
) -> Stage:
    """The branch named, or the one with most to tell: cleared rooms to choose from, and one that has lapsed.

    Raises:
        CannotTell: no chain is there, or no branch has two rooms with inspected bars.
    """
    branches, treatments, therapists = await asyncio.gather(
        *(services.all("scheduling", f"/v1/{noun}") for noun in ("branches", "treatments", "therapists"))
    )
    on_bars = [t for t in treatments if "balancing_bar" in t["requires"]["equipment"] and t["screening_protocol"]]
    if not branches or not on_bars:
        raise CannotTell("There is no chain to tell of yet. Load one: `caibei import deploy/demo`")
    if code is not None and code not in {branch["code"] for branch in branches}:
        raise CannotTell(f"There is no branch {code!r}; there are {', '.join(b['code'] for b in branches)}")
    stages = [
        await _stage(services, tell, mailbox, reception, branch, min(on_bars, key=lambda t: t["duration_minutes"]))
        for branch in branches
        if code in (None, branch["code"])
    ]
    told = max(stages, key=lambda stage: (len(cleared(stage)) >= 2, lapsed(stage) is not None, len(cleared(stage))))
    if len(cleared(told)) < 2:
        raise CannotTell(
            "The story needs a branch with two rooms whose bars are inspected: see `GET /v1/inspections/due`"
        )
    told.therapists = {therapist["id"]: therapist for therapist in therapists}
    return told


async def _stage(
    services: Services, tell: Teller, mailbox: str | None, reception: Services | None, branch: Found, treatment: Found
) -> Stage:
    rooms = await services.all("room_equipment", "/v1/rooms", branch_id=branch["id"])
    now = datetime.now(UTC)
    span = {"from": now.isoformat(), "to": (now + AHEAD + timedelta(days=1)).isoformat()}
    found = await asyncio.gather(
        *(services.get("room_equipment", f"/v1/rooms/{room['id']}/clearance", **span) for room in rooms)
    )
    clearance = {room["id"]: clear for room, clear in zip(rooms, found, strict=True)}
    by_id = {room["id"]: room for room in sorted(rooms, key=lambda room: str(room["code"]))}
    return Stage(services, tell, branch, treatment, by_id, clearance, {}, mailbox, reception)


def cleared(stage: Stage) -> list[Found]:
    """Rooms whose bars are certified without a gap for as long as the story looks ahead."""
    return [
        room for id, room in stage.rooms.items() if stage.clearance[id]["periods"] and not stage.clearance[id]["gaps"]
    ]


def with_bars(stage: Stage) -> list[Found]:
    return [
        room
        for id, room in stage.rooms.items()
        if stage.clearance[id]["periods"] or any(gap["reason"] != "no_bar" for gap in stage.clearance[id]["gaps"])
    ]


def lapsed(stage: Stage) -> Found | None:
    """A room that has bars but no certificate now; a lapsed one before all others."""
    reasons = {id: stage.clearance[id]["gaps"][0]["reason"] for id in stage.rooms if not stage.clearance[id]["periods"]}
    found = [id for id, reason in reasons.items() if reason != "no_bar"]
    found.sort(key=lambda id: reasons[id] != "lapsed")
    return stage.rooms[found[0]] if found else None


async def new_client(stage: Stage, taken: set[str]) -> Found:
    """A client nobody knows yet."""
    name = secrets.choice([name for name in NAMES if name not in taken])
    taken.add(name)
    address = f"{name.split()[0].lower().replace('é', 'e')}.{secrets.token_hex(4)}@example.com"
    body = {"branch_ids": [stage.branch["id"]], "name": name, "email": address, "locale": "en"}
    client: Found = await stage.services.post("scheduling", "/v1/clients", body)
    stage.clients[client["id"]] = client
    stage.cast.add(client["id"])
    return client


async def screen(stage: Stage, client: Found, **declared: str) -> Found:
    """Answer the protocol's questions: no to all, but for what is declared."""
    protocol: Any = await stage.services.get("screening", f"/v1/protocols/{stage.treatment['screening_protocol']}")
    asked = [q["id"] for q in protocol["questions"] if q["section"] == "standing" and q["asked_when"] is None]
    body = {
        "client_id": client["id"],
        "protocol": protocol["name"],
        "protocol_version": protocol["version"],
        "answers": dict.fromkeys(asked, "no") | declared,
        "advisory_acknowledged": True,
        "signed_by": {"name": client["name"], "relationship": "self"},
        "locale": "en",
    }
    screening: Found = await stage.services.post("screening", "/v1/screenings", body)
    return screening | {"asked": len(asked)}
