"""What surrounds notification: a scheduling that says what the test wants, and a mail server that can be rude."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any
from uuid import UUID

import uvicorn
from aiosmtpd.smtp import SMTP, Envelope, Session
from fastapi import FastAPI, HTTPException, Query

from shared.kit.ids import new_id

START = datetime.now(UTC).replace(microsecond=0) + timedelta(days=3)


class Scheduling:
    """The reads notification makes, answered from dicts; `assets` are room-equipment's, `invitation-links` screening's.

    `down` makes every answer a 503, `without` those of a kind.
    """

    def __init__(self) -> None:
        self.rows: dict[str, dict[str, dict[str, Any]]] = {
            name: {}
            for name in (
                "appointments",
                "clients",
                "branches",
                "treatments",
                "therapists",
                "assets",
                "invitation-links",
                "choices",
                "suitable-treatments",
                "offer-letters",
            )
        }
        self.down = False
        self.without: set[str] = set()
        self.asked: list[str] = []
        self.url = ""

    def add(self, kind: str, **fields: Any) -> UUID:
        id = new_id()
        self.rows[kind][str(id)] = {"id": str(id)} | fields
        return id

    def branch(self, **changes: Any) -> UUID:
        fields = {"name": "Caibei Madrid", "timezone": "Europe/Madrid", "locale": "es", "phone": "+34 91 000 000"}
        return self.add("branches", **fields | {"contact_email": "desk@madrid.example"} | changes)

    def client(self, **changes: Any) -> UUID:
        fields = {"name": "Ana López", "email": "ana@example.org", "locale": "en", "contact": {"channels": ["email"]}}
        return self.add("clients", **fields | changes)

    def treatment(self) -> UUID:
        return self.add("treatments", name="Back-stepping 60")

    def therapist(self) -> UUID:
        return self.add("therapists", name="Mei Lin")

    def change(self, id: UUID, **fields: Any) -> None:
        next(rows for rows in self.rows.values() if str(id) in rows)[str(id)].update(fields)

    def app(self) -> FastAPI:
        app = FastAPI()

        @app.post("/oauth/token")
        async def token() -> dict[str, Any]:
            return {"access_token": "t", "expires_in": 600}

        @app.get("/v1/{kind}")
        async def many(kind: str, id: list[str] = Query()) -> dict[str, Any]:
            self._ask(kind)
            return {"items": [self.rows[kind][each] for each in id if each in self.rows[kind]], "next_cursor": None}

        @app.get("/v1/{kind}/{id}")
        async def one(kind: str, id: str) -> dict[str, Any]:
            self._ask(f"{kind}/one")
            if id not in self.rows[kind]:
                raise HTTPException(404)
            return self.rows[kind][id]

        return app

    def _ask(self, what: str) -> None:
        self.asked.append(what)
        if self.down or what in self.without:
            raise HTTPException(503)


class MailServer:
    """Takes mails, unless `answers` says otherwise: {address: the answer to its RCPT}. Each takes `seconds`."""

    def __init__(self) -> None:
        self.mails: list[tuple[str, EmailMessage]] = []
        self.answers: dict[str, str] = {}
        self.seconds = 0.0
        self.connections = 0
        self.port = 0
        self._server: asyncio.Server | None = None

    async def handle_EHLO(
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        self.connections += 1
        session.host_name = hostname
        return responses

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = self.answers.get(address, "250 OK")
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        assert isinstance(envelope.content, bytes)
        read = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(read, EmailMessage)
        await asyncio.sleep(self.seconds)
        self.mails += [(address, read) for address in envelope.rcpt_tos]
        return "250 OK"

    def to(self, address: str) -> list[EmailMessage]:
        return [mail for recipient, mail in self.mails if recipient == address]

    async def start(self) -> None:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: SMTP(self, hostname="mail.test", loop=loop), "127.0.0.1", self.port
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None


async def until(true: Callable[[], bool], seconds: float = 20) -> None:
    """Wait for a condition of this process."""
    async with asyncio.timeout(seconds):
        while not true():
            await asyncio.sleep(0.02)


@asynccontextmanager
async def served(app: FastAPI) -> AsyncIterator[str]:
    """The app on a port of its own, until the block ends; gives its address."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, ws="none", lifespan="off"))
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        await serving
        listener.close()
