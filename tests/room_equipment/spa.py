"""Builders: a branch with rooms, bars and therapists, made through the service's own routes and events."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import orjson
from fastapi import FastAPI

from services.room_equipment.consumers import HANDLERS
from shared.events import scheduling
from shared.events.base import Event
from shared.kit.ids import new_id
from shared.kit.inbox import Dispatch, Message
from shared.kit.testing import TokenMint, client
from tests.servers import ServiceDatabase

MANAGER = ("rooms:read", "rooms:write", "rooms:operate", "rooms:inspect", "rooms:load-profile")
INSPECTOR = ("rooms:read", "rooms:inspect", "rooms:operate")


def soon(days: float = 1, hour: float = 0) -> datetime:
    """A whole hour, some days from now."""
    at = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    return at + timedelta(days=days, hours=hour)


class Spa:
    """One branch; fresh ids, so that many share a database."""

    def __init__(self, app: FastAPI, mint: TokenMint, database: ServiceDatabase) -> None:
        self.app, self.mint, self.database = app, mint, database
        self.branch_id = new_id()
        self.bar_treatment, self.massage = new_id(), new_id()
        self.therapist_id = new_id()

    async def open(self, timezone: str = "Europe/Berlin", mass_kg: float = 60) -> "Spa":
        """The branch, two treatments (60 minutes, 15 turnover) and a therapist with a load profile are known."""
        treatment: dict[str, Any] = {"version": 1, "duration_minutes": 60, "turnover_minutes": 15, "skill": None}
        await self.hear(
            scheduling.BranchRegistered(
                branch_id=self.branch_id, version=1, code="b", timezone=timezone, opening_hours={}
            ),
            scheduling.TreatmentRegistered(
                treatment_id=self.bar_treatment, code="backstep", requires_bar=True,
                screening_protocol="back-stepping", **treatment,
            ),
            scheduling.TreatmentRegistered(
                treatment_id=self.massage, code="massage", requires_bar=False, screening_protocol=None, **treatment
            ),
        )  # fmt: skip
        await self.therapist(mass_kg, self.therapist_id)
        return self

    async def therapist(self, mass_kg: float | None = 60, id: UUID | None = None, measured: date | None = None) -> UUID:
        id = id or new_id()
        await self.hear(scheduling.TherapistRegistered(therapist_id=id, version=1, branch_ids=[self.branch_id]))
        if mass_kg is not None:
            await self.measured(id, mass_kg, measured)
        return id

    async def measured(self, id: UUID, mass_kg: float, on: date | None = None) -> dict[str, Any]:
        body = {"mass_kg": mass_kg, "measured_on": (on or datetime.now(UTC).date()).isoformat()}
        answer = await self.http.put(f"/v1/load-profiles/{id}", json=body)
        found: dict[str, Any] = answer.raise_for_status().json()
        return found

    # rooms and bars

    @property
    def http(self) -> httpx.AsyncClient:
        return self.signed_in(*MANAGER)

    def signed_in(self, *scopes: str, **claims: Any) -> httpx.AsyncClient:
        return client(self.app, self.mint.bearer(*scopes, **claims))

    async def room(self, code: str = "", **values: Any) -> UUID:
        body = {"branch_id": str(self.branch_id), "code": code or f"R{new_id().hex[-8:]}", **values}
        answer = await self.http.post("/v1/rooms", json=body)
        assert answer.status_code == 201, answer.text
        return UUID(answer.json()["id"])

    async def bar(self, room_id: UUID, rated_load_kg: float = 300, **values: Any) -> UUID:
        body = {"room_id": str(room_id), "serial": f"S-{new_id().hex[-10:]}", "rated_load_kg": rated_load_kg, **values}
        answer = await self.http.post("/v1/bars", json=body)
        assert answer.status_code == 201, answer.text
        return UUID(answer.json()["id"])

    async def inspect(
        self, bar_id: UUID, result: str = "pass", *, subject: str = "inspector", credential: str = "LOLER-1",
        **values: Any,
    ) -> httpx.Response:  # fmt: skip
        """Record an inspection, as an inspector signed in on her own."""
        body: dict[str, Any] = {
            "performed_at": datetime.now(UTC).isoformat(),
            "kind": "periodic",
            "inspector": {
                "name": "Ines Pector", "organisation": "Bars Ltd", "credential": credential,
                "credential_valid_until": (datetime.now(UTC).date() + timedelta(days=400)).isoformat(),
            },
            "checklist": [{"item": "fixings tight", "result": "fail" if result == "fail" else "pass"}],
            "result": result,
        }  # fmt: skip
        http = self.signed_in(*INSPECTOR, subject=subject, client_id=subject)
        return await http.post(f"/v1/bars/{bar_id}/inspections", json=body | values)

    async def installed(self, bar_id: UUID, rated_load_kg: float = 300, **values: Any) -> dict[str, Any]:
        """A passed installation inspection."""
        answer = await self.inspect(bar_id, kind="installation", load_test_kg=rated_load_kg, **values)
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def cleared_room(self, rated_load_kg: float = 300, code: str = "", **values: Any) -> tuple[UUID, UUID]:
        """A room with one inspected bar: (room, bar)."""
        room_id = await self.room(code)
        bar_id = await self.bar(room_id, rated_load_kg)
        await self.installed(bar_id, rated_load_kg, **values)
        return room_id, bar_id

    async def repaired(self, bar_id: UUID, subject: str = "fitter", credential: str = "FIT-1") -> None:
        """Complete every open work order of a bar."""
        http = self.signed_in("rooms:operate", "rooms:read", subject=subject, client_id=subject)
        for order in (await http.get(f"/v1/work-orders?bar_id={bar_id}")).json()["items"]:
            if order["status"] != "completed":
                done = {"completed_by": {"name": "Finn Fitter", "credential": credential}}
                (await http.post(f"/v1/work-orders/{order['id']}/complete", json=done)).raise_for_status()

    async def clearance(self, room_id: UUID, **params: Any) -> dict[str, Any]:
        answer = await self.http.get(f"/v1/rooms/{room_id}/clearance", params=params)
        found: dict[str, Any] = answer.raise_for_status().json()
        return found

    # sessions

    def request(self, starts_at: datetime, **changed: Any) -> scheduling.AppointmentRequested:
        """An appointment as scheduling asks for it: back-stepping, an hour."""
        terms: dict[str, Any] = {
            "appointment_id": new_id(), "version": 1, "attempt": 1, "branch_id": self.branch_id,
            "treatment_id": self.bar_treatment, "client_id": new_id(), "therapist_id": self.therapist_id,
            "room_id": None, "starts_at": starts_at, "ends_at": starts_at + timedelta(hours=1),
            "turnover_minutes": 15, "requires_bar": True, "room_flexible": True,
            "screening_protocol": "back-stepping",
        }  # fmt: skip
        return scheduling.AppointmentRequested(**(terms | changed))

    async def book(self, starts_at: datetime, **changed: Any) -> UUID:
        """A session that got a room; its appointment id."""
        request = self.request(starts_at, **changed)
        (answer,) = await self.hear(request)
        assert answer["type"].endswith("room.assigned.v1"), answer
        return request.appointment_id

    async def cancel(self, appointment_id: UUID, attempt: int = 1, version: int = 9) -> list[dict[str, Any]]:
        return await self.hear(cancelled(appointment_id, attempt, version, self.branch_id))

    async def hear(self, *events: Event) -> list[dict[str, Any]]:
        """Apply events as the consumer does, in one transaction; what was announced on it."""
        messages = [
            Message(new_id(), event.topic(), str(event.key), event.type, event.model_dump_json().encode(),
                    datetime.now(UTC), None)
            for event in events
        ]  # fmt: skip
        async with self.app.state.database.transaction() as tx:
            before = await tx.scalar("SELECT coalesce(max(seq), 0) FROM outbox")
            await Dispatch(HANDLERS)(tx, messages)
        return await self.announced(before)

    async def announced(self, after: int = 0, kind: str = "", key: UUID | None = None) -> list[dict[str, Any]]:
        """What went to the outbox since: type and payload, in order."""
        async with self.app.state.database.transaction() as tx:
            rows = await tx.all(
                """SELECT type, payload FROM outbox WHERE seq > :after AND type LIKE :kind
                   AND (CAST(:key AS text) IS NULL OR aggregateid = :key) ORDER BY seq""",
                {"after": after, "kind": f"%{kind}%", "key": str(key) if key else None},
            )
        return [{"type": row.type, **orjson.loads(row.payload)} for row in rows]

    async def assignment(self, appointment_id: UUID) -> dict[str, Any]:
        answer = await self.http.get(f"/v1/assignments/{appointment_id}")
        found: dict[str, Any] = answer.raise_for_status().json()
        return found

    async def sql(self, statement: str, *arguments: Any) -> Sequence[Any]:
        """As the service's own role, in one transaction."""
        connection = await asyncpg.connect(self.database.url)
        try:
            async with connection.transaction():
                return list(await connection.fetch(statement, *arguments))
        finally:
            await connection.close()

    async def as_superuser(self, statement: str, *arguments: Any) -> None:
        """What nobody may do: move stored things in time."""
        connection = await asyncpg.connect(self.database.admin_url)
        try:
            await connection.execute("SET session_replication_role = replica")
            await connection.execute(statement, *arguments)
        finally:
            await connection.close()


def cancelled(appointment_id: UUID, attempt: int, version: int, branch_id: UUID) -> scheduling.AppointmentCancelled:
    at = soon()
    return scheduling.AppointmentCancelled(
        appointment_id=appointment_id, version=version, attempt=attempt, branch_id=branch_id, treatment_id=new_id(),
        client_id=None, therapist_id=None, room_id=None, starts_at=at, ends_at=at + timedelta(hours=1),
        reason="client",
    )  # fmt: skip


def displaced(request: scheduling.AppointmentRequested, reason: str) -> scheduling.AppointmentDisplaced:
    """What scheduling says of a confirmed session that lost its room."""
    said = {name: getattr(request, name) for name in scheduling.AppointmentRejected.model_fields if name != "code"}
    return scheduling.AppointmentDisplaced(
        **(said | {"version": request.version + 2}), moved=False, previous_room_id=None, reason=reason
    )


async def back_date_clearance(spa: Spa, room: UUID) -> None:
    """As if the bar had been inspected two days ago."""
    await spa.as_superuser(
        "UPDATE room_clearances SET valid_during = tstzrange($2, upper(valid_during)) WHERE room_id = $1",
        room, soon(-2),
    )  # fmt: skip
