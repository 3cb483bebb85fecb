"""The rest of the chain as screening knows it: events in, HTTP by role, answers out."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import orjson
from fastapi import FastAPI

from services.screening.consumers import HANDLERS
from services.screening.domain.protocol import Section
from services.screening.protocols import shipped
from shared.events import scheduling
from shared.events.base import Event
from shared.kit.ids import new_id
from shared.kit.inbox import Dispatch, Message
from shared.kit.testing import TokenMint, client
from tests.screening.builders import BACK_STEPPING, declaring, healthy
from tests.servers import ServiceDatabase

RECEPTION = ("screening:read", "screening:write")
CLINICIAN = (*RECEPTION, "screening:answers")
THERAPIST = ("screening:read", "screening:limits")

SIGNED = {"name": "Ada Example", "relationship": "self"}


def soon(hours: float = 1) -> datetime:
    return datetime.now(UTC) + timedelta(hours=hours)


class Chain:
    """One chain with a branch; each has fresh ids, so tests share a database."""

    def __init__(self, app: FastAPI, mint: TokenMint, database: ServiceDatabase) -> None:
        self.app = app
        self.admin_url = database.admin_url
        self.runtime_url = database.url
        self.mint = mint
        self.branch_id = new_id()

    async def hear(self, *events: Event) -> list[dict[str, Any]]:
        """Apply events as the consumer does, in one transaction; gives what was announced on it."""
        messages = [
            Message(new_id(), event.topic(), str(event.key), event.type, event.model_dump_json().encode(),
                    datetime.now(UTC), None)
            for event in events
        ]  # fmt: skip
        before = await self.outbox_end()
        async with self.app.state.database.transaction() as tx:
            await Dispatch(HANDLERS)(tx, messages)
        return await self.announced(before)

    async def outbox_end(self) -> int:
        async with self.app.state.database.transaction() as tx:
            return int(await tx.scalar("SELECT coalesce(max(seq), 0) FROM outbox"))

    async def announced(self, after: int = 0) -> list[dict[str, Any]]:
        """What went to the outbox since: type and payload."""
        async with self.app.state.database.transaction() as tx:
            rows = await tx.all("SELECT type, payload FROM outbox WHERE seq > :after ORDER BY seq", {"after": after})
        return [{"type": row.type, **orjson.loads(row.payload)} for row in rows]

    async def branch(self, timezone: str = "Europe/Berlin", id: UUID | None = None) -> UUID:
        id = id or self.branch_id
        await self.hear(
            scheduling.BranchRegistered(branch_id=id, version=1, code="b", timezone=timezone, opening_hours={})
        )
        return id

    async def client(self, branch_ids: Sequence[UUID] | None = None) -> UUID:
        """A client the chain has registered."""
        id = new_id()
        if branch_ids is None:
            branch_ids = [await self.branch()]
        await self.hear(scheduling.ClientRegistered(client_id=id, version=1, branch_ids=list(branch_ids)))
        return id

    def request(self, client_id: UUID | None, starts_at: datetime | None = None, **changed: Any) -> Any:
        """An appointment as scheduling asks for it."""
        starts_at = starts_at or soon()
        terms: dict[str, Any] = {
            "appointment_id": new_id(), "version": 1, "attempt": 1, "branch_id": self.branch_id,
            "treatment_id": new_id(), "client_id": client_id, "therapist_id": new_id(), "room_id": None,
            "starts_at": starts_at, "ends_at": starts_at + timedelta(hours=1), "turnover_minutes": 15,
            "requires_bar": True, "room_flexible": True, "screening_protocol": "back-stepping",
        }  # fmt: skip
        return scheduling.AppointmentRequested(**(terms | changed))

    async def book(self, client_id: UUID | None, starts_at: datetime | None = None, **changed: Any) -> str | None:
        """Ask for an appointment; gives the code screening blocks it with, None when cleared."""
        (answer,) = await self.hear(self.request(client_id, starts_at, **changed))
        code: str | None = answer.get("code")
        assert answer["type"].endswith("blocked.v1" if code else "cleared.v1")
        return code

    def http(self, *scopes: str, **claims: Any) -> httpx.AsyncClient:
        return client(self.app, self.mint.bearer(*(scopes or RECEPTION), **claims))

    async def screened(self, client_id: UUID, *scopes: str, **answers: str) -> dict[str, Any]:
        """Screen a client for back-stepping who is healthy but for these answers."""
        response = await self.post("/v1/screenings", questionnaire(client_id, **answers), *(scopes or CLINICIAN))
        assert response.status_code == 201, response.text
        body: dict[str, Any] = response.json()
        return body

    async def screened_for(self, client_id: UUID, protocol: str, **answers: str) -> dict[str, Any]:
        """The same, for another protocol."""
        response = await self.post("/v1/screenings", questionnaire(client_id, protocol, **answers), *CLINICIAN)
        assert response.status_code == 201, response.text
        body: dict[str, Any] = response.json()
        return body

    async def as_superuser(self, statement: str, *arguments: Any) -> str:
        """Do what the service's own role may not: move what is stored in time, swap rows, look at everything."""
        connection = await asyncpg.connect(self.admin_url)
        try:
            return str(await connection.execute(statement, *arguments))
        finally:
            await connection.close()

    async def post(self, path: str, body: Any, *scopes: str, **claims: Any) -> httpx.Response:
        async with self.http(*scopes, **claims) as http:
            return await http.post(path, json=body)

    async def get(self, path: str, *scopes: str, **claims: Any) -> httpx.Response:
        async with self.http(*scopes, **claims) as http:
            return await http.get(path)


def questionnaire(client_id: UUID, protocol: str = "back-stepping", **answers: str) -> dict[str, Any]:
    """A signed questionnaire of a client who is healthy but for these answers."""
    return {
        "client_id": str(client_id),
        "protocol": protocol,
        "protocol_version": shipped().get(protocol).version,
        "answers": declaring(shipped().get(protocol), **answers),
        "advisory_acknowledged": True,
        "signed_by": SIGNED,
    }


def letter(**changed: Any) -> dict[str, Any]:
    """A professional's letter without limits, issued today."""
    terms: dict[str, Any] = {
        "professional": {"name": "Dr. Grace Example", "role": "general practitioner", "registration": "R-1"},
        "verdict": "no_limits",
        "limits": [],
        "issued_on": datetime.now(UTC).date().isoformat(),
    }
    return terms | changed


def at_the_door(client_id: UUID, appointment_id: UUID, **answers: str) -> dict[str, Any]:
    """Arrival answers, healthy but for these."""
    return {
        "client_id": str(client_id),
        "appointment_id": str(appointment_id),
        "answers": healthy(BACK_STEPPING, Section.ARRIVAL) | answers,
    }
