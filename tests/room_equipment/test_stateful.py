"""Assign, fail, lock out, re-inspect, release, in any order: the service agrees with a simple model, and the
invariant holds by SQL after every step.

The model knows rooms, whether each is cleared, and which session is in which room at which hour; nothing of how.
"""

import asyncio
from collections.abc import Coroutine
from datetime import timedelta
from typing import Any, ClassVar, TypeVar
from uuid import UUID

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.room_equipment.spa import Spa, soon

T = TypeVar("T")
ROOMS, SLOTS = 3, 4
room_numbers, slots = st.integers(0, ROOMS - 1), st.integers(0, SLOTS - 1)

INVARIANT = """
SELECT
    (SELECT count(*) FROM assignments a JOIN assignments b ON a.room_id = b.room_id
     AND a.appointment_id < b.appointment_id AND a.during && b.during) AS overlapping,
    (SELECT count(*) FROM assignments a WHERE a.requires_bar AND NOT coalesce(
        (SELECT range_agg(c.valid_during) @> a.covered FROM room_clearances c WHERE c.room_id = a.room_id), false)
    ) AS uncleared,
    (SELECT count(*) FROM assignments a JOIN room_clearances c ON c.room_id = a.room_id
     AND c.valid_during && a.covered AND a.load_kg > c.max_load_kg WHERE a.requires_bar) AS overloaded,
    (SELECT count(*) FROM assignments a JOIN bars b ON b.room_id = a.room_id AND b.removed_on IS NULL
     JOIN lockouts l ON l.bar_id = b.id AND l.released_at IS NULL
     WHERE a.requires_bar AND a.started_at IS NULL AND upper(a.during) > now()) AS under_a_lockout
"""


class Clearing(RuleBasedStateMachine):
    """One spa a run. The model: `cleared` by room, `held` {appointment: (room, slot, needs bars)}."""

    spa_of: ClassVar[Any]
    loop: ClassVar[asyncio.AbstractEventLoop]

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(30)

    @initialize()
    def open(self) -> None:
        self.spa: Spa = self.do(self.spa_of())
        made = sorted(self.do(self.spa.cleared_room(300, code=f"R{n}")) for n in range(ROOMS))
        self.rooms = [room for room, _ in made]
        self.bars = [bar for _, bar in made]
        self.cleared = [True] * ROOMS
        self.broken = [False] * ROOMS
        self.held: dict[UUID, tuple[int, int, bool]] = {}

    def taken(self, room: int, slot: int) -> bool:
        return any((r, s) == (room, slot) for r, s, _ in self.held.values())

    @rule(room=room_numbers, slot=slots, bars=st.booleans())
    def assign(self, room: int, slot: int, bars: bool) -> None:
        kind: dict[str, Any] = {} if bars else {"requires_bar": False, "treatment_id": self.spa.massage}
        request = self.spa.request(soon(2) + timedelta(hours=2 * slot), room_id=self.rooms[room], **kind)
        (answer,) = self.do(self.spa.hear(request))
        if bars and not self.cleared[room]:
            assert answer["code"] == "room_not_certified"
        elif self.taken(room, slot):
            assert answer["code"] == "slot_taken"
        else:
            assert answer["room_id"] == str(self.rooms[room]), answer
            self.held[request.appointment_id] = (room, slot, bars)

    @rule(slot=slots)
    def assign_anywhere(self, slot: int) -> None:
        request = self.spa.request(soon(2) + timedelta(hours=2 * slot))
        (answer,) = self.do(self.spa.hear(request))
        free = [n for n in range(ROOMS) if self.cleared[n] and not self.taken(n, slot)]
        if free:
            assert answer["room_id"] == str(self.rooms[free[0]])
            self.held[request.appointment_id] = (free[0], slot, True)
        else:
            assert answer["code"] == ("no_room_available" if any(self.cleared) else "no_certified_room")

    @rule(data=st.data())
    @precondition(lambda self: bool(self.held))
    def release(self, data: st.DataObject) -> None:
        session = data.draw(st.sampled_from(sorted(self.held)))
        (answer,) = self.do(self.spa.cancel(session))
        assert answer["type"].endswith("room.released.v1")
        del self.held[session]

    @rule(room=room_numbers, by=st.sampled_from(["inspection", "lockout"]))
    def fail(self, room: int, by: str) -> None:
        if by == "inspection":
            answer = self.do(self.spa.inspect(self.bars[room], "fail"))
        else:
            http = self.spa.http
            answer = self.do(http.post(f"/v1/bars/{self.bars[room]}/lockouts", json={"reason": "report"}))
        assert answer.status_code == 201, answer.text
        self.cleared[room], self.broken[room] = False, True
        lost = sorted(s for s, (r, _, bars) in self.held.items() if r == room and bars)
        body = answer.json()
        assert sorted(map(UUID, body["displaced"])) == lost
        moved = {UUID(m["appointment_id"]): self.rooms.index(UUID(m["room_id"])) for m in body["moved"]}
        for session in lost:
            slot = self.held[session][1]
            free = [n for n in range(ROOMS) if self.cleared[n] and not self.taken(n, slot)]
            if free:
                assert moved[session] == free[0]
                self.held[session] = (free[0], slot, True)
            else:
                assert str(session) in body["revoked"]
                del self.held[session]

    @rule(room=room_numbers)
    def inspect_again(self, room: int) -> None:
        answer = self.do(self.spa.inspect(self.bars[room]))
        if self.broken[room]:
            assert answer.json()["code"] == "work_order_open"
        else:
            assert answer.status_code == 201 and answer.json()["displaced"] == []

    @rule(room=room_numbers)
    def repair_and_inspect(self, room: int) -> None:
        self.do(self.spa.repaired(self.bars[room]))
        answer = self.do(self.spa.inspect(self.bars[room]))
        assert answer.status_code == 201, answer.text
        self.cleared[room], self.broken[room] = True, False

    @invariant()
    def the_database_agrees(self) -> None:
        if not hasattr(self, "spa"):
            return
        (found,) = self.do(self.spa.sql(INVARIANT))
        assert dict(found) == {"overlapping": 0, "uncleared": 0, "overloaded": 0, "under_a_lockout": 0}
        rows = self.do(
            self.spa.sql("SELECT appointment_id, room_id FROM assignments WHERE branch_id = $1", self.spa.branch_id)
        )
        live = {row["appointment_id"]: row["room_id"] for row in rows}
        assert live == {session: self.rooms[room] for session, (room, _, _) in self.held.items()}


async def test_the_service_agrees_with_a_simple_model(spa: Spa) -> None:
    async def another() -> Spa:
        return await Spa(spa.app, spa.mint, spa.database).open()

    Clearing.spa_of, Clearing.loop = staticmethod(another), asyncio.get_running_loop()
    how = settings(
        max_examples=8, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck),
        print_blob=True, database=None,
    )  # fmt: skip
    # In a thread, because the machine is synchronous and the service lives on this loop.
    await asyncio.to_thread(run_state_machine_as_test, Clearing, settings=how)


@pytest.mark.long
@pytest.mark.timeout(1800)
async def test_the_service_agrees_with_a_simple_model_for_long(spa: Spa) -> None:
    async def another() -> Spa:
        return await Spa(spa.app, spa.mint, spa.database).open()

    Clearing.spa_of, Clearing.loop = staticmethod(another), asyncio.get_running_loop()
    how = settings(
        max_examples=100, stateful_step_count=60, deadline=None, suppress_health_check=list(HealthCheck),
        print_blob=True, database=None,
    )  # fmt: skip
    await asyncio.to_thread(run_state_machine_as_test, Clearing, settings=how)
