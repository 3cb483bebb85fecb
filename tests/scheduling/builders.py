"""Nouns for the tests of scheduling."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx

from services.scheduling.consumers import HANDLERS
from services.scheduling.domain.appointment import Appointment, Status
from shared.events.base import Event
from shared.events.room_equipment import (
    ClearancePeriod,
    LoadProfileChanged,
    RoomAssigned,
    RoomClearanceChanged,
    RoomRegistered,
    RoomUnavailable,
)
from shared.events.screening import AppointmentBlocked, AppointmentCleared
from shared.kit.database import Database, Transaction
from shared.kit.ids import new_id
from shared.kit.inbox import Dispatch, Message
from shared.kit.testing import TokenMint
from tests.servers import ServiceDatabase

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
ROOM, OTHER_ROOM, ANNA, BEN = (UUID(int=n) for n in range(1, 5))


def every_day(*stretches: list[str]) -> dict[str, list[list[str]]]:
    """Opening hours, the same on each day of the week."""
    return {day: list(stretches) for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}


ALWAYS = every_day(["00:00", "24:00"])


def an_appointment(**changes: Any) -> Appointment:
    """A pending request for an unnamed therapist, ANNA tried first, at NOON for an hour."""
    values: dict[str, Any] = {
        "id": new_id(), "status": Status.PENDING, "version": 1, "attempt": 1, "branch_id": new_id(),
        "treatment_id": new_id(), "client_id": new_id(), "therapist_id": ANNA, "therapist_named": False,
        "room_id": None, "requested_room_id": None, "room_flexible": True, "starts_at": NOON,
        "ends_at": NOON + timedelta(hours=1), "turnover_minutes": 15, "requires_bar": True,
        "screening_protocol": "back-stepping",
    }  # fmt: skip
    return Appointment(**(values | changes))


def tomorrow(hour: int = 12, minute: int = 0, days: int = 1) -> datetime:
    """That time (UTC) so many days from now."""
    day = datetime.now(UTC) + timedelta(days=days)
    return day.replace(hour=hour, minute=minute, second=0, microsecond=0)


def iso(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


@dataclass(frozen=True, slots=True)
class Place:
    """A branch with a treatment, a client, rooms and therapists on shift round the clock."""

    branch_id: str
    treatment_id: str
    client_id: str
    therapist_ids: list[str]
    room_ids: list[str]

    def wish(self, starts_at: datetime, **more: Any) -> dict[str, Any]:
        return {
            "branch_id": self.branch_id,
            "treatment_id": self.treatment_id,
            "client_id": self.client_id,
            "starts_at": iso(starts_at),
        } | more


@dataclass(frozen=True, slots=True)
class Chain:
    """A running scheduling API, and the other services' answers given by hand."""

    http: httpx.AsyncClient
    database: Database
    mint: TokenMint
    servers: ServiceDatabase

    async def post(self, path: str, body: dict[str, Any], status: int = 201, **headers: str) -> Any:
        answer = await self.http.post(path, json=body, headers=headers)
        assert answer.status_code == status, answer.text
        return answer.json()

    async def get(self, path: str, expected: int = 200, /, **params: Any) -> Any:
        answer = await self.http.get(path, params=params)
        assert answer.status_code == expected, answer.text
        return answer.json()

    async def branch(self, timezone: str = "Etc/UTC", hours: Any = None, **more: Any) -> str:
        body = {"code": f"b-{new_id().hex[-12:]}", "name": "Branch", "timezone": timezone,
                "opening_hours": ALWAYS if hours is None else hours}  # fmt: skip
        return str((await self.post("/v1/branches", body | more))["id"])

    async def treatment(
        self, *, bar: bool = True, minutes: int = 60, skill: str | None = "back-stepping", turnover: int = 15
    ) -> str:
        body = {
            "code": f"t-{new_id().hex[-12:]}", "name": "Back-stepping", "duration_minutes": minutes,
            "turnover_minutes": turnover, "requires": {"skill": skill, "equipment": ["balancing_bar"] if bar else []},
            "screening_protocol": "back-stepping" if bar else None,
        }  # fmt: skip
        return str((await self.post("/v1/treatments", body))["id"])

    async def therapist(self, *branches: str, until: str = "2099-12-31", shift: bool = True, load: bool = True) -> str:
        body = {"name": "Therapist", "branch_ids": list(branches),
                "skills": [{"skill": "back-stepping", "certified_until": until}]}  # fmt: skip
        id = str((await self.post("/v1/therapists", body))["id"])
        if shift:
            start = tomorrow(0, days=-2)
            for branch in branches:
                whole_day = {"branch_id": branch, "starts_at": iso(start), "repeat": "FREQ=DAILY",
                             "ends_at": iso(start + timedelta(days=1))}  # fmt: skip
                await self.post(f"/v1/therapists/{id}/shifts", whole_day)
        if load:
            await self.hear(LoadProfileChanged(therapist_id=UUID(id), version=1, state="valid"))
        return id

    async def client(self, *branches: str) -> str:
        body = {"branch_ids": list(branches), "name": "Wang Fang", "email": "wang@example.test"}
        return str((await self.post("/v1/clients", body))["id"])

    async def room(self, branch: str, *, cleared: bool = True) -> str:
        id = new_id()
        await self.hear(
            RoomRegistered(room_id=id, version=1, branch_id=UUID(branch), code=f"R{id.hex[-4:]}", turnover_minutes=15)
        )
        if cleared:
            period = ClearancePeriod(starts_at=tomorrow(0, days=-1), ends_at=None)
            await self.hear(RoomClearanceChanged(room_id=id, branch_id=UUID(branch), version=1, periods=[period]))
        return str(id)

    async def place(self, therapists: int = 1, rooms: int = 1, *, bar: bool = True, **branch: Any) -> Place:
        branch_id = await self.branch(**branch)
        return Place(
            branch_id,
            await self.treatment(bar=bar),
            await self.client(branch_id),
            [await self.therapist(branch_id) for _ in range(therapists)],
            [await self.room(branch_id) for _ in range(rooms)],
        )

    # --- the other services ------------------------------------------------------------------------------------------

    async def hear(self, *events: Event) -> None:
        """Give events to the consumer, in one batch and transaction as the kit would."""
        messages = [
            Message(new_id(), e.topic(), str(e.key), e.type, e.model_dump_json().encode(), datetime.now(UTC), None)
            for e in events
        ]
        async with self.database.transaction() as tx:
            await Dispatch(HANDLERS)(tx, messages)

    async def run(self, work: Callable[[Transaction], Any]) -> Any:
        """Run a job or a query in a transaction."""
        async with self.database.transaction() as tx:
            return await work(tx)

    async def sql(self, statement: str, **params: Any) -> list[Any]:
        async with self.database.transaction() as tx:
            return list(await tx.all(statement, params))

    async def sql_all(self, statement: str, rows: list[dict[str, Any]]) -> None:
        """The statement with each of these, in one transaction."""
        async with self.database.transaction() as tx:
            for row in rows:
                await tx.run(statement, row)

    async def request(self, place: Place, starts_at: datetime, **more: Any) -> dict[str, Any]:
        """Ask for a session and do not wait: the pending appointment."""
        wish = place.wish(starts_at, **more)
        answer: dict[str, Any] = await self.post("/v1/appointments", wish, 202, Prefer="wait=0")
        return answer

    async def confirmed(self, place: Place, starts_at: datetime, **more: Any) -> dict[str, Any]:
        """A session both services said yes to."""
        asked = await self.request(place, starts_at, **more)
        await self.hear(cleared(asked), assigned(asked, place.room_ids[0]))
        answer: dict[str, Any] = await self.get(f"/v1/appointments/{asked['id']}")
        assert answer["status"] == "confirmed"
        return answer

    async def announced(self, appointment_id: str) -> list[str]:
        """The types of what was announced of it, in order, without the version."""
        rows = await self.sql("SELECT type FROM outbox WHERE aggregateid = :id ORDER BY seq", id=appointment_id)
        return [row.type.removeprefix("caibei.scheduling.appointment.").removesuffix(".v1") for row in rows]


async def somebody_waits(chain: Chain) -> None:
    """Until a statement in the chain's database waits for a lock."""
    waits = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    async with asyncio.timeout(5):
        while not await chain.sql(waits):
            await asyncio.sleep(0.01)


def _said(asked: dict[str, Any]) -> dict[str, Any]:
    return {"appointment_id": UUID(asked["id"]), "attempt": asked["attempt"]}


def cleared(asked: dict[str, Any]) -> AppointmentCleared:
    return AppointmentCleared(**_said(asked), client_id=UUID(asked["client_id"]))


def blocked(asked: dict[str, Any], code: Any) -> AppointmentBlocked:
    return AppointmentBlocked(**_said(asked), client_id=UUID(asked["client_id"]), code=code)


def assignment(asked: dict[str, Any], room: str, version: int) -> dict[str, Any]:
    return _said(asked) | {
        "assignment_version": version, "branch_id": UUID(asked["branch_id"]), "room_id": UUID(room),
    }  # fmt: skip


def times(asked: dict[str, Any]) -> dict[str, datetime]:
    starts_at, ends_at = (datetime.fromisoformat(asked[name]) for name in ("starts_at", "ends_at"))
    return {"starts_at": starts_at, "ends_at": ends_at, "blocked_until": ends_at + timedelta(minutes=15)}


def assigned(asked: dict[str, Any], room: str, version: int = 1) -> RoomAssigned:
    return RoomAssigned(
        **assignment(asked, room, version), **times(asked), therapist_id=UUID(asked["therapist_id"])
    )  # fmt: skip


def unavailable(asked: dict[str, Any], code: Any, **more: Any) -> RoomUnavailable:
    return RoomUnavailable(**_said(asked), branch_id=UUID(asked["branch_id"]), code=code, **more)
