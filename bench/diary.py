"""Scheduling alone, with a diary as full as a big chain's, written straight into its tables.

A branch has 12 rooms (cleared, two clearances each), 20 therapists on shift from open to close (10:00 to 22:00), and its
rooms booked at 70 % of what fits, in sessions of an hour with a quarter of turnover.
"""

import asyncio
import os
import random
import secrets
import sys
import tempfile
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import aiohttp
import asyncpg
import psutil

from bench.baselines import until_up
from bench.servers import Servers
from deploy.embedded.databases import database_name, ensure_service, owner_role, runtime_role, with_login
from deploy.embedded.ports import pick
from shared.kit.ids import new_id
from shared.kit.testing import TokenMint

ROOMS, THERAPISTS, SHARE = 12, 20, 0.7
LENGTH, STEP = timedelta(hours=1), timedelta(minutes=75)
HOURS = {day: [["10:00", "22:00"]] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}
ZONE, OPENS = "Asia/Shanghai", 2  # 10:00 there is 02:00 in UTC all year


@dataclass
class Branch:
    id: UUID
    rooms: list[UUID]
    therapists: list[UUID]


@dataclass
class Diary:
    """Its API, and what is in it. `pid` is the one worker that answers."""

    url: str
    http: aiohttp.ClientSession
    pid: int
    database: asyncpg.Connection
    treatment: UUID = field(default_factory=new_id)
    client: UUID = field(default_factory=new_id)
    branches: list[Branch] = field(default_factory=list)
    today: date = field(default_factory=lambda: datetime.now(UTC).date())
    stored: int = 0
    chance: random.Random = field(default_factory=lambda: random.Random(5))

    def cpu_seconds(self) -> float:
        """Of the worker alone."""
        times = psutil.Process(self.pid).cpu_times()
        return float(times.user + times.system)

    async def copy(self, table: str, columns: str, rows: Iterable[tuple[Any, ...]]) -> None:
        await self.database.copy_records_to_table(table, columns=columns.split(), records=rows)

    async def open_branch(self, number: int) -> None:
        """A branch, its people and its cleared rooms, with nothing booked."""
        branch = Branch(new_id(), [new_id() for _ in range(ROOMS)], [new_id() for _ in range(THERAPISTS)])
        self.branches.append(branch)
        await self.copy("branches", "id code name timezone locale opening_hours",
                        [(branch.id, f"B{number}", f"Branch {number}", ZONE, "en", _json(HOURS))])  # fmt: skip
        await self.copy("therapists", "id name", [(id, "Therapist") for id in branch.therapists])
        await self.copy("therapist_branches", "therapist_id branch_id", [(id, branch.id) for id in branch.therapists])
        await self.copy("therapist_skills", "therapist_id skill certified_until",
                        [(id, "back-stepping", self.today + timedelta(days=300)) for id in branch.therapists])  # fmt: skip
        await self.copy("load_profiles", "therapist_id version state", [(id, 1, "valid") for id in branch.therapists])
        shifts = [(new_id(), id) for id in branch.therapists]
        opens = [self._opening(day) for day in range(-1, 400)]
        from_, to = (datetime.fromisoformat(f"2026-01-01T{hour}:00") for hour in (10, 22))
        await self.copy("shifts", "id therapist_id branch_id starts_local ends_local repeat expanded_until",
                        [(shift, id, branch.id, from_, to, "FREQ=DAILY", opens[-1])
                         for shift, id in shifts])  # fmt: skip
        await self.copy("shift_windows", "shift_id therapist_id branch_id during",
                        [(shift, id, branch.id, _during(at, timedelta(hours=12)))
                         for shift, id in shifts for at in opens])  # fmt: skip
        await self.copy("rooms", "id branch_id code version clearance_version",
                        [(id, branch.id, f"R{n}", 1, 1) for n, id in enumerate(branch.rooms)])  # fmt: skip
        heavy, change = branch.therapists[:2], self._opening(7)
        await self.copy("room_clearances", "room_id during excluded_therapist_ids",
                        [row for id in branch.rooms for row in (
                            (id, _during(self._opening(-30), change - self._opening(-30)), heavy),
                            (id, _during(change, timedelta(days=180)), []))])  # fmt: skip

    async def book(self, branch: Branch, days: Iterable[int], *, finished: bool = False) -> None:
        """Book these days (0 is today). What is finished has left the therapists' and the rooms' time."""
        rows = [row for day in days for row in self._day(branch, day)]
        status = "completed" if finished else "confirmed"
        await self.copy(
            "appointments",
            "id status version attempt branch_id treatment_id client_id therapist_id therapist_named room_id room_flexible"
            " starts_at ends_at starts_local timezone turnover_minutes requires_bar assignment_version created_by",
            [(id, status, 2, 1, branch.id, self.treatment, self.client, who, False, room, True, at, at + LENGTH,
              at.replace(tzinfo=None) + timedelta(hours=8), ZONE, 15, True, 1, "bench")
             for id, who, room, at in rows],
        )  # fmt: skip
        await self.copy("assignments_seen", "appointment_id assignment_version room_id during",
                        [(id, 1, room, None if finished else _during(at, STEP)) for id, _, room, at in rows])  # fmt: skip
        if not finished:
            await self.copy("therapist_claims", "appointment_id attempt therapist_id during",
                            [(id, 1, who, _during(at, LENGTH)) for id, who, _, at in rows])  # fmt: skip
        self.stored += len(rows)

    async def rebook(self, branch: Branch) -> None:
        """Another hour of the next fortnight is taken, at the end of a day; the next time it is given back."""
        therapist = self.chance.choice(branch.therapists)
        at = self._opening(self.chance.randrange(1, 14)) + timedelta(hours=11, minutes=45)
        given = await self.database.fetchval(
            "DELETE FROM therapist_claims WHERE therapist_id = $1 AND lower(during) = $2 RETURNING 1", therapist, at
        )
        if given is None:
            await self.copy("therapist_claims", "appointment_id attempt therapist_id during",
                            [(new_id(), 1, therapist, _during(at, LENGTH))])  # fmt: skip

    async def settle(self) -> None:
        """As an hour later: statistics gathered, pages all visible."""
        await self.database.execute("VACUUM ANALYZE")

    def _day(self, branch: Branch, day: int) -> Iterable[tuple[UUID, UUID, UUID, datetime]]:
        chance = random.Random(day)
        busy: dict[UUID, datetime] = {}
        wanted = [(self._opening(day) + timedelta(minutes=15 * (n % 4)) + STEP * k, room)
                  for n, room in enumerate(branch.rooms) for k in range(9) if chance.random() < SHARE]  # fmt: skip
        for at, room in sorted(wanted):
            free = [who for who in branch.therapists if who not in busy or busy[who] <= at]
            who = chance.choice(free)
            busy[who] = at + LENGTH
            yield new_id(), who, room, at

    def _opening(self, day: int) -> datetime:
        return datetime(self.today.year, self.today.month, self.today.day, OPENS, tzinfo=UTC) + timedelta(days=day)


@asynccontextmanager
async def diary(servers: Servers) -> AsyncIterator[Diary]:
    """An empty scheduling on a database of its own: one API process, and nothing that consumes or relays."""
    url, owner_url, admin_url = await _database(servers.postgres)
    mint, port = TokenMint(), pick()[0]
    with tempfile.TemporaryDirectory(prefix="caibei-bench-") as name:
        environment = {
            **os.environ, **mint.environment(Path(name)), "CAIBEI_SCHEDULING_DATABASE_URL": url,
            "CAIBEI_SCHEDULING_MIGRATION_URL": owner_url, "CAIBEI_SCHEDULING_PORT": str(port),
            "CAIBEI_LOG_LEVEL": "ERROR",
        }  # fmt: skip
        await _run(environment, "migrate")
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "services.scheduling", "api", env=environment
        )
        database = await asyncpg.connect(admin_url)
        try:
            async with aiohttp.ClientSession(headers=mint.bearer("scheduling:read", exp=4_000_000_000)) as http:
                found = Diary(f"http://127.0.0.1:{port}", http, process.pid, database)
                await until_up(http, found.url + "/livez")
                await found.copy("treatments", "id code name duration_minutes turnover_minutes skill equipment",
                                 [(found.treatment, "BENCH", "Back-stepping", 60, 15, "back-stepping",
                                   ["balancing_bar"])])  # fmt: skip
                await database.execute(
                    "INSERT INTO clients (id, branch_ids, name) VALUES ($1, '{}', 'Bench')", found.client
                )
                yield found
        finally:
            await database.close()
            process.terminate()
            await process.wait()


async def _run(environment: dict[str, str], role: str) -> None:
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "services.scheduling", role, env=environment)
    assert await process.wait() == 0


async def _database(admin_url: str) -> tuple[str, str, str]:
    """The addresses of scheduling's database, made if it is not there: as its role, as its owner, as superuser."""
    name, passwords = database_name("scheduling"), (secrets.token_urlsafe(16), secrets.token_urlsafe(16))
    admin = await asyncpg.connect(admin_url)
    await ensure_service(admin, "scheduling", *passwords)
    await admin.close()
    roles = (owner_role("scheduling"), runtime_role("scheduling"))
    owner, runtime = (
        with_login(admin_url, role, word, name) for role, word in zip(roles, passwords, strict=True)
    )  # fmt: skip
    return runtime, owner, f"{admin_url.rsplit('/', 1)[0]}/{name}"


def _during(start: datetime, length: timedelta) -> asyncpg.Range:
    return asyncpg.Range(start, start + length)


def _json(value: Any) -> str:
    import json

    return json.dumps(value)
