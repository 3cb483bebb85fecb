"""Everything the service can be asked, at random and two or three things at once: after each step the invariant holds.

A run is told by its seed alone. `SEED=… pytest …` repeats one; which of two transactions is first is the machine's.
"""

import asyncio
import os
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import pytest
import pytest_asyncio

from services.room_equipment.handlers.overruns import tell_of_overruns
from shared.kit.ids import new_id
from tests.room_equipment.invariant import broken
from tests.room_equipment.spa import Spa, soon

AT_ONCE = 3
FINE = (200, 201, 403, 404, 409, 422)


class AgreeingPeers:
    """Scheduling and screening, which know every appointment as room-equipment does: only bars can be in the way."""

    def __init__(self, url: str) -> None:
        self.url = url

    async def get(self, peer: str, path: str, *, params: dict[str, Any], timeout: float) -> tuple[int, Any]:
        if peer != "scheduling":
            return 200, {"allowed_to_start": True, "code": None}
        connection = await asyncpg.connect(self.url)
        row = await connection.fetchrow(
            "SELECT * FROM assignments WHERE appointment_id = $1", UUID(path.rsplit("/", 1)[1])
        )
        await connection.close()
        if row is None:
            return 404, {}
        return 200, {
            "status": "confirmed", "branch_id": str(row["branch_id"]), "treatment_id": str(row["treatment_id"]),
            "therapist_id": str(row["therapist_id"]), "starts_at": row["planned_at"].isoformat(),
        }  # fmt: skip

    async def close(self) -> None:
        pass


class Chaos:
    """Two branches and what may happen in them; each verb asks for one thing, whatever becomes of it."""

    def __init__(self, seed: int, home: Spa, away: Spa, admin: "asyncpg.Connection[Any]") -> None:
        self.chance = random.Random(seed)
        self.home, self.away, self.admin = home, away, admin
        self.rooms: list[UUID] = []
        self.bars: list[UUID] = []
        self.therapists: list[UUID] = []
        self.sessions: dict[UUID, int] = {}
        self.done = 0

    async def open(self) -> "Chaos":
        for spa in (self.home, self.home, self.home, self.away):
            room, bar = await spa.cleared_room(self.chance.choice([150, 300]))
            self.rooms.append(room)
            self.bars.append(bar)
        self.therapists = [self.home.therapist_id, await self.home.therapist(70), await self.home.therapist(100)]
        return self

    def pick(self, things: Any) -> Any:
        return self.chance.choice(list(things))

    async def said(self, answer: Awaitable[httpx.Response]) -> None:
        found = await answer
        self.done += 1
        assert found.status_code in FINE, found.text

    def when(self) -> datetime:
        if self.chance.random() < 0.4:  # due now, so that it can start
            return datetime.now(UTC) + timedelta(minutes=self.chance.randrange(1, 9))
        return soon(1 + self.chance.randrange(2)) + timedelta(minutes=30 * self.chance.randrange(10))

    # what scheduling says

    async def request(self) -> None:
        kind = {} if self.chance.random() < 0.8 else {"requires_bar": False, "treatment_id": self.home.massage}
        wish = self.home.request(
            self.when(), therapist_id=self.pick(self.therapists), room_id=self.pick([None, *self.rooms[:3]]),
            room_flexible=self.chance.random() < 0.8, **kind,
        )  # fmt: skip
        self.sessions[wish.appointment_id] = 1
        await self.home.hear(wish)
        self.done += 1

    async def reschedule(self) -> None:
        id = self.pick(self.sessions)
        self.sessions[id] += 1
        again = self.home.request(
            self.when(), appointment_id=id, attempt=self.sessions[id], version=self.sessions[id],
            therapist_id=self.pick(self.therapists), room_id=self.pick([None, None, *self.rooms[:3]]),
        )  # fmt: skip
        await self.home.hear(again)
        self.done += 1

    async def cancel(self) -> None:
        id = self.pick(self.sessions)
        await self.home.cancel(id, self.sessions[id], self.sessions[id] + 1)
        self.done += 1

    # what people do

    async def walk_in(self) -> None:
        id, room = new_id(), self.pick([None, *self.rooms[:3]])
        self.sessions[id] = 1
        body = {
            "appointment_id": str(id), "branch_id": str(self.home.branch_id), "starts_at": self.when().isoformat(),
            "treatment_id": str(self.pick([self.home.bar_treatment, self.home.massage])),
            "therapist_id": str(self.pick(self.therapists)),
        } | ({"room_id": str(room)} if room else {})  # fmt: skip
        await self.said(self.home.http.post("/v1/assignments", json=body))

    async def start(self) -> None:
        row = await self.home.sql(
            """SELECT a.appointment_id, a.therapist_id, a.room_id FROM assignments a WHERE branch_id = $1
               AND started_at IS NULL AND planned_at < clock_timestamp() + interval '10 min' LIMIT 5""",
            self.home.branch_id,
        )
        if not row:
            return
        one = self.pick(row)
        bars = await self.home.sql("SELECT id FROM bars WHERE room_id = $1 AND removed_on IS NULL", one["room_id"])
        result = "fail" if self.chance.random() < 0.1 else "pass"
        body = {
            "therapist_id": str(one["therapist_id"]), "fit_to_perform": self.chance.random() < 0.9,
            "pre_use_checks": [{"bar_id": str(bar["id"]), "result": result} for bar in bars],
        }  # fmt: skip
        await self.said(self.home.http.post(f"/v1/assignments/{one['appointment_id']}/start", json=body))

    async def finish(self) -> None:
        rows = await self.home.sql("SELECT appointment_id FROM assignments WHERE started_at IS NOT NULL")
        if rows:
            path = f"/v1/assignments/{self.pick(rows)['appointment_id']}/finish"
            await self.said(self.home.http.post(path, json={"result": self.pick(["complete", "abort"])}))

    async def measure(self) -> None:
        body = {"mass_kg": self.pick([50, 60, 74, 76, 100, 149]), "measured_on": datetime.now(UTC).date().isoformat()}
        await self.said(self.home.http.put(f"/v1/load-profiles/{self.pick(self.therapists)}", json=body))

    async def lock_out(self) -> None:
        await self.said(self.home.http.post(f"/v1/bars/{self.pick(self.bars)}/lockouts", json={"reason": "report"}))

    async def look(self) -> None:
        body = {"therapist_id": str(self.therapists[0]), "result": self.pick(["pass", "pass", "fail"])}
        await self.said(self.home.http.post(f"/v1/bars/{self.pick(self.bars)}/pre-use-checks", json=body))

    async def inspect(self) -> None:
        kind = self.pick(["periodic", "after_event", "installation"])
        values: dict[str, Any] = {"kind": kind, "load_test_kg": 400}
        if self.chance.random() < 0.3:
            values["valid_until"] = soon(self.pick([1, 2, 60])).date().isoformat()
        result = self.pick(["pass", "pass", "pass", "pass_with_conditions", "fail"])
        if result == "pass_with_conditions":
            values |= {"conditions": "look again", "valid_until": soon(20).date().isoformat()}
        await self.said(self.home.inspect(self.pick(self.bars), result, **values))

    async def mend(self) -> None:
        """Repaired and inspected anew, as it hangs now: what makes rooms come back."""
        bar = self.pick(self.bars)
        await self.home.repaired(bar)
        await self.said(self.home.inspect(bar, kind="installation", load_test_kg=400))

    async def change_bar(self) -> None:
        change = self.pick(
            [
                {"rated_load_kg": 150}, {"rated_load_kg": 300}, {"in_service": False}, {"in_service": True},
                {"room_id": str(self.pick(self.rooms))}, {"serial": f"N-{new_id().hex[-10:]}"}, {"mounting": "wall"},
                {"removed_on": "2026-01-01"}, {"removed_on": None}, {"material": "ash"},
            ]
        )  # fmt: skip
        head = {"If-Match": "*"}
        await self.said(self.home.http.patch(f"/v1/bars/{self.pick(self.bars)}", json=change, headers=head))

    async def mount(self) -> None:
        if len(self.bars) < 7:
            self.bars.append(await self.home.bar(self.pick(self.rooms), 300))
            self.done += 1

    async def change_room(self) -> None:
        change = self.pick([{"in_service": False}, {"in_service": True}, {"in_service": True}, {"bars_required": 1}])
        head = {"If-Match": "*"}
        await self.said(self.home.http.patch(f"/v1/rooms/{self.pick(self.rooms)}", json=change, headers=head))

    async def clock(self) -> None:
        async with self.home.app.state.database.transaction() as tx:
            await tell_of_overruns(tx)
        self.done += 1

    VERBS: dict[str, int] = {  # noqa: RUF012
        "request": 9, "reschedule": 3, "cancel": 3, "walk_in": 3, "start": 6, "finish": 3, "measure": 2, "lock_out": 1,
        "look": 1, "inspect": 3, "mend": 5, "change_bar": 2, "mount": 1, "change_room": 2, "clock": 1,
    }  # fmt: skip

    async def step(self) -> list[str]:
        names = self.chance.choices(list(self.VERBS), list(self.VERBS.values()), k=self.chance.randint(1, AT_ONCE))
        if not self.sessions:
            names = ["request"]
        verbs: list[Callable[[], Awaitable[None]]] = [getattr(self, name) for name in names]
        done = await asyncio.gather(*(verb() for verb in verbs), return_exceptions=True)
        for name, outcome in zip(names, done, strict=True):
            if isinstance(outcome, BaseException):
                raise AssertionError(f"{name} beside {names}") from outcome
        return names


@pytest_asyncio.fixture(loop_scope="session")
async def admin(spa: Spa) -> "AsyncIterator[asyncpg.Connection[Any]]":
    connection = await asyncpg.connect(spa.database.admin_url)
    kept, spa.app.state.peers = spa.app.state.peers, AgreeingPeers(spa.database.admin_url)
    yield connection
    spa.app.state.peers = kept
    await connection.close()


async def run(seed: int, steps: int, spa: Spa, admin: "asyncpg.Connection[Any]") -> int:
    home, away = [await Spa(spa.app, spa.mint, spa.database).open() for _ in range(2)]
    chaos = await Chaos(seed, home, away, admin).open()
    print(f"SEED={seed}")
    for number in range(steps):
        try:
            names = await chaos.step()
        except AssertionError as error:
            raise AssertionError(f"SEED={seed}, step {number}: {error}") from error
        found = await broken(admin)
        assert not found, f"SEED={seed}, step {number}, after {names}: {found}"
    return chaos.done


SEEDS = [int(os.environ["SEED"])] if "SEED" in os.environ else [1, 2, 3]


@pytest.mark.parametrize("seed", SEEDS)
async def test_whatever_is_asked_at_once_nothing_uncovered_overloaded_or_doubled_is_ever_there(
    seed: int, spa: Spa, admin: "asyncpg.Connection[Any]"
) -> None:
    assert await run(seed, 90, spa, admin) > 100


@pytest.mark.long
@pytest.mark.timeout(1800)
async def test_whatever_is_asked_for_long(spa: Spa, admin: "asyncpg.Connection[Any]") -> None:
    for _ in range(20):
        await run(random.SystemRandom().randrange(10**9), 400, spa, admin)
