"""Load: a chain's busy hour, as an open loop of careful clients who repeat a command until it is answered for good."""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import ClassVar

import httpx

from tests.journeys.chain import Chain, Json, Spa, at, inspection
from tests.journeys.desk import new_key

PATIENCE = 120.0
"""Seconds until a client gives up, which fails the run: nothing here lasts so long."""


@dataclass
class Load:
    """`rate` commands a second, whatever becomes of them; over a third of the bookings want what others want."""

    SIGNED_BY: ClassVar[str] = "Chaotina Canarysigner"
    OPERATED_ON: ClassVar[str] = "1987-03-18"

    chain: Chain
    spas: list[Spa]
    chance: random.Random
    rate: float
    answered: Counter[int] = field(default_factory=Counter)
    confirmed: list[str] = field(default_factory=list)
    commands: Counter[str] = field(default_factory=Counter)
    screened: int = 0
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _repairing: set[str] = field(default_factory=set)

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`, and then until every command has its final answer. Raises what a client could not bear."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        while not stop.is_set():
            self._begin(self._next())
            due += self.chance.expovariate(self.rate)
            await asyncio.sleep(max(0.0, due - loop.time()))
        for done in await asyncio.gather(*self._tasks, return_exceptions=True):
            if isinstance(done, BaseException):
                raise done

    def _begin(self, work: Awaitable[None]) -> None:
        self._tasks.add(asyncio.ensure_future(work))  # kept: a failure is raised at the end

    def _next(self) -> Awaitable[None]:
        kinds: dict[str, tuple[int, Callable[[], Awaitable[None]]]] = {
            "book": (66, self.book),
            "hold": (8, self.hold),
            "reschedule": (10, self.reschedule),
            "cancel": (8, self.cancel),
            "lock out": (2, self.lock_out),
            "register": (6, self.register),
        }
        name = self.chance.choices(list(kinds), [weight for weight, _ in kinds.values()])[0]
        self.commands[name] += 1
        return kinds[name][1]()

    async def book(self) -> None:
        """Forty of a hundred for one of a few hours of one therapist, the rest somewhere in three weeks."""
        wish, key = self._wish(), new_key()
        answer = await self._insist(
            "scheduling", "/v1/appointments", wish | {"notes": f"once {key}"}, key, self._patience()
        )
        if answer.status_code == 201:
            self.confirmed.append(answer.json()["id"])

    async def hold(self) -> None:
        """Held, and then confirmed, given back, or forgotten."""
        wish, key = self._wish(), new_key()
        held = await self._insist("scheduling", "/v1/holds", wish | {"minutes": 1}, new_key())
        if held.status_code != 201:
            return
        path, next_step = f"/v1/holds/{held.json()['id']}", self.chance.random()
        if next_step < 0.7:
            answer = await self._insist(
                "scheduling", f"{path}/confirm", {"notes": f"once {key}"}, key, self._patience()
            )
            if answer.status_code == 201:
                self.confirmed.append(answer.json()["id"])
        elif next_step < 0.9:
            with suppress(httpx.HTTPError):
                await self.chain.desk.send("DELETE", "scheduling", path, timeout=10)

    async def reschedule(self) -> None:
        """A booked session to some other time, half of them to the hours that many want."""
        if self.confirmed:
            starts_at = self._wanted_time() if self.chance.random() < 0.5 else self._some_time()
            path = f"/v1/appointments/{self.chance.choice(self.confirmed)}/reschedule"
            body = {"starts_at": starts_at.isoformat()}
            await self._insist("scheduling", path, body, new_key(), self._patience())

    def _wish(self) -> Json:
        spa = self.chance.choice(self.spas)
        if self.chance.random() < 0.4:
            return spa.wish(self._wanted_time(), therapist_id=spa.therapists[0]["id"])
        return spa.wish(self._some_time(), therapist_id=self._perhaps(spa.therapists), room_id=self._perhaps(spa.rooms))

    def _patience(self) -> dict[str, str]:
        return {"Prefer": f"wait={self.chance.choice((0, 2, 5))}"}

    def _wanted_time(self) -> datetime:
        return at(2, 9) + timedelta(minutes=30 * self.chance.randrange(12))

    async def cancel(self) -> None:
        if self.confirmed:
            id = self.confirmed.pop(self.chance.randrange(len(self.confirmed)))
            await self._insist("scheduling", f"/v1/appointments/{id}/cancel", {}, new_key())

    async def lock_out(self) -> None:
        """A bar is locked out, repaired by one person and inspected by another."""
        bar = self.chance.choice(self.chance.choice(self.spas).rooms)["bars"][0]
        if bar["id"] in self._repairing:
            return
        self._repairing.add(bar["id"])
        path = f"/v1/bars/{bar['id']}"
        said = await self._insist("room_equipment", f"{path}/lockouts", {"reason": "chaos", "note": ""}, new_key())
        order = said.json()["lockout"]["work_order_id"]
        body: Json = {"completed_by": {"name": "Repair & Co", "credential": "WELD-1"}}
        await self._insist("room_equipment", f"/v1/work-orders/{order}/complete", body, new_key())
        report, inspector = inspection(bar, kind="after_event"), self.chain.inspector
        passed = await inspector.insist(
            "room_equipment", f"{path}/inspections", report, key=new_key(), seconds=PATIENCE, timeout=10
        )
        assert passed.status_code == 201, passed.text
        self._repairing.discard(bar["id"])

    async def register(self) -> None:
        spa, key = self.chance.choice(self.spas), new_key()
        body = {"branch_ids": [spa.branch["id"]], "name": "Ada Example", "email": f"{key}@example.com"}
        answer = await self._insist("scheduling", "/v1/clients", body, key)
        assert answer.status_code == 201, answer.text
        await self._screen(answer.json())

    async def _screen(self, client: Json) -> None:
        """With answers that must be found nowhere, whatever is killed meanwhile."""
        declared = {"joint_surgery": "yes", "joint_surgery_on": self.OPERATED_ON}
        body = await self.chain.screening(client | {"name": self.SIGNED_BY}, **declared)
        answer = await self._insist("screening", "/v1/screenings", body, new_key())
        unknown_yet = answer.status_code == 422 and answer.json()["code"] == "unknown_client"
        assert answer.status_code == 201 or unknown_yet, answer.text
        self.screened += answer.status_code == 201

    async def _insist(
        self, service: str, path: str, body: Json, key: str, headers: dict[str, str] | None = None
    ) -> httpx.Response:
        answer = await self.chain.desk.insist(
            service, path, body, key=key, seconds=PATIENCE, timeout=10, headers=headers or {}
        )
        self.answered[answer.status_code] += 1
        return answer

    def _some_time(self) -> datetime:
        return at(3, 0) + timedelta(minutes=15 * self.chance.randrange(20 * 24 * 4))

    def _perhaps(self, nouns: list[Json]) -> str | None:
        return self.chance.choice(nouns)["id"] if self.chance.random() < 0.5 else None
