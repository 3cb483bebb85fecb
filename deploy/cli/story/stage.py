"""Where the story takes place: one branch, its rooms and people, the treatment on the bars, and the mailbox."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from rich.markup import escape

from deploy.cli.chain.services import Refusal, Services
from deploy.cli.story.telling import Teller

T = TypeVar("T")
Found = dict[str, Any]
AHEAD = timedelta(days=13)


class CannotTell(Exception):
    """The system has not what the story needs; the message says what to do."""


@dataclass
class Stage:
    """Everything the acts use.

    `reception` is a sign-in that may not read health answers, or None. `clients` are those met so far, by id; `cast`
    holds the ids of the story's own.
    """

    services: Services
    tell: Teller
    branch: Found
    treatment: Found
    rooms: dict[str, Found]
    clearance: dict[str, Found]
    therapists: dict[str, Found]
    mailbox: str | None
    reception: Services | None = None
    most_rows: int = 10
    clients: dict[str, Found] = field(default_factory=dict)
    cast: set[str] = field(default_factory=set)

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.branch["timezone"])

    def when(self, instant: str) -> str:
        """`Tue 24 Nov, 14:00`, by the branch's clock."""
        return f"{datetime.fromisoformat(instant).astimezone(self.zone):%a %d %b, %H:%M}"

    def day(self, instant: str) -> str:
        return f"{datetime.fromisoformat(instant).astimezone(self.zone):%d %b %Y}"

    def room(self, id: str | None) -> str:
        """`room 3 “Plum”`."""
        found = self.rooms.get(id or "")
        return escape(f"room {found['code']} “{found['name']}”") if found else "no room"

    def therapist(self, id: str | None) -> str:
        found = self.therapists.get(id or "")
        return escape(found["name"]) if found else "nobody"

    async def client_name(self, id: str) -> str:
        if id not in self.clients:
            self.clients[id] = await self.services.get("scheduling", f"/v1/clients/{id}")
        return escape(self.clients[id]["name"])

    async def slots(self, from_: datetime | None = None) -> list[Found]:
        """Free starts for the treatment from tomorrow on."""
        start = from_ or datetime.now(UTC) + timedelta(hours=12)
        answer = await self.services.get(
            "scheduling",
            "/v1/availability",
            treatment_id=self.treatment["id"],
            branch_id=self.branch["id"],
            **{"from": start.isoformat(), "to": (start + AHEAD).isoformat()},
        )
        return list(answer["slots"])

    async def book(self, client: Found, **wish: Any) -> tuple[Found, float]:
        """(the confirmed appointment, seconds). Raises Refusal with the saga's reason."""
        body = {"branch_id": self.branch["id"], "treatment_id": self.treatment["id"], "client_id": client["id"], **wish}
        began = time.monotonic()
        answer = await self.services.post("scheduling", "/v1/appointments", body, wait=20)
        took = time.monotonic() - began
        if answer["status"] == "pending":
            answer = await self.until(lambda: self._settled(answer["id"]), "the booking's outcome", 40)
        return answer, took

    async def _settled(self, id: str) -> Found | None:
        found: Found = await self.services.get("scheduling", f"/v1/appointments/{id}")
        if found["status"] == "rejected":
            raise Refusal(409, {"code": found["code"], "detail": ""}, "POST /v1/appointments")
        return None if found["status"] == "pending" else found

    async def mails(self, to: str) -> list[Found]:
        """Mails caught for an address, newest first; none where no mail catcher runs."""
        if self.mailbox is None:
            return []
        answer = await self.services.http.get(self.mailbox, params={"to": to}, headers={"Accept": "application/json"})
        return list(answer.json()["items"]) if answer.status_code == 200 else []

    async def until(self, look: Callable[[], Awaitable[T | None]], what: str, seconds: float = 20) -> T:
        """Look until there is something. Raises CannotTell when it does not come."""
        deadline = time.monotonic() + seconds
        while True:
            if found := await look():
                return found
            if time.monotonic() > deadline:
                raise CannotTell(f"{what} did not come within {seconds:.0f} s: see `caibei lag` and `caibei doctor`")
            await asyncio.sleep(0.1)
