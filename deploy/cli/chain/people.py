"""What scheduling keeps: branches, treatments, therapists and their shifts, clients."""

from datetime import datetime, timedelta
from typing import Any

from deploy.cli.chain.chain import Line
from deploy.cli.chain.loading import Loading, Outcome, without_nothing
from deploy.cli.chain.nouns import Branch, Client, Shift, Therapist, Treatment


async def load_branches(loading: Loading) -> None:
    async def load(line: Line[Branch]) -> Outcome:
        row = line.row
        body = without_nothing(
            code=row.code,
            name=row.name,
            timezone=row.timezone,
            locale=row.locale,
            opening_hours=row.opening_hours,
            contact_email=row.contact_email,
            phone=row.phone,
        )
        return await _once(loading, line, "/v1/branches", body)

    await loading.each(Branch, load)


async def load_treatments(loading: Loading) -> None:
    async def load(line: Line[Treatment]) -> Outcome:
        row = line.row
        body = without_nothing(
            code=row.code,
            name=row.name,
            duration_minutes=row.duration_minutes,
            turnover_minutes=row.turnover_minutes,
            requires=without_nothing(skill=row.skill, equipment=row.equipment),
            screening_protocol=row.screening_protocol,
            price=row.price,
        )
        return await _once(loading, line, "/v1/treatments", body)

    await loading.each(Treatment, load)


async def load_therapists(loading: Loading) -> None:
    async def load(line: Line[Therapist]) -> Outcome:
        row, anchor = line.row, loading.calendar.anchor
        body = without_nothing(
            code=row.code,
            name=row.name,
            branch_ids=loading.ids("branches", row.branches),
            skills=[
                {"skill": skill, "certified_until": until.on(anchor).isoformat()} for skill, until in row.skills.items()
            ],
            locales=row.locales,
        )
        return await _once(loading, line, "/v1/therapists", body)

    await loading.each(Therapist, load)


async def load_clients(loading: Loading) -> None:
    async def load(line: Line[Client]) -> Outcome:
        row = line.row
        body = without_nothing(
            code=row.code,
            name=row.name,
            branch_ids=loading.ids("branches", row.branches),
            email=row.email,
            phone=row.phone,
            locale=row.locale,
            pressure_preference=row.pressure_preference,
        )
        return await _once(loading, line, "/v1/clients", body)

    await loading.each(Client, load)


async def _once(loading: Loading, line: Line[Any], path: str, body: dict[str, Any]) -> Outcome:
    """A row with a code of its own: made unless the code is there."""
    row = line.row
    if row.natural in loading.present.by_code[row.noun]:
        return "present"
    return loading.keep(row.noun, row.natural, await loading.post("scheduling", path, row, body))


async def load_shifts(loading: Loading) -> None:
    """A shift has no code: it is known by its therapist, branch, wall-clock times and rule."""
    there: dict[str, set[tuple[str, str, str, str | None]]] = {}

    async def load(line: Line[Shift]) -> Outcome:
        row, calendar = line.row, loading.calendar
        therapist, branch = loading.id("therapists", row.therapist), loading.id("branches", row.branch)
        path = f"/v1/therapists/{therapist}/shifts"
        if therapist not in there:
            there[therapist] = {_known(item) for item in await loading.services.all("scheduling", path)}
        zone = loading.zones[row.branch]
        starts = row.starts.at(calendar.anchor, zone, calendar.now).astimezone(zone).replace(tzinfo=None)
        ends = datetime.combine(starts.date(), row.ends)
        ends += timedelta(days=ends <= starts)
        if (branch, starts.isoformat(), ends.isoformat(), row.repeat) in there[therapist]:
            return "present"
        body = without_nothing(
            branch_id=branch,
            starts_at=starts.replace(tzinfo=zone).isoformat(),
            ends_at=ends.replace(tzinfo=zone).isoformat(),
            repeat=row.repeat,
        )
        await loading.post("scheduling", path, row, body)
        return "created"

    await loading.each(Shift, load, in_order_of=lambda row: row.therapist)


def _known(item: dict[str, Any]) -> tuple[str, str, str, str | None]:
    starts, ends = (datetime.fromisoformat(item[name]).isoformat() for name in ("starts_at_local", "ends_at_local"))
    return item["branch_id"], starts, ends, item["repeat"]
