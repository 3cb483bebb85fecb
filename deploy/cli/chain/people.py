"""What scheduling keeps: branches, treatments, therapists and their shifts, clients."""

from collections.abc import Awaitable
from datetime import datetime, timedelta

from deploy.cli.chain.chain import Line
from deploy.cli.chain.loading import Body, Loading, Outcome, without_nothing
from deploy.cli.chain.nouns import Branch, Client, Shift, Therapist, Treatment


def branch(loading: Loading, row: Branch) -> Body:
    return without_nothing(
        code=row.code,
        name=row.name,
        timezone=row.timezone,
        locale=row.locale,
        opening_hours=row.opening_hours,
        contact_email=row.contact_email,
        phone=row.phone,
        address=row.address,
    )


def treatment(loading: Loading, row: Treatment) -> Body:
    return without_nothing(
        code=row.code,
        name=row.name,
        duration_minutes=row.duration_minutes,
        turnover_minutes=row.turnover_minutes,
        requires=without_nothing(skill=row.skill, equipment=row.equipment),
        screening_protocol=row.screening_protocol,
        price=row.price,
    )


def therapist(loading: Loading, row: Therapist) -> Body:
    anchor = loading.calendar.anchor
    return without_nothing(
        code=row.code,
        name=row.name,
        branch_ids=loading.ids("branches", row.branches),
        skills=[{"skill": skill, "certified_until": str(until.on(anchor))} for skill, until in row.skills.items()],
        locales=row.locales,
    )


def client(loading: Loading, row: Client) -> Body:
    return without_nothing(
        code=row.code,
        name=row.name,
        branch_ids=loading.ids("branches", row.branches),
        email=row.email,
        phone=row.phone,
        locale=row.locale,
        pressure_preference=row.pressure_preference,
    )


def wall_times(loading: Loading, row: Shift) -> tuple[datetime, datetime]:
    """When a shift starts and ends by the branch's clock, without zone."""
    calendar, zone = loading.calendar, loading.zones[row.branch]
    starts = row.starts.at(calendar.anchor, zone, calendar.now).astimezone(zone).replace(tzinfo=None)
    ends = datetime.combine(starts.date(), row.ends)
    return starts, ends + timedelta(days=ends <= starts)


def shift(loading: Loading, row: Shift) -> Body:
    zone = loading.zones[row.branch]
    starts, ends = wall_times(loading, row)
    return without_nothing(
        branch_id=loading.id("branches", row.branch),
        starts_at=starts.replace(tzinfo=zone).isoformat(),
        ends_at=ends.replace(tzinfo=zone).isoformat(),
        repeat=row.repeat,
    )


async def load_branches(loading: Loading) -> None:
    def load(line: Line[Branch]) -> Awaitable[Outcome]:
        return loading.once("scheduling", "/v1/branches", line, branch(loading, line.row))

    await loading.each(Branch, load)


async def load_treatments(loading: Loading) -> None:
    def load(line: Line[Treatment]) -> Awaitable[Outcome]:
        return loading.once("scheduling", "/v1/treatments", line, treatment(loading, line.row))

    await loading.each(Treatment, load)


async def load_therapists(loading: Loading) -> None:
    def load(line: Line[Therapist]) -> Awaitable[Outcome]:
        return loading.once("scheduling", "/v1/therapists", line, therapist(loading, line.row))

    await loading.each(Therapist, load)


async def load_clients(loading: Loading) -> None:
    def load(line: Line[Client]) -> Awaitable[Outcome]:
        return loading.once("scheduling", "/v1/clients", line, client(loading, line.row))

    await loading.each(Client, load)


async def load_shifts(loading: Loading) -> None:
    """A shift has no code: it is known by its therapist, branch, wall-clock times and rule."""
    there: dict[str, set[tuple[str, str, str, str | None]]] = {}

    async def load(line: Line[Shift]) -> Outcome:
        row, id = line.row, loading.id("therapists", line.row.therapist)
        path = f"/v1/therapists/{id}/shifts"
        if id not in there:
            there[id] = {_known(item) for item in await loading.services.all("scheduling", path)}
        starts, ends = wall_times(loading, row)
        if (loading.id("branches", row.branch), starts.isoformat(), ends.isoformat(), row.repeat) in there[id]:
            return "present"
        await loading.post("scheduling", path, row, shift(loading, row))
        return "created"

    await loading.each(Shift, load, in_order_of=lambda row: row.therapist)


def _known(item: Body) -> tuple[str, str, str, str | None]:
    starts, ends = (datetime.fromisoformat(item[name]).isoformat() for name in ("starts_at_local", "ends_at_local"))
    return item["branch_id"], starts, ends, item["repeat"]
