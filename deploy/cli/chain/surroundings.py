"""What surrounds bookings, read once through the public API: shifts, sessions, rooms, closures and standings."""

import asyncio
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from deploy.cli.chain.loading import Loading
from deploy.cli.chain.present import Found, instant
from services.scheduling.domain.opening import Interval
from services.scheduling.recurrence import windows

LIVE = ("pending", "confirmed", "needs_attention", "checked_in", "in_progress")
_AROUND = timedelta(days=1)  # a session lasts no longer
Spans = dict[str, list[Interval]]


def _spans() -> Spans:
    return defaultdict(list)


@dataclass
class Surroundings:
    """By id. `busy` and `clients`: sessions that are there; `taken`: rooms, with turnover."""

    first: datetime
    last: datetime
    closures: Spans = field(default_factory=_spans)
    therapists_of: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    rooms_of: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    shifts: dict[tuple[str, str], list[Interval]] = field(default_factory=lambda: defaultdict(list))
    certificates: dict[str, dict[str, str]] = field(default_factory=lambda: defaultdict(dict))
    away: Spans = field(default_factory=_spans)
    busy: Spans = field(default_factory=_spans)
    clients: Spans = field(default_factory=_spans)
    cleared: Spans = field(default_factory=_spans)
    taken: Spans = field(default_factory=_spans)
    standings: dict[tuple[str, str], Found | None] = field(default_factory=dict)
    sessions: dict[tuple[str, str, str], Found] = field(default_factory=dict)

    @property
    def span(self) -> dict[str, str]:
        return {"from": (self.first - _AROUND).isoformat(), "to": (self.last + _AROUND).isoformat()}

    def there(self, one: Any) -> Found | None:
        """The session that a row asks for, if it is there."""
        return self.sessions.get((one.client_id, one.treatment["id"], instant(one.during.start.isoformat())))

    @staticmethod
    def uuid(id: str) -> UUID:
        return UUID(id)


async def look_around(loading: Loading, wanted: list[Any]) -> Surroundings:
    """Read it for the time and the branches of these rows."""
    around = Surroundings(min(one.during.start for one in wanted), max(one.during.end for one in wanted))
    branches = {one.branch["id"]: one.branch for one in wanted}
    zones = {id: ZoneInfo(branch["timezone"]) for id, branch in branches.items()}
    therapists = [
        found for found in loading.present.by_code["therapists"].values() if branches.keys() & set(found["branch_ids"])
    ]
    asked = {(one.client_id, one.treatment["screening_protocol"]) for one in wanted}
    await asyncio.gather(
        *(_branch(loading, around, id) for id in branches),
        *(_therapist(loading, around, therapist, zones) for therapist in therapists),
        *(_standing(loading, around, client, protocol) for client, protocol in asked if protocol is not None),
        *(_sessions_of(loading, around, client_id=client) for client in {one.client_id for one in wanted}),
    )
    return around


async def _branch(loading: Loading, around: Surroundings, id: str) -> None:
    found = await loading.services.get("scheduling", f"/v1/branches/{id}/closures", **around.span)
    around.closures[id] = [_interval(one) for one in found["items"]]
    rooms = await loading.services.all("room_equipment", "/v1/rooms", branch_id=id)
    around.rooms_of[id] = [room["id"] for room in rooms]
    for one in await loading.services.all("room_equipment", "/v1/assignments", branch_id=id, **around.span):
        around.taken[one["room_id"]].append(_interval(one, "blocked_until"))

    async def clearance(room_id: str) -> None:
        said = await loading.services.get("room_equipment", f"/v1/rooms/{room_id}/clearance", **around.span)
        around.cleared[room_id] = [_interval(period) for period in said["periods"]]

    await asyncio.gather(*map(clearance, around.rooms_of[id]))


async def _therapist(loading: Loading, around: Surroundings, therapist: Found, zones: dict[str, ZoneInfo]) -> None:
    id = therapist["id"]
    if not therapist["active"]:
        return
    around.certificates[id] = {held["skill"]: held["certified_until"] for held in therapist["skills"]}
    for branch_id in therapist["branch_ids"]:
        around.therapists_of[branch_id].append(id)
    for shift in await loading.services.all("scheduling", f"/v1/therapists/{id}/shifts"):
        if (zone := zones.get(shift["branch_id"])) is not None:
            local = [datetime.fromisoformat(shift[f"{end}_at_local"]) for end in ("starts", "ends")]
            begin, end = around.first - 2 * _AROUND, around.last + _AROUND
            around.shifts[id, shift["branch_id"]] += windows(local[0], local[1], shift["repeat"], zone, begin, end)
    for away in await loading.services.all("scheduling", f"/v1/therapists/{id}/time-off"):
        around.away[id].append(_interval(away))
    await _sessions_of(loading, around, therapist_id=id)


async def _sessions_of(loading: Loading, around: Surroundings, **whose: str) -> None:
    for session in await loading.services.all("scheduling", "/v1/appointments", **whose, **around.span):
        if session["status"] in LIVE:
            during = _interval(session)
            if "client_id" in whose:
                around.clients[whose["client_id"]].append(during)
                around.sessions[session["client_id"], session["treatment_id"], instant(session["starts_at"])] = session
            else:
                around.busy[whose["therapist_id"]].append(during)


async def _standing(loading: Loading, around: Surroundings, client_id: str, protocol: str) -> None:
    path = f"/v1/clients/{client_id}/standing"
    around.standings[client_id, protocol] = await loading.services.find("screening", path, protocol=protocol)


def _interval(found: Found, end: str = "ends_at") -> Interval:
    return Interval(datetime.fromisoformat(found["starts_at"]), datetime.fromisoformat(found[end]))
