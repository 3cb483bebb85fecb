"""Free slots, and the nearest ones to a time that was refused."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

import orjson

from services.scheduling.domain import slots
from services.scheduling.domain.days import Asked, Day, Shut, summary
from services.scheduling.domain.grid import Grid, clock, grid, moment, packed, stamp, touching, within
from services.scheduling.domain.localtime import local_date
from services.scheduling.domain.opening import open_intervals
from services.scheduling.settings import settings
from services.scheduling.store import availability as store
from services.scheduling.store import searches
from services.scheduling.store.availability import BranchView, Treatment
from shared.kit.database import Transaction

_GROUP = 3  # branches a statement: while the database reads the next ones, these are computed
_A_MOMENT = timedelta(microseconds=1)
_DAY = timedelta(days=1)
T = TypeVar("T")
_ALL_DAYS = frozenset(range(7))


@dataclass(frozen=True, slots=True)
class Search:
    """What is looked for. `weekdays` (Monday is 0) and `clock` (minutes after midnight; over it if the second is not
    later) narrow the starts by the branch's own clock. `self`: whose own time does not count.
    """

    treatments: Sequence[Treatment]
    branch_ids: list[UUID]
    from_: datetime
    to: datetime
    now: datetime
    therapist_ids: list[UUID] | None = None
    client_id: UUID | None = None
    weekdays: frozenset[int] = _ALL_DAYS
    clock: tuple[int, int] | None = None
    self: UUID | None = None

    @property
    def first(self) -> datetime:
        """The first moment that can be offered."""
        return max(self.from_, self.now + timedelta(minutes=settings().lead_minutes))

    @property
    def last(self) -> datetime:
        return min(self.to, self.horizon)

    @property
    def horizon(self) -> datetime:
        return self.now + timedelta(days=settings().horizon_days)

    @property
    def longest(self) -> timedelta:
        return timedelta(microseconds=max(treatment.session.duration for treatment in self.treatments))


@dataclass(frozen=True, slots=True)
class Found:
    """One branch's free starts for one treatment."""

    branch_id: UUID
    zone: ZoneInfo
    treatment: Treatment
    free: slots.Free

    def first_of_each_day(self) -> "Found":
        """Only those: the lowest bit of each local day."""
        mask, free = 0, self.free
        for day in free.grid.days:
            here = free.any & ((1 << day.high) - (1 << day.low))
            mask |= here & -here
        people = {id: left for id, who in free.people.items() if (left := who & mask)}
        return replace(self, free=slots.Free(free.grid, people, [left for room in free.rooms if (left := room & mask)]))


@dataclass(frozen=True, slots=True)
class Offer:
    """A start that can be booked at this moment, in one branch."""

    starts_at: datetime
    ends_at: datetime
    branch_id: UUID
    treatment_id: UUID
    therapist_ids: list[UUID]
    rooms_free: int

    def json(self) -> dict[str, Any]:
        return {"starts_at": self.starts_at, "ends_at": self.ends_at, "branch_id": self.branch_id,
                "treatment_id": self.treatment_id, "therapist_ids": self.therapist_ids,
                "rooms_free": self.rooms_free}  # fmt: skip


def stretches(search: Search, wanted: int) -> Iterator[tuple[datetime, datetime]]:
    """The search in parts, each twice as long as the last: who wants few starts does not wait for all of them.

    The first is as long as it takes to have `wanted` starts when each branch has 24 a day.
    """
    at, days = search.first, max(1, -(-wanted // (24 * len(search.branch_ids))))
    while at < search.last:
        end = _midnight(at) + timedelta(days=days)
        end = min(end, search.last) if (search.last - end) * 2 > end - at else search.last
        yield at, end
        at, days = end, days * 2


async def find(tx: Transaction, search: Search, from_: datetime, to: datetime) -> list[Found]:
    """Every branch's free starts in [from_, to), a part of the search, in the branches' order as asked."""

    def work(view: BranchView) -> list[Found]:
        starts = _grid(view, from_, to)
        return [_found(view, search, treatment, starts, from_, to) for treatment in search.treatments]

    return [found for branch in await _each(tx, search, from_, to, work) for found in branch]


async def _each(
    tx: Transaction, search: Search, from_: datetime, to: datetime, work: Callable[[BranchView], T]
) -> list[T]:
    """Look at each branch. A few branches a statement: the database reads the next ones while these are worked on.

    Read for whole days, so that it is the same bytes for whoever asks today (`domain/grid.py` keeps what they mean).
    """
    low, high = _midnight(from_), _midnight(to + search.longest + _DAY - _A_MOMENT)

    async def read(branch_ids: list[UUID]) -> list[BranchView]:
        return await store.view(
            tx, branch_ids, search.treatments, low, high, therapist_ids=search.therapist_ids,
            client_id=search.client_id, self=search.self,
        )  # fmt: skip

    groups = [search.branch_ids[n : n + _GROUP] for n in range(0, len(search.branch_ids), _GROUP)]
    reading: asyncio.Task[list[BranchView]] | None = asyncio.create_task(read(groups[0]))
    done: list[T] = []
    try:
        for following in (*groups[1:], None):
            assert reading is not None
            here, reading = await reading, None
            if following is not None:
                reading = asyncio.create_task(read(following))
                await asyncio.sleep(0)  # now it is sent
            done += [work(view) for view in here]
    finally:
        if reading is not None:  # the connection must not go back with an answer still under way
            with suppress(Exception):
                await asyncio.shield(reading)
    return done


def _found(
    view: BranchView, search: Search, treatment: Treatment, starts: Grid, from_: datetime, to: datetime
) -> Found:
    wanted = _asked(view, search, treatment, starts, from_, to).all
    free = slots.find(starts, wanted, view.therapists, view.rooms, treatment.session)
    return Found(view.id, view.zone, treatment, free)


def _grid(view: BranchView, from_: datetime, to: datetime) -> Grid:
    first, last = local_date(from_, view.zone), local_date(to - _A_MOMENT, view.zone)
    return grid(view.zone, first, last, settings().grid_minutes)


def _asked(
    view: BranchView, search: Search, treatment: Treatment, starts: Grid, from_: datetime, to: datetime
) -> Asked:  # fmt: skip
    length = treatment.session.duration
    opened = _opened(view.opening_hours, view.zone, starts, length)
    if view.closures:
        opened &= ~touching(starts, view.closures, length)
    wanted = starts.cut(stamp(from_), stamp(to))
    if search.clock is not None or search.weekdays != _ALL_DAYS:
        wanted &= clock(starts, search.weekdays, *(search.clock or (0, 24 * 60)))
    return Asked(
        wanted=wanted,
        not_past=starts.cut(stamp(search.first), stamp(to)),
        within_horizon=starts.cut(stamp(from_), stamp(search.horizon)),
        opened=opened,
        client_free=starts.all & ~touching(starts, view.client_busy, length),
    )


@lru_cache(maxsize=1024)
def _opened(opening_hours: str, zone: ZoneInfo, starts: Grid, length: int) -> int:
    """Starts whose whole session lies in the opening hours."""
    if not starts.starts:
        return 0
    last = local_date(moment(starts.starts[-1] + length), zone)
    first = local_date(moment(starts.starts[0]), zone)
    opened = open_intervals(orjson.loads(opening_hours), zone, first, last)
    return within(starts, packed((stamp(interval.start), stamp(interval.end)) for interval in opened), length)


def _midnight(instant: datetime) -> datetime:
    return instant.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


# --- a calendar, day by day -----------------------------------------------------------------------------------------


async def days(tx: Transaction, search: Search) -> list[tuple[UUID, list[Day]]]:
    """Each branch's local days that have a wanted start in [from, to)."""
    treatment = search.treatments[0]
    closed = await searches.closures(tx, search.branch_ids, _midnight(search.from_), _midnight(search.to + 2 * _DAY))

    def work(view: BranchView) -> tuple[UUID, list[Day]]:
        starts = _grid(view, search.from_, search.to)
        asked = _asked(view, search, treatment, starts, search.from_, search.to)
        hours = _opened(view.opening_hours, view.zone, starts, treatment.session.duration)
        shut = Shut(hours, *closed.get(view.id, ((), {})))
        return view.id, summary(starts, asked, view.therapists, view.rooms, treatment.session, shut)

    return await _each(tx, search, search.from_, search.to, work)


# --- as objects, for those who look at a few ------------------------------------------------------------------------


def offers(found: Found) -> Iterator[Offer]:
    length = timedelta(microseconds=found.treatment.session.duration)
    for slot in found.free.slots():
        start = moment(slot.starts_at)
        yield Offer(
            start, start + length, found.branch_id, found.treatment.id, slot.therapist_ids, slot.rooms_free
        )  # fmt: skip


async def nearest(
    tx: Transaction,
    treatment_id: UUID,
    branch_id: UUID,
    starts_at: datetime,
    *,
    before: timedelta = timedelta(hours=4),
    after: timedelta = timedelta(hours=26),
    self: UUID | None = None,
) -> list[Offer]:
    """The free starts nearest to `starts_at`, nearest first; as many as the setting says."""
    asked = await store.treatment(tx, treatment_id)
    if asked is None or not settings().alternatives:
        return []
    now, treatment = asked
    search = Search([treatment], [branch_id], starts_at - before, starts_at + after, now, self=self)
    if search.first >= search.last:
        return []
    near = [offer for part in await find(tx, search, search.first, search.last) for offer in offers(part)]
    near.sort(key=lambda offer: (abs(offer.starts_at - starts_at), offer.starts_at))
    return near[: settings().alternatives]


async def exactly(tx: Transaction, search: Search, instants: Sequence[datetime]) -> list[Found]:
    """Which of these starts are free for the search's first treatment, whether the grid has them or not."""
    first, last = min(instants), max(instants) + _A_MOMENT
    starts, treatment = Grid(sorted(map(stamp, instants))), search.treatments[0]
    return await _each(tx, search, first, last, lambda view: _found(view, search, treatment, starts, first, last))


async def at_instants(
    tx: Transaction, treatment_id: UUID, branch_id: UUID, instants: Sequence[datetime]
) -> list[dict[str, Any]]:
    """Exactly these starts as slots, free or not: what a repeated local time may have meant."""
    asked = await store.treatment(tx, treatment_id)
    if asked is None:
        return []
    now, treatment = asked
    search = Search([treatment], [branch_id], min(instants), max(instants) + _A_MOMENT, now)
    parts = await exactly(tx, search, instants)
    free = {offer.starts_at: offer for part in parts for offer in offers(part)}
    length, nobody = search.longest, list[UUID]()
    return [
        (free.get(instant) or Offer(instant, instant + length, branch_id, treatment.id, nobody, 0)).json()
        for instant in sorted(instants)
    ]
