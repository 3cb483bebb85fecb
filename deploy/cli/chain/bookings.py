"""Screenings, letters and appointments: what brings clients into the book. Appointments go through the saga."""

import asyncio
import time
from datetime import datetime

from deploy.cli.chain.against import answers_of
from deploy.cli.chain.chain import Line
from deploy.cli.chain.loading import Body, Loading, Outcome, without_nothing
from deploy.cli.chain.nouns import Appointment, Clearance, Client, Screening
from deploy.cli.chain.present import appointments_of, instant
from deploy.cli.chain.services import Refusal

SETTLE_SECONDS, WAIT_SECONDS = 10.0, 20


def screening(loading: Loading, line: Line[Screening]) -> Body:
    row, protocol = line.row, loading.present.protocols[line.row.protocol]
    assert protocol is not None  # checked before anything is loaded
    return without_nothing(
        client_id=loading.id("clients", row.client),
        protocol=row.protocol,
        protocol_version=protocol["version"],
        answers=answers_of(line, protocol, loading.calendar),
        advisory_acknowledged=row.advisory_acknowledged,
        signed_by={"name": row.signed_by or _name(loading, row.client), "relationship": row.relationship},
        locale=row.locale,
    )


def _name(loading: Loading, code: str) -> str:
    written = loading.chain.by_natural(Client).get(code)
    return written.row.name if written else str(loading.present.by_code["clients"][code]["name"])


def clearance(loading: Loading, row: Clearance) -> Body:
    anchor = loading.calendar.anchor
    return without_nothing(
        professional={"name": row.professional, "role": row.role, "registration": row.registration},
        verdict=row.verdict,
        limits=row.limits,
        issued_on=str(row.issued_on.on(anchor)),
        valid_until=str(row.valid_until.on(anchor)) if row.valid_until else None,
    )


def appointment(loading: Loading, row: Appointment) -> Body:
    starts = row.starts.at(loading.calendar.anchor, loading.zones[row.branch], loading.calendar.now)
    return without_nothing(
        branch_id=loading.id("branches", row.branch),
        treatment_id=loading.id("treatments", row.treatment),
        client_id=loading.id("clients", row.client),
        starts_at=starts.isoformat(),
        therapist_id=row.therapist and loading.id("therapists", row.therapist),
        room_id=row.room and loading.id("rooms", f"{row.branch} {row.room}"),
        room_flexible=row.room_flexible,
        notes="\n".join(filter(None, (row.notes, row.uid and mark(row.uid)))) or None,
    )


def mark(uid: str) -> str:
    """How a session says what the system it came from called it."""
    return f"[import {uid}]"


def marked(notes: str | None) -> str | None:
    """What `mark` has said there; None when it has not."""
    _, said, uid = (notes or "").rpartition("[import ")
    return uid.removesuffix("]") if said else None


async def load_screenings(loading: Loading) -> None:
    """One a client and protocol: a client who has a standing is not screened again by an import."""

    async def load(line: Line[Screening]) -> Outcome:
        if await _screening_of(loading, loading.id("clients", line.row.client), line.row.protocol):
            return "present"
        await loading.post("screening", "/v1/screenings", line.row, screening(loading, line))
        return "created"

    await loading.each(Screening, load, in_order_of=lambda row: row.client)


async def load_clearances(loading: Loading) -> None:
    """A professional's letter, told from another by its day."""

    async def load(line: Line[Clearance]) -> Outcome:
        row, body = line.row, clearance(loading, line.row)
        path = f"/v1/screenings/{await _screening_of(loading, loading.id('clients', row.client), row.protocol)}"
        known = await loading.services.get("screening", path, reason="import: is this letter there already?")
        if any(letter["issued_on"] == body["issued_on"] for letter in known.get("clearances") or ()):
            return "present"
        await loading.post("screening", f"{path}/clearances", row, body)
        return "created"

    await loading.each(Clearance, load, in_order_of=lambda row: row.client)


async def _screening_of(loading: Loading, client_id: str, protocol: str) -> str | None:
    standing = await loading.services.find("screening", f"/v1/clients/{client_id}/standing", protocol=protocol)
    return standing["screening_id"] if standing else None


async def load_appointments(loading: Loading) -> None:
    """Known by client, treatment and start. One that was rejected is asked for again: the reason may be gone."""
    if not loading.chain.of(Appointment):
        return
    starts = sorted(appointment(loading, line.row)["starts_at"] for line in loading.chain.of(Appointment))
    there = await appointments_of(loading.services, loading.chain, loading.present, starts[0], starts[-1])
    await settle(loading)

    async def load(line: Line[Appointment]) -> Outcome:
        body = appointment(loading, line.row)
        if (body["client_id"], body["treatment_id"], instant(body["starts_at"])) in there:
            return "present"
        if datetime.fromisoformat(body["starts_at"]) <= loading.calendar.now:
            return "passed"
        try:
            return await _book(loading, line.row, body)
        except Refusal as refusal:
            if refusal.code != "timed_out":
                raise
            return await _book(loading, line.row, body)  # nobody said no; a busy machine gets a second try

    # Who asks for a certain therapist or room is served first: what the chain may choose can go elsewhere. Of two who
    # want the same, the first in the file has it.
    particular = {id(line) for line in loading.chain.of(Appointment) if line.row.therapist or line.row.room}
    await loading.each(
        Appointment, load, go_on=True, only=lambda line: id(line) in particular,
        in_order_of=lambda row: row.therapist or f"{row.branch} {row.room}",
    )  # fmt: skip
    await loading.each(Appointment, load, go_on=True, only=lambda line: id(line) not in particular)


async def _book(loading: Loading, row: Appointment, body: Body) -> Outcome:
    answer = await loading.post("scheduling", "/v1/appointments", row, body, wait=WAIT_SECONDS)
    return await _settled(loading, answer["id"], answer["status"])


async def _settled(loading: Loading, id: str, status: str) -> Outcome:
    """Wait on while it is pending: with the broker away an import is slow, not wrong."""
    while status == "pending":
        await asyncio.sleep(0.5)
        found = await loading.services.get("scheduling", f"/v1/appointments/{id}")
        status = found["status"]
        if status == "rejected":
            problem = {"code": found["code"], "detail": "the session was rejected"}
            raise Refusal(409, problem, f"GET /v1/appointments/{id}")
    return "created"


async def settle(loading: Loading) -> None:
    """Let the services hear of each other's news before sessions are asked for: screenings, rooms, load profiles.

    Advice only, for at most `SETTLE_SECONDS`: whoever has not heard yet refuses, and a refused row can be loaded again.
    """
    deadline, calm = time.monotonic() + SETTLE_SECONDS, 0
    while calm < 2 and time.monotonic() < deadline:
        quiet = await asyncio.gather(*(_quiet(loading, name) for name in ("scheduling", "screening", "room_equipment")))
        calm = calm + 1 if all(quiet) else 0
        await asyncio.sleep(0.05)


async def _quiet(loading: Loading, service: str) -> bool:
    outbox, consumers = await asyncio.gather(
        loading.services.get(service, "/v1/ops/outbox"), loading.services.get(service, "/v1/ops/consumers")
    )
    return not outbox["unpublished"] and not any(sum(item["lag"].values()) for item in consumers["items"])
