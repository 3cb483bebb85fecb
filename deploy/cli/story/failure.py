"""Act 4: a bar fails its inspection. Sessions move where a room is free, others wait for a person, clients are told."""

import asyncio
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from rich.markup import escape

from deploy.cli.chain.services import Refusal
from deploy.cli.story.cast import new_client, screen
from deploy.cli.story.stage import CannotTell, Found, Stage
from deploy.cli.story.telling import counted

TRIES = 12


@dataclass(frozen=True)
class Failure:
    """What came of the failed inspection, for the act after it."""

    room_id: str
    bar: Found
    recorded: Found
    own: Found
    waiting: list[Found]


async def a_session_that_stays(stage: Stage, booked: Found, taken: set[str]) -> Found:
    """A second session in the same room, for a client who wants that room and no other."""
    stage.tell.act(4, "A bar fails its inspection")
    client = await new_client(stage, taken)
    await screen(stage, client)
    room_id = booked["room_id"]
    for slot in (await _apart(stage, booked))[:TRIES]:
        try:
            own, _ = await stage.book(client, starts_at=slot["starts_at"], room_id=room_id, room_flexible=False)
        except Refusal:
            continue  # that room is taken then, or its bars are not enough for whoever is free
        stage.tell.line(
            f"{client['name']} books {stage.room(room_id)} as well, {stage.when(own['starts_at'])}, "
            "and wants no other room",
            "scheduling",
        )
        return own
    raise CannotTell(f"no second session fits into {stage.room(room_id)} in the next 13 days; try --branch")


async def _apart(stage: Stage, booked: Found) -> list[Found]:
    """Free starts whose session, turnover included, does not touch the first one's."""
    starts, ends = (datetime.fromisoformat(booked[name]) for name in ("starts_at", "ends_at"))
    gap = timedelta(minutes=60)
    return [
        slot
        for slot in await stage.slots()
        if datetime.fromisoformat(slot["starts_at"]) >= ends + gap
        or datetime.fromisoformat(slot["ends_at"]) <= starts - gap
    ]


async def a_bar_fails(stage: Stage, booked: Found, own: Found) -> Failure:
    """Record the failure, and tell what room-equipment did in that one transaction."""
    tell, room_id = stage.tell, booked["room_id"]
    bars = await stage.services.all("room_equipment", "/v1/bars", room_id=room_id)
    bar = next(bar for bar in bars if bar["removed_on"] is None)
    planned = await stage.services.all(
        "room_equipment", "/v1/assignments", room_id=room_id, **{"from": datetime.now(UTC).isoformat()}
    )
    tell.line(f"{counted(len(planned), 'session')} planned in {stage.room(room_id)}", "room-equipment", "look")
    began = time.monotonic()
    recorded = await stage.services.post("room_equipment", f"/v1/bars/{bar['id']}/inspections", _report())
    took = time.monotonic() - began
    serial = escape(bar["serial"])
    tell.line(
        f"The inspector finds a crack in bar {serial}: [b]{recorded['result']}[/]. The bar is locked out; "
        f"from this moment the room takes no back-stepping. {_lists(recorded)} ({took * 1000:.0f} ms)",
        "room-equipment",
        "no",
    )
    waiting = await _shown(stage, room_id, recorded)
    messages = await _messages(stage, recorded)
    tell.fact(
        "failure",
        room_id=room_id,
        bar_id=bar["id"],
        inspection_id=recorded["id"],
        lockout=recorded["lockout"],
        **{name: recorded[name] for name in ("displaced", "moved", "revoked", "at_risk")},
        waiting=waiting,
        messages=messages,
        seconds=round(took, 3),
    )
    return Failure(room_id, bar, recorded, own, waiting)


def _report() -> Found:
    return {
        "performed_at": datetime.now(UTC).replace(microsecond=0).isoformat(),
        "kind": "periodic",
        "inspector": {
            "name": "Ingrid Holm",
            "organisation": "Demo Lifting Inspection",
            "credential": "DEMO-4711",
            "credential_valid_until": str(datetime.now(UTC).date() + timedelta(days=365)),
        },
        "checklist": [{"item": "fixings", "result": "pass"}, {"item": "cracks", "result": "fail"}],
        "result": "fail",
        "note": "hairline crack beside the second anchor",
    }


def _lists(recorded: Found) -> str:
    displaced, moved, revoked, at_risk = (len(recorded[name]) for name in ("displaced", "moved", "revoked", "at_risk"))
    running = f" Running now and marked at risk: {at_risk}." if at_risk else ""
    lost = f"{counted(displaced, 'session')} lost the room: {moved} moved to another, {revoked} left to a person."
    return lost + running


async def _shown(stage: Stage, room_id: str, recorded: Found) -> list[Found]:
    """Tell each displaced session; returns the open attention items of those that wait."""
    new_room = {item["appointment_id"]: item["room_id"] for item in recorded["moved"]}
    rows = []
    for id in recorded["displaced"]:
        appointment = await stage.services.get("scheduling", f"/v1/appointments/{id}")
        name = await stage.client_name(appointment["client_id"])
        goes = f"moves to {stage.room(new_room[id])}" if id in new_room else "waits for a person"
        rows.append((id in new_room, appointment["starts_at"], name, goes))
    told = [(stage.when(at), name, goes) for _, at, name, goes in sorted(rows)]
    stage.tell.table(("when", "client", "what happens"), told, stage.most_rows)
    if not recorded["revoked"]:
        return []

    async def listed() -> list[Found] | None:
        items = await stage.services.all("scheduling", "/v1/attention", branch_id=stage.branch["id"])
        own = [
            item for item in items if item["appointment_id"] in recorded["revoked"] and item["alternatives"] is not None
        ]
        return own if len(own) == len(recorded["revoked"]) else None

    items = await stage.until(listed, "the attention list")
    for item in items:
        offers = "; ".join(_offer(stage, offer) for offer in item["alternatives"][:2]) or "nothing near that time"
        name = await stage.client_name(item["client_id"])
        stage.tell.line(f"On the attention list: [b]{name}[/], {stage.when(item['starts_at'])}. Proposed: {offers}",
                        "scheduling", "wait")  # fmt: skip
    return items


def _offer(stage: Stage, offer: Found) -> str:
    return f"{stage.when(offer['starts_at'])} with {stage.therapist(offer['therapist_id'])}"


async def _messages(stage: Stage, recorded: Found) -> list[Found]:
    """The messages that went out because of it, once each displaced session has one."""
    if not recorded["displaced"]:
        return []

    async def sent() -> list[Found] | None:
        found = await asyncio.gather(*(_since(stage, id, recorded["recorded_at"]) for id in recorded["displaced"]))
        done = [message for messages in found for message in messages if message["state"] == "sent"]
        return done if all(any(m["state"] == "sent" for m in messages) for messages in found) else None

    messages = await stage.until(sent, "the messages to the clients")
    rows = []
    for message in sorted(messages, key=lambda message: message["client_id"] not in stage.cast):
        to_client = message["recipient"] == "client"
        name = await stage.client_name(message["client_id"]) if to_client else "the branch itself"
        rows.append((name, message["template"].replace("-", " ").replace("_", " "), message["sent_to"]))
    stage.tell.line(f"{counted(len(messages), 'message')} went out:", "notification")
    stage.tell.table(("to", "message", "address"), rows, stage.most_rows)
    for client_id in dict.fromkeys(message["client_id"] for message in messages if message["client_id"] in stage.cast):
        if mails := await stage.mails(stage.clients[client_id]["email"]):
            stage.tell.mail(mails[0])
    return messages


async def _since(stage: Stage, appointment_id: str, recorded_at: str) -> list[Found]:
    """Messages about a session since then; two databases' clocks may differ a little."""
    since = datetime.fromisoformat(recorded_at) - timedelta(seconds=2)
    items = await stage.services.all("notification", "/v1/messages", appointment_id=appointment_id)
    return [
        item
        for item in items
        if datetime.fromisoformat(item["created_at"]) >= since and item["template"] != "confirmed"
    ]
