"""Builders of a chain's nouns, over HTTP only. Every test makes a spa of its own, so none is in another's way."""

import asyncio
import secrets
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx

from tests.journeys.desk import Desk

ALWAYS = {day: [["00:00", "24:00"]] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}
PROTOCOL, SKILL = "back-stepping", "back_stepping"
Json = dict[str, Any]


def code(prefix: str = "x") -> str:
    return f"{prefix}-{secrets.token_hex(5)}"


def today() -> date:
    """UTC's. A branch's own may be a day off."""
    return datetime.now(UTC).date()


def at(days: int = 2, hour: int = 10, minute: int = 0) -> datetime:
    """A coming instant, in UTC: the booking's day is `days` from now."""
    return datetime.now(UTC).replace(hour=hour, minute=minute, second=0, microsecond=0) + timedelta(days=days)


@dataclass
class Chain:
    """`desk` may do everything; `inspector` is another person, who records inspections."""

    desk: Desk
    inspector: Desk
    _no: dict[str, tuple[int, dict[str, str]]] = field(default_factory=dict)

    async def branch(self, timezone: str = "Europe/Berlin", hours: Any = None, **more: Any) -> Json:
        """Open day and night unless `hours` says otherwise."""
        body = {
            "code": code("b"),
            "name": "Lindenhof",
            "timezone": timezone,
            "locale": "en",
            "opening_hours": hours or ALWAYS,
        }
        return await self._made("scheduling", "/v1/branches", body | more)

    async def treatment(
        self, *, bar: bool = True, screened: bool | None = None, minutes: int = 60, **more: Any
    ) -> Json:
        """Back-stepping; with `bar=False` a massage without one. `screened` says whether a protocol is asked."""
        asks = bar if screened is None else screened
        body = {
            "code": code("t"),
            "name": "Back-stepping" if bar else "Massage",
            "duration_minutes": minutes,
            "turnover_minutes": 15,
            "requires": {"skill": SKILL, "equipment": ["balancing_bar"] if bar else []},
            "screening_protocol": PROTOCOL if asks else None,
        }
        return await self._made("scheduling", "/v1/treatments", body | more)

    async def therapist(
        self,
        branch: Json,
        *,
        mass_kg: float | None = 60,
        certified: date | None = None,
        shift: bool = True,
        **more: Any,
    ) -> Json:
        """On duty day and night, with a load profile, certified for a year, unless told otherwise."""
        until = certified or today() + timedelta(days=365)
        body = {
            "name": "Li Na",
            "branch_ids": [branch["id"]],
            "skills": [{"skill": SKILL, "certified_until": until.isoformat()}],
        }
        made = await self._made("scheduling", "/v1/therapists", body | more)
        work: list[Any] = []
        if shift:
            work.append(self.shift(made, branch))
        if mass_kg is not None:
            work.append(self.weigh(made["id"], mass_kg))
        await asyncio.gather(*work)
        return made

    async def shift(self, therapist: Json, branch: Json) -> Json:
        """On duty there day and night."""
        midnight = datetime.now(ZoneInfo(branch["timezone"])).replace(hour=0, minute=0, second=0, microsecond=0)
        begin = midnight - timedelta(days=1)
        body = {
            "branch_id": branch["id"],
            "starts_at": begin.isoformat(),
            "ends_at": (begin + timedelta(days=1)).isoformat(),
            "repeat": "FREQ=DAILY",
        }
        return await self._made("scheduling", f"/v1/therapists/{therapist['id']}/shifts", body)

    async def weigh(self, therapist_id: str, mass_kg: float, measured_on: date | None = None) -> Any:
        body = {"mass_kg": mass_kg, "measured_on": (measured_on or today() - timedelta(days=1)).isoformat()}
        return await self.desk.made("room_equipment", f"/v1/load-profiles/{therapist_id}", body, "PUT")

    async def room(
        self, branch: Json, *, bars: int = 1, inspected: bool = True, rated_load_kg: float = 300, **more: Any
    ) -> Json:
        """With inspected bars, unless told otherwise; `bars` of the answer holds them."""
        made = await self._made(
            "room_equipment", "/v1/rooms", {"branch_id": branch["id"], "code": code("r"), "name": "Room"} | more
        )
        made["bars"] = [await self.bar(made, rated_load_kg=rated_load_kg, inspected=inspected) for _ in range(bars)]
        return made

    async def bar(self, room: Json, *, rated_load_kg: float = 300, inspected: bool = True) -> Json:
        body = {
            "room_id": room["id"],
            "serial": code("s"),
            "rated_load_kg": rated_load_kg,
            "installed_on": (today() - timedelta(days=30)).isoformat(),
            "installed_by": "Ceiling Works",
            "mounting": "ceiling",
            "material": "steel",
            "diameter_mm": 40,
        }
        made = await self._made("room_equipment", "/v1/bars", body)
        if inspected:
            made["inspection"] = await self.inspect(made)
        return made

    async def inspect(self, bar: Json, result: str = "pass", kind: str = "installation", **more: Any) -> Json:
        """By the inspector. The answer's lists say what it did to sessions."""
        answer = await self.inspector.post(
            "room_equipment", f"/v1/bars/{bar['id']}/inspections", inspection(bar, result, kind) | more
        )
        assert answer.status_code == 201, answer.text
        found: Json = answer.json()
        return found

    def report(self, bar: Json, *, kind: str = "installation", credential: str | None = None) -> Json:
        """A passing report, to be sent by whoever a test wants."""
        body = inspection(bar, kind=kind)
        if credential is not None:
            body["inspector"]["credential"] = credential
        return body

    async def repair(self, bar: Json, name: str = "Repair & Co", credential: str = "WELD-1") -> None:
        """Complete every open work order of this bar."""
        found = await self.desk.get("room_equipment", "/v1/work-orders", bar_id=bar["id"])
        for order in found["items"]:
            if order["status"] != "completed":
                body = {"completed_by": {"name": name, "credential": credential}}
                await self._made("room_equipment", f"/v1/work-orders/{order['id']}/complete", body)

    async def lock_out(self, bar: Json, reason: str = "crack seen") -> Json:
        body = {"reason": reason, "note": "seen by reception"}
        return await self._made("room_equipment", f"/v1/bars/{bar['id']}/lockouts", body)

    async def client(self, branch: Json, *, screened: str | None = "cleared", **more: Any) -> Json:
        """`screened`: the outcome wanted, or None for a client who was never asked."""
        body = {
            "branch_ids": [branch["id"]],
            "name": "Ada Example",
            "email": f"{code('ada')}@example.com",
            "locale": "en",
        }
        made = await self._made("scheduling", "/v1/clients", body | more)
        if screened is not None:
            made["screening"] = await self.screen(made, **DECLARED[screened])
        return made

    async def screen(self, client: Json, protocol: str = PROTOCOL, **declared: str) -> Json:
        """All questions answered "no", but for those `declared`."""
        return await self._made("screening", "/v1/screenings", await self.screening(client, protocol, **declared))

    async def screening(self, client: Json, protocol: str = PROTOCOL, **declared: str) -> Json:
        """The body of that."""
        version, no = await self._all_no(protocol)
        return {
            "client_id": client["id"],
            "protocol": protocol,
            "protocol_version": version,
            "answers": no | declared,
            "advisory_acknowledged": True,
            "signed_by": {"name": client["name"], "relationship": "self"},
            "locale": "en",
        }

    async def _all_no(self, protocol: str) -> tuple[int, dict[str, str]]:
        if protocol not in self._no:
            found = await self.desk.get("screening", f"/v1/protocols/{protocol}")
            asked = [q for q in found["questions"] if q["section"] == "standing" and q["asked_when"] is None]
            self._no[protocol] = found["version"], {q["id"]: "no" for q in asked}
        return self._no[protocol]

    async def arrive(
        self, client: Json, appointment_id: str, protocol: str = PROTOCOL, **declared: str
    ) -> httpx.Response:
        """Check-in's questions, all answered "no" but for those `declared`."""
        found = await self.desk.get("screening", f"/v1/protocols/{protocol}")
        no = {q["id"]: "no" for q in found["questions"] if q["section"] == "arrival" and q["asked_when"] is None}
        body = {"client_id": client["id"], "appointment_id": appointment_id, "answers": no | declared}
        return await self.desk.post("screening", "/v1/arrivals", body)

    async def spa(self, *, rooms: int = 1, therapists: int = 1, bar: bool = True, **more: Any) -> "Spa":
        """A branch with everything that a back-stepping session needs."""
        branch, treatment = await asyncio.gather(self.branch(**more), self.treatment(bar=bar))
        made = await asyncio.gather(
            self.client(branch, screened="cleared" if bar else None),
            *(self.therapist(branch) for _ in range(therapists)),
            *(self.room(branch, bars=1 if bar else 0) for _ in range(rooms)),
        )
        return Spa(self, branch, treatment, made[0], list(made[1 : 1 + therapists]), list(made[1 + therapists :]))

    async def _made(self, service: str, path: str, body: Json) -> Json:
        made: Json = await self.desk.made(service, path, body)
        return made


@dataclass
class Spa:
    chain: Chain
    branch: Json
    treatment: Json
    client: Json
    therapists: list[Json]
    rooms: list[Json]

    def wish(self, starts_at: datetime | None = None, **more: Any) -> Json:
        """The body of a booking; a value of None leaves a field out."""
        body = {
            "branch_id": self.branch["id"],
            "treatment_id": self.treatment["id"],
            "client_id": self.client["id"],
            "starts_at": (starts_at or at()).isoformat(),
        } | more
        return {name: value for name, value in body.items() if value is not None}

    async def ask(self, starts_at: datetime | None = None, *, wait: int = 15, **more: Any) -> httpx.Response:
        """POST /v1/appointments, with all the patience allowed."""
        headers = {"Prefer": f"wait={wait}"}
        return await self.chain.desk.post(
            "scheduling", "/v1/appointments", self.wish(starts_at, **more), headers=headers
        )

    async def ask_local(self, local: datetime) -> httpx.Response:
        """The same by the branch's wall clock."""
        body = {name: value for name, value in self.wish().items() if name != "starts_at"}
        return await self.chain.desk.post(
            "scheduling", "/v1/appointments", body | {"starts_at_local": local.isoformat()}
        )

    async def book(self, starts_at: datetime | None = None, **more: Any) -> Json:
        """A confirmed appointment."""
        answer = await self.ask(starts_at, **more)
        assert answer.status_code == 201, f"{answer.status_code} {answer.text}"
        found: Json = answer.json()
        assert found["status"] == "confirmed"
        return found

    async def look(self, appointment_id: str) -> Json:
        found: Json = await self.chain.desk.get("scheduling", f"/v1/appointments/{appointment_id}")
        return found


def inspection(bar: Json, result: str = "pass", kind: str = "installation") -> Json:
    """A report on `bar`, performed now."""
    failed = result == "fail"
    return {
        "performed_at": datetime.now(UTC).isoformat(),
        "kind": kind,
        "inspector": {
            "name": "Ines Prüfer",
            "organisation": "Lift Inspectors",
            "credential": "LOLER-77-31",
            "credential_valid_until": (today() + timedelta(days=400)).isoformat(),
        },
        "checklist": [{"item": "fixings", "result": "fail" if failed else "pass", "note": ""}],
        "load_test_kg": bar["rated_load_kg"] if kind == "installation" else None,
        "result": result,
    }


DECLARED: dict[str, dict[str, str]] = {
    "cleared": {},
    "clearance_required": {"epilepsy": "yes"},
    "declined": {"osteoporosis": "yes"},
    "deferred": {"eye_surgery": "yes", "eye_surgery_on": today().isoformat()},
    "unsure": {"osteoporosis": "unsure"},
}
"""What a client says to come to each outcome."""
