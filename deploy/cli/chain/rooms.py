"""What room-equipment keeps: load profiles, rooms, bars, and each bar's history of inspections and repairs."""

from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from deploy.cli.chain.chain import Line
from deploy.cli.chain.loading import Body, Loading, Outcome, without_nothing
from deploy.cli.chain.nouns import CHECKLIST, Bar, Inspection, Inspector, LoadProfile, Room
from deploy.cli.chain.present import instant
from deploy.cli.chain.services import Services


def load_profile(loading: Loading, row: LoadProfile) -> Body:
    return {"mass_kg": str(row.mass_kg), "measured_on": str(row.measured_on.on(loading.calendar.anchor))}


def room(loading: Loading, row: Room) -> Body:
    return without_nothing(
        branch_id=loading.id("branches", row.branch),
        code=row.code,
        name=row.name,
        turnover_minutes=row.turnover_minutes,
        bars_required=row.bars_required,
    )


def bar(loading: Loading, row: Bar) -> Body:
    return without_nothing(
        room_id=loading.id("rooms", f"{row.branch} {row.room}"),
        serial=row.serial,
        rated_load_kg=str(row.rated_load_kg),
        installed_on=str(row.installed_on.on(loading.calendar.anchor)),
        installed_by=row.installed_by,
        mounting=row.mounting,
        material=row.material,
        diameter_mm=None if row.diameter_mm is None else str(row.diameter_mm),
    )


def inspection(loading: Loading, row: Inspection, inspector: Inspector, at: datetime) -> Body:
    """`at`: when it was performed."""
    anchor = loading.calendar.anchor
    results: dict[str, str] = dict.fromkeys(CHECKLIST, "pass") | ({"load_test": "pass"} if row.load_test_kg else {})
    results |= dict.fromkeys(row.flagged, "flag")
    results |= dict.fromkeys(row.failed, "fail")
    return without_nothing(
        performed_at=at.isoformat(),
        kind=row.kind,
        event=row.event,
        inspector={
            "name": inspector.name,
            "organisation": inspector.organisation,
            "credential": inspector.credential,
            "credential_valid_until": str(inspector.credential_valid_until.on(anchor)),
        },
        checklist=[{"item": item, "result": result} for item, result in results.items()],
        load_test_kg=None if row.load_test_kg is None else str(row.load_test_kg),
        result=row.result,
        valid_until=str(row.valid_until.on(anchor)) if row.valid_until else None,
        conditions=row.conditions,
        note=row.note,
    )


async def load_profiles(loading: Loading) -> None:
    """The number goes in and never comes out: a therapist who has a profile keeps it."""

    async def load(line: Line[LoadProfile]) -> Outcome:
        path = f"/v1/load-profiles/{loading.id('therapists', line.row.therapist)}"
        known = await loading.services.find("room_equipment", path)
        if known is not None and known["state"] != "missing":
            return "present"
        await loading.heard(lambda: loading.services.put("room_equipment", path, load_profile(loading, line.row)))
        return "created"

    await loading.each(LoadProfile, load)


async def load_rooms(loading: Loading) -> None:
    await loading.each(
        Room,
        lambda line: loading.once("room_equipment", "/v1/rooms", line, room(loading, line.row)),
        in_order_of=lambda row: row.branch,
    )


async def load_bars(loading: Loading) -> None:
    def load(line: Line[Bar]) -> Awaitable[Outcome]:
        return loading.once("room_equipment", "/v1/bars", line, bar(loading, line.row))

    await loading.each(Bar, load, in_order_of=lambda row: row.branch)


async def load_inspections(loading: Loading) -> None:
    """Each bar's history in order. What is on record of it, in the same order, is not recorded twice."""
    inspectors = loading.chain.by_natural(Inspector)
    branch_of = {line.row.serial: line.row.branch for line in loading.chain.of(Bar)} | loading.present.bar_branches
    on_record: dict[str, list[Body]] = {}

    async def load(line: Line[Inspection]) -> Outcome:
        row, calendar = line.row, loading.calendar
        id = loading.id("bars", row.bar)
        if id not in on_record:
            on_record[id] = await loading.services.all("room_equipment", f"/v1/bars/{id}/inspections")
            on_record[id].sort(key=lambda item: str(item["performed_at"]))
        # A repair's lock-out may be seconds old: `now` is the moment of recording, in whole seconds.
        now = datetime.now(UTC).replace(microsecond=0)
        at = row.performed_at.at(calendar.anchor, loading.zones[branch_of[row.bar]], now)
        inspector = inspectors[row.inspector].row
        known = _take(on_record[id], row, at, inspector)
        if known is None:
            report = inspection(loading, row, inspector, at)
            recorded = await loading.post("room_equipment", f"/v1/bars/{id}/inspections", row, report)
        else:
            recorded = known
        if row.repaired_by is not None:
            await _repair(loading, row, recorded)
        return "created" if known is None else "present"

    await loading.each(Inspection, load, in_order_of=lambda row: branch_of.get(row.bar, row.bar))


def _take(on_record: list[Body], row: Inspection, at: datetime, inspector: Inspector) -> Body | None:
    """The line of the record that is this row; it and those before it are taken off."""
    for index, item in enumerate(on_record):
        same_time = instant(item["performed_at"]) == instant(at.isoformat())
        recorded_then = row.performed_at.is_now and item["inspector_credential"] == inspector.credential
        if (item["kind"], item["result"]) == (row.kind, row.result) and (same_time or recorded_then):
            del on_record[: index + 1]
            return item
    return None


async def _repair(loading: Loading, row: Inspection, recorded: Body) -> None:
    """Complete the work order that this failed inspection opened, signed in as the workshop, unless it is completed."""
    opened = instant(recorded["recorded_at"])
    async for order in loading.services.items("room_equipment", "/v1/work-orders", bar_id=recorded["bar_id"]):
        if order["status"] == "completed" or instant(order["opened_at"]) != opened:
            continue
        path = f"/v1/work-orders/{order['id']}"
        async with workshop(loading.services, "import: repairs") as services:
            if row.repair_note:
                await services.post("room_equipment", f"{path}/log", {"entry": row.repair_note})
            await services.post("room_equipment", f"{path}/complete", {"completed_by": row.repaired_by})


@asynccontextmanager
async def workshop(services: Services, name: str) -> AsyncIterator[Services]:
    """A sign-in of its own for whoever repairs, revoked at the end. Whoever repaired a bar may not inspect it next."""
    body = {"name": name, "scopes": ["rooms:read", "rooms:write", "rooms:operate"], "branches": ["*"]}
    client = await services.post("identity", "/v1/api-clients", body)
    try:
        async with services.signed_in_as(client) as own:
            yield own
    finally:
        await services.post("identity", f"/v1/api-clients/{client['client_id']}/revoke")
