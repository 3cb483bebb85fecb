"""notification on a real database, between a scheduling and a mail server the test directs."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest

from services.notification.asking import Scheduling as Asking
from services.notification.bell import Bell
from services.notification.consumers import HANDLERS
from services.notification.sender import Sender
from services.notification.settings import Settings
from services.notification.smtp import Connections
from shared.events import Event
from shared.events.scheduling import AppointmentCancelled, AppointmentConfirmed, AppointmentDisplaced
from shared.kit.database import Database
from shared.kit.ids import new_id
from shared.kit.inbox import Dispatch, Message
from shared.kit.peers import Peers
from shared.kit.settings import CommonSettings
from tests.conftest import MakeDatabase
from tests.notification.world import START, MailServer, Scheduling, served
from tests.servers import ServiceDatabase


@pytest.fixture(scope="module")
async def scheduling() -> AsyncIterator[Scheduling]:
    world = Scheduling()
    async with served(world.app()) as world.url:
        yield world


@pytest.fixture
async def mail_server() -> AsyncIterator[MailServer]:
    server = MailServer()
    await server.start()
    yield server
    await server.stop()


@dataclass
class Notification:
    """The service without its processes: the test lets events in and says when the sender takes its turn."""

    database: Database
    service_database: ServiceDatabase
    sender: Sender
    connections: Connections
    scheduling: Scheduling
    mail_server: MailServer
    settings: Settings
    peers: Peers

    async def hear(self, *events: Event, ids: list[UUID] | None = None) -> list[UUID]:
        """Handle them as one batch, as the consumer does. Returns the events' ids."""
        ids = ids or [new_id() for _ in events]
        messages = [
            Message(id, event.topic(), str(event.key), event.type, event.model_dump_json().encode(), START, None)
            for id, event in zip(ids, events, strict=True)
        ]
        async with self.database.transaction() as tx:
            await Dispatch(HANDLERS)(tx, messages)
        return ids

    async def turn(self) -> None:
        """Let the sender work until nothing is due."""
        while await self.sender.turn(self.connections):
            pass

    async def rows(self, statement: str = "SELECT * FROM messages ORDER BY id", **params: Any) -> list[Any]:
        async with self.database.transaction() as tx:
            return list(await tx.all(statement, params))

    async def states(self) -> dict[str, str]:
        """{template to recipient: state, with the reason}"""
        return {f"{row.template} to {row.recipient}": f"{row.state} {row.reason}".strip() for row in await self.rows()}

    async def let_time_pass(self) -> None:
        """Every wait, pause and lease is over."""
        self.sender.resumes = 0.0
        async with self.database.transaction() as tx:
            await tx.run("UPDATE messages SET next_attempt_at = now() WHERE state IN ('queued', 'sending')")

    async def announced(self) -> list[str]:
        return [row.type for row in await self.rows("SELECT type FROM outbox ORDER BY seq")]

    def booking(self, status: str = "confirmed", **changes: Any) -> dict[str, Any]:
        """A booking in scheduling; the fields its events share."""
        fields = {
            "branch_id": changes.pop("branch_id", None) or self.scheduling.branch(),
            "treatment_id": self.scheduling.treatment(),
            "client_id": changes.pop("client_id", None) or self.scheduling.client(),
            "therapist_id": self.scheduling.therapist(),
            "room_id": new_id(),
            "starts_at": START,
        } | changes
        id = self.scheduling.add(
            "appointments",
            status=status,
            **{k: v.isoformat() if isinstance(v, datetime) else str(v) for k, v in fields.items()},
        )
        return fields | {"appointment_id": id, "version": 2, "attempt": 1, "ends_at": START}

    def confirmed(self, **changes: Any) -> AppointmentConfirmed:
        return AppointmentConfirmed(**self.booking(**changes), assignment_version=1)

    def cancelled(self, booking: Event, reason: str = "client") -> AppointmentCancelled:
        return AppointmentCancelled.model_validate(booking.model_dump() | {"reason": reason})

    def displaced(self, moved: bool, **changes: Any) -> AppointmentDisplaced:
        booking = self.booking("confirmed" if moved else "needs_attention", **changes)
        return AppointmentDisplaced(**booking, moved=moved, previous_room_id=new_id(), reason="failed")


@pytest.fixture
async def notification(
    database: MakeDatabase, scheduling: Scheduling, mail_server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Notification]:
    scheduling.down = False
    scheduling.asked.clear()
    own = database("notification")
    environment = own.environment | {
        "CAIBEI_SCHEDULING_URL": scheduling.url,
        "CAIBEI_ROOM_EQUIPMENT_URL": scheduling.url,
        "CAIBEI_SCREENING_URL": scheduling.url,
        "CAIBEI_IDENTITY_URL": scheduling.url,
        "CAIBEI_NOTIFICATION_SMTP_PORT": str(mail_server.port),
        "CAIBEI_NOTIFICATION_NICENESS": "0",
        "CAIBEI_NOTIFICATION_GATHER_SECONDS": "0.01",
        "CAIBEI_NOTIFICATION_CLIENT_ID": "notification",
        "CAIBEI_NOTIFICATION_CLIENT_SECRET": "secret",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    settings = Settings()
    db, peers = Database(own.url), Peers(CommonSettings(), settings)
    async with Connections(settings) as connections:
        sender = Sender(db, Asking(peers), settings, Bell())
        yield Notification(db, own, sender, connections, scheduling, mail_server, settings, peers)
    await peers.close()
    await db.close()
