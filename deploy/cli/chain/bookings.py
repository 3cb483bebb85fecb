"""Screenings, letters and appointments: what brings clients into the book. Appointments go through the saga."""

import asyncio
import time

from deploy.cli.chain.against import answers_of
from deploy.cli.chain.chain import Line
from deploy.cli.chain.loading import Loading, Outcome, without_nothing
from deploy.cli.chain.nouns import Appointment, Clearance, Client, Screening
from deploy.cli.chain.present import appointments_of, instant
from deploy.cli.chain.services import Refusal

SETTLE_SECONDS, WAIT_SECONDS = 10.0, 20


async def load_screenings(loading: Loading) -> None:
    """One a client and protocol: a client who has a standing is not screened again by an import."""
    names = {line.row.code: line.row.name for line in loading.chain.of(Client)}

    async def load(line: Line[Screening]) -> Outcome:
        row, protocol = line.row, loading.present.protocols[line.row.protocol]
        assert protocol is not None  # checked before anything was loaded
        client = loading.id("clients", row.client)
        if await _screening_of(loading, client, row.protocol):
            return "present"
        name = row.signed_by or names.get(row.client) or loading.present.by_code["clients"][row.client]["name"]
        body = without_nothing(
            client_id=client,
            protocol=row.protocol,
            protocol_version=protocol["version"],
            answers=answers_of(line, protocol, loading.calendar),
            advisory_acknowledged=row.advisory_acknowledged,
            signed_by={"name": name, "relationship": row.relationship},
            locale=row.locale,
        )
        await loading.post("screening", "/v1/screenings", row, body)
        return "created"

    await loading.each(Screening, load, in_order_of=lambda row: row.client)


async def load_clearances(loading: Loading) -> None:
    """A professional's letter, told from another by its day and its author's registration."""

    async def load(line: Line[Clearance]) -> Outcome:
        row, anchor = line.row, loading.calendar.anchor
        screening = await _screening_of(loading, loading.id("clients", row.client), row.protocol)
        path = f"/v1/screenings/{screening}"
        issued = row.issued_on.on(anchor).isoformat()
        known = await loading.services.get("screening", path, reason="import: is this letter there already?")
        if any(letter["issued_on"] == issued for letter in known.get("clearances") or ()):
            return "present"
        body = without_nothing(
            professional={"name": row.professional, "role": row.role, "registration": row.registration},
            verdict=row.verdict,
            limits=row.limits,
            issued_on=issued,
            valid_until=row.valid_until.on(anchor).isoformat() if row.valid_until else None,
        )
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
    there = await appointments_of(loading.services, loading.chain, loading.present)
    await settle(loading)

    async def load(line: Line[Appointment]) -> Outcome:
        row, calendar, zone = line.row, loading.calendar, loading.zones[line.row.branch]
        starts = row.starts.at(calendar.anchor, zone, calendar.now)
        client, treatment = loading.id("clients", row.client), loading.id("treatments", row.treatment)
        if (client, treatment, instant(starts.isoformat())) in there:
            return "present"
        if starts <= calendar.now:
            return "passed"
        body = without_nothing(
            branch_id=loading.id("branches", row.branch),
            treatment_id=treatment,
            client_id=client,
            starts_at=starts.isoformat(),
            therapist_id=row.therapist and loading.id("therapists", row.therapist),
            room_id=row.room and loading.id("rooms", f"{row.branch} {row.room}"),
            room_flexible=row.room_flexible,
            notes=row.notes,
        )
        answer = await loading.post("scheduling", "/v1/appointments", row, body, wait=WAIT_SECONDS)
        return await _settled(loading, answer["id"], answer["status"])

    # Who asks for a certain therapist or room is served first: what the chain may choose can go elsewhere.
    particular = {id(line) for line in loading.chain.of(Appointment) if line.row.therapist or line.row.room}
    await loading.each(Appointment, load, go_on=True, only=lambda line: id(line) in particular)
    await loading.each(Appointment, load, go_on=True, only=lambda line: id(line) not in particular)


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
