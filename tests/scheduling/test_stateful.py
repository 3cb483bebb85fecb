"""Hold, confirm, let expire, release, book, move, cancel, in any order: the service agrees with a simple model.

The model knows who has which hour of one therapist; nothing of how. Hours do not overlap, so that it stays simple.
"""

import asyncio
from collections.abc import Coroutine, Iterable
from datetime import datetime
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

from shared.events.codes import Refusal
from tests.scheduling.builders import Chain, assigned, cleared, iso, tomorrow, unavailable
from tests.scheduling.test_holds import let_expire, slot

T = TypeVar("T")
HOURS = 5
hours = st.integers(0, HOURS - 1)
choice = st.integers(0, 1_000)


class Hours(RuleBasedStateMachine):
    """`holds` and `booked`: {id: hour}. An hour is free when neither names it; `expired` ids name none."""

    chain: ClassVar[Chain]
    loop: ClassVar[asyncio.AbstractEventLoop]

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(30)

    @initialize()
    def open(self) -> None:
        self.place = self.do(self.chain.place())
        self.holds: dict[str, int] = {}
        self.booked: dict[str, int] = {}
        self.expired: list[str] = []
        self.versions: dict[str, int] = {}

    def at(self, hour: int) -> datetime:
        return tomorrow(8 + 2 * hour)

    def free(self, hour: int) -> bool:
        return hour not in (*self.holds.values(), *self.booked.values())

    def any(self, ids: Iterable[str], n: int) -> str:
        known = sorted(ids)
        return known[n % len(known)]

    def post(self, path: str, body: dict[str, Any]) -> tuple[int, Any]:
        answer = self.do(self.chain.http.post(path, json=body, headers={"Prefer": "wait=0"}))
        return answer.status_code, answer.json()

    def both_say_yes(self, asked: dict[str, Any]) -> None:
        version = self.versions[asked["id"]] = self.versions.get(asked["id"], 0) + 1
        self.do(self.chain.hear(cleared(asked), assigned(asked, self.place.room_ids[0], version)))

    @rule(hour=hours)
    def hold(self, hour: int) -> None:
        status, said = self.post("/v1/holds", slot(self.place, self.at(hour)))
        assert status == (201 if self.free(hour) else 409), said
        if status == 201:
            self.holds[said["id"]] = hour

    @precondition(lambda self: self.holds)
    @rule(n=choice)
    def expire(self, n: int) -> None:
        id = self.any(self.holds, n)
        self.do(let_expire(self.chain, {"id": id}))
        del self.holds[id]
        self.expired.append(id)

    @precondition(lambda self: self.holds or self.expired)
    @rule(n=choice)
    def release(self, n: int) -> None:
        id = self.any([*self.holds, *self.expired], n)
        assert self.do(self.chain.http.delete(f"/v1/holds/{id}")).status_code == 204
        self.holds.pop(id, None)

    @precondition(lambda self: self.holds or self.expired)
    @rule(n=choice)
    def confirm(self, n: int) -> None:
        id = self.any([*self.holds, *self.expired], n)
        status, said = self.post(f"/v1/holds/{id}/confirm", {"client_id": self.place.client_id})
        if id in self.expired:
            assert (status, said["code"]) == (409, "hold_expired")
            return
        assert (status, said["id"]) == (202, id)
        self.both_say_yes(said)
        self.booked[id] = self.holds.pop(id)

    @rule(hour=hours)
    def book(self, hour: int) -> None:
        status, said = self.post("/v1/appointments", self.place.wish(self.at(hour)))
        assert status == (202 if self.free(hour) else 409), said
        if status == 202:
            self.both_say_yes(said)
            self.booked[said["id"]] = hour

    @precondition(lambda self: self.booked)
    @rule(n=choice, hour=hours, granted=st.booleans())
    def move(self, n: int, hour: int, granted: bool) -> None:
        id = self.any(self.booked, n)
        status, said = self.post(f"/v1/appointments/{id}/reschedule", {"starts_at": iso(self.at(hour))})
        if hour == self.booked[id]:
            assert status == 422
        elif not self.free(hour):
            assert status == 409
        elif granted:
            self.both_say_yes(said)
            self.booked[id] = hour
        else:
            self.do(self.chain.hear(cleared(said), unavailable(said, Refusal.NO_ROOM_AVAILABLE)))

    @precondition(lambda self: self.booked)
    @rule(n=choice)
    def cancel(self, n: int) -> None:
        id = self.any(self.booked, n)
        assert self.post(f"/v1/appointments/{id}/cancel", {})[0] == 200
        del self.booked[id]

    @invariant()
    def the_claims_are_the_models(self) -> None:
        if not hasattr(self, "place"):
            return
        statement = """SELECT appointment_id, lower(during) AS at, expires_at IS NULL AS for_good FROM therapist_claims
                       WHERE therapist_id = :id AND (expires_at IS NULL OR expires_at > clock_timestamp())"""
        rows = self.do(self.chain.sql(statement, id=UUID(self.place.therapist_ids[0])))
        found = {(str(row.appointment_id), row.at, row.for_good) for row in rows}
        model = {(id, self.at(hour), False) for id, hour in self.holds.items()}
        assert found == model | {(id, self.at(hour), True) for id, hour in self.booked.items()}


async def test_holds_and_bookings_agree_with_a_simple_model(chain: Chain, monkeypatch: pytest.MonkeyPatch) -> None:
    from services.scheduling.settings import settings as ours

    many = ours().model_copy(update={"holds_per_api_client": 1_000_000})
    monkeypatch.setattr("services.scheduling.handlers.holds.settings", lambda: many)
    Hours.chain, Hours.loop = chain, asyncio.get_running_loop()
    few = settings(
        max_examples=8, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck),
        print_blob=True,
    )  # fmt: skip
    await asyncio.to_thread(run_state_machine_as_test, Hours, settings=few)
