"""The order of the line: whatever is joined, left, booked, cancelled and answered, the service agrees with a list.

The model is a list of who waits, in the order they came, and five hours of one therapist. Whenever something happens,
the first in the list has the earliest free hour they would take and have not been asked for before.
"""

import asyncio
from collections.abc import Coroutine, Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, ClassVar, TypeVar
from uuid import UUID

from hypothesis import HealthCheck, Phase, settings
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
from shared.events.room_equipment import RoomReleased
from tests.scheduling.builders import Chain, assigned, assignment, cleared, iso, tomorrow, unavailable
from tests.scheduling.waiting import answer, join, let_lapse, move, offer, window

T = TypeVar("T")
HOURS = 5
MISSES = 3
hours = st.integers(0, HOURS - 1)
choice = st.integers(0, 1_000)


@dataclass(eq=False)
class Waits:
    """`wants`: the hours they would take, as stretches of them. `offered`: the hour they are to answer."""

    id: str
    wants: set[int]
    asked: set[int] = field(default_factory=set)
    offered: int | None = None
    missed: int = 0
    state: str = "waiting"


class Line(RuleBasedStateMachine):
    chain: ClassVar[Chain]
    loop: ClassVar[asyncio.AbstractEventLoop]

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(60)

    @initialize()
    def open(self) -> None:
        self.do(self._open())
        self.line: list[Waits] = []
        self.booked: dict[str, tuple[int, dict[str, Any]]] = {}
        self.version: dict[str, int] = {}

    async def _open(self) -> None:
        self.place = await self.chain.place(therapists=0, bar=False)
        therapist = await self.chain.therapist(self.place.branch_id, shift=False)
        self.place.therapist_ids.append(therapist)
        for hour in range(HOURS):
            start = self.at(hour)
            shift = {"branch_id": self.place.branch_id, "starts_at": iso(start), "ends_at": iso(start + HOUR)}
            await self.chain.post(f"/v1/therapists/{therapist}/shifts", shift)

    def at(self, hour: int) -> Any:
        return tomorrow(8 + 2 * hour)

    # --- the model ---------------------------------------------------------------------------------------------------

    def free(self, hour: int) -> bool:
        booked = {hour for hour, _ in self.booked.values()}
        return hour not in booked | {each.offered for each in self.line}

    def settle(self) -> None:
        """All of the rule: first come, first served."""
        for each in self.line:
            if each.state == "waiting":
                fits = sorted(hour for hour in each.wants - each.asked if self.free(hour))
                if fits:
                    each.offered, each.state = fits[0], "offered"

    def answered(self, who: Waits, state: str, missed: int = 0) -> int:
        assert who.offered is not None
        hour, who.offered = who.offered, None
        who.asked.add(hour)
        who.state, who.missed = state, missed
        return hour

    def pick(self, these: Iterable[T], n: int) -> T:
        known = list(these)
        return known[n % len(known)]

    def to_answer(self) -> list[Waits]:
        return [each for each in self.line if each.state == "offered"]

    # --- what happens ------------------------------------------------------------------------------------------------

    @rule(first=hours, last=hours, also=hours)
    def join(self, first: int, last: int, also: int) -> None:
        stretches = [(min(first, last), max(first, last)), (also, also)]
        windows = [window(time_from=f"{8 + 2 * low:02}:00", time_to=f"{8 + 2 * high:02}:15") for low, high in stretches]
        made = self.do(join(self.chain, self.place, *windows))
        self.line.append(Waits(made["id"], {hour for low, high in stretches for hour in range(low, high + 1)}))

    @precondition(lambda self: any(each.state in ("waiting", "offered") for each in self.line))
    @rule(n=choice)
    def leave(self, n: int) -> None:
        who = self.pick((each for each in self.line if each.state in ("waiting", "offered")), n)
        assert self.do(self.chain.http.delete(f"/v1/waitlist/{who.id}")).status_code == 204
        who.offered, who.state = None, "withdrawn"

    @rule(hour=hours)
    def book(self, hour: int) -> None:
        wish = self.place.wish(self.at(hour))
        said = self.do(self.chain.http.post("/v1/appointments", json=wish, headers={"Prefer": "wait=0"}))
        assert said.status_code == (202 if self.free(hour) else 409), said.text
        if said.status_code == 202:
            self.yes(said.json(), hour)

    def yes(self, asked: dict[str, Any], hour: int) -> None:
        self.do(self.chain.hear(cleared(asked), assigned(asked, self.place.room_ids[0])))
        self.booked[asked["id"]] = (hour, asked)

    @precondition(lambda self: self.booked)
    @rule(n=choice)
    def cancel(self, n: int) -> None:
        id = self.pick(sorted(self.booked), n)
        _, asked = self.booked.pop(id)
        self.do(self.chain.post(f"/v1/appointments/{id}/cancel", {}, 200))
        self.do(self.chain.hear(RoomReleased(**assignment(asked, self.place.room_ids[0], 2))))

    @precondition(lambda self: self.to_answer())
    @rule(n=choice, granted=st.booleans())
    def accept(self, n: int, granted: bool) -> None:
        who = self.pick(self.to_answer(), n)
        said = self.do(self._answer(who, "accept"))
        assert said.status_code == 202, said.text
        hour = self.answered(who, "booked" if granted else "waiting")
        if granted:
            self.yes(said.json(), hour)
        else:
            refusal = unavailable(said.json(), Refusal.NO_ROOM_AVAILABLE)
            self.do(self.chain.hear(cleared(said.json()), refusal))

    @precondition(lambda self: self.to_answer())
    @rule(n=choice)
    def decline(self, n: int) -> None:
        who = self.pick(self.to_answer(), n)
        assert self.do(self._answer(who, "decline")).status_code == 200
        self.answered(who, "waiting")

    @precondition(lambda self: self.to_answer())
    @rule(n=choice)
    def lapse(self, n: int) -> None:
        who = self.pick(self.to_answer(), n)
        self.do(self._lapse(who))
        missed = who.missed + 1
        self.answered(who, "expired" if missed == MISSES else "waiting", missed)

    async def _answer(self, who: Waits, verb: str) -> Any:
        return await answer(self.chain, await offer(self.chain, {"id": who.id}), verb)

    async def _lapse(self, who: Waits) -> None:
        await let_lapse(self.chain, await offer(self.chain, {"id": who.id}))

    # --- agreed? -----------------------------------------------------------------------------------------------------

    @invariant()
    def the_line_is_the_models(self) -> None:
        if not hasattr(self, "line"):
            return
        self.do(move(self.chain))
        self.settle()
        rows = self.do(
            self.chain.sql(
                "SELECT e.id, e.state, e.missed, o.starts_at FROM waitlist_entries e"
                " LEFT JOIN waitlist_offers o ON o.entry_id = e.id AND o.state = 'open'"
                " WHERE CAST(:branch AS uuid) = ANY(e.branch_ids) ORDER BY e.place",
                branch=UUID(self.place.branch_id),
            )
        )
        found = [(str(row.id), row.state, row.missed, row.starts_at) for row in rows]
        assert found == [
            (each.id, each.state, each.missed, None if each.offered is None else self.at(each.offered))
            for each in self.line
        ]
        claims = self.do(
            self.chain.sql(
                "SELECT lower(during) AS at, expires_at IS NULL AS for_good FROM therapist_claims"
                " WHERE therapist_id = :id ORDER BY at",
                id=UUID(self.place.therapist_ids[0]),
            )
        )
        model = [(self.at(hour), True) for hour, _ in self.booked.values()]
        model += [(self.at(each.offered), False) for each in self.line if each.offered is not None]
        assert [(row.at, row.for_good) for row in claims] == sorted(model)


HOUR = timedelta(hours=1)


async def test_the_line_agrees_with_a_list(chain: Chain) -> None:
    Line.chain, Line.loop = chain, asyncio.get_running_loop()
    few = settings(
        max_examples=5, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck),
        print_blob=True,
        phases=[Phase.explicit, Phase.generate],  # what fails here is short, and shrinking it takes minutes
    )  # fmt: skip
    await asyncio.to_thread(run_state_machine_as_test, Line, settings=few)
