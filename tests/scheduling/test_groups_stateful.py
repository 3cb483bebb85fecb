"""Groups and single bookings, answers and cancels in any order: the service agrees with a simple model."""

import asyncio
from collections.abc import Coroutine
from typing import Any, ClassVar, TypeVar
from uuid import UUID

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

from services.scheduling.handlers import together
from shared.events.codes import Refusal
from tests.scheduling.builders import Chain, assigned, blocked, cleared, tomorrow, unavailable
from tests.scheduling.test_groups import clients, wish

T = TypeVar("T")
THERAPISTS, MOST = 4, 3
choice = st.integers(0, 1_000)


class Party(RuleBasedStateMachine):
    """One hour, four therapists. `waiting`: who of each undecided group was not answered; `held`: who has one."""

    chain: ClassVar[Chain]
    loop: ClassVar[asyncio.AbstractEventLoop]

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(30)

    @initialize()
    def open(self) -> None:
        self.place = self.do(self.chain.place(therapists=THERAPISTS, rooms=THERAPISTS))
        self.people = self.do(clients(self.chain, self.place, MOST))
        self.waiting: dict[str, dict[str, dict[str, Any]]] = {}
        self.members: dict[str, set[str]] = {}
        self.held: set[str] = set()

    def post(self, path: str, body: dict[str, Any]) -> tuple[int, Any]:
        answer = self.do(self.chain.http.post(path, json=body, headers={"Prefer": "wait=0"}))
        return answer.status_code, answer.json()

    def undecided(self) -> set[str]:
        return {id for group in self.waiting for id in self.members[group]}

    def one(self, n: int) -> tuple[str, dict[str, Any]]:
        """Somebody of an undecided group who was not answered."""
        known = [(group, member) for group, left in sorted(self.waiting.items()) for member in left.values()]
        return known[n % len(known)]

    def fall(self, group: str) -> None:
        self.held -= self.members[group]
        del self.waiting[group]

    @rule(many=st.integers(2, MOST))
    def ask(self, many: int) -> None:
        status, said = self.post("/v1/groups", wish(self.place, tomorrow(10), self.people[:many]))
        assert status == (202 if len(self.held) + many <= THERAPISTS else 409), said
        if status == 202:
            self.waiting[said["id"]] = {member["id"]: member for member in said["members"]}
            self.members[said["id"]] = set(self.waiting[said["id"]])
            self.held |= self.members[said["id"]]

    @rule(granted=st.booleans())
    def book(self, granted: bool) -> None:
        status, said = self.post("/v1/appointments", self.place.wish(tomorrow(10)))
        assert status == (202 if len(self.held) < THERAPISTS else 409), said
        if status == 202 and granted:
            self.do(self.chain.hear(cleared(said), assigned(said, self.place.room_ids[0])))
            self.held.add(said["id"])
        elif status == 202:
            self.do(self.chain.hear(blocked(said, Refusal.SCREENING_DECLINED)))

    @precondition(lambda self: self.waiting)
    @rule(n=choice)
    def say_yes(self, n: int) -> None:
        group, member = self.one(n)
        self.do(self.chain.hear(assigned(member, self.place.room_ids[0]), cleared(member)))
        del self.waiting[group][member["id"]]
        if not self.waiting[group]:
            del self.waiting[group]

    @precondition(lambda self: self.waiting)
    @rule(n=choice)
    def say_no(self, n: int) -> None:
        group, member = self.one(n)
        self.do(self.chain.hear(unavailable(member, Refusal.NO_ROOM_AVAILABLE)))
        self.fall(group)

    @precondition(lambda self: self.held)
    @rule(n=choice)
    def cancel(self, n: int) -> None:
        id = sorted(self.held)[n % len(self.held)]
        assert self.post(f"/v1/appointments/{id}/cancel", {})[0] == 200
        if id in self.undecided():
            self.do(self.chain.run(together.give_up))
            self.fall(next(group for group in self.waiting if id in self.members[group]))
        self.held.discard(id)

    @invariant()
    def the_claims_are_the_models_and_who_waits_is_pending(self) -> None:
        if not hasattr(self, "place"):
            return
        statement = """SELECT t.appointment_id, a.status FROM therapist_claims t
                       JOIN appointments a ON a.id = t.appointment_id WHERE a.branch_id = :id"""
        rows = self.do(self.chain.sql(statement, id=UUID(self.place.branch_id)))
        waiting = self.undecided()
        model = {id: "pending" if id in waiting else "confirmed" for id in self.held}
        assert {str(row.appointment_id): row.status for row in rows} == model


async def test_groups_and_bookings_agree_with_a_simple_model(chain: Chain) -> None:
    Party.chain, Party.loop = chain, asyncio.get_running_loop()
    few = settings(
        max_examples=8, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck),
        print_blob=True,
    )  # fmt: skip
    await asyncio.to_thread(run_state_machine_as_test, Party, settings=few)
