"""Who is next for what has become free: strictly in the order of the line, one client at a time (ADR 0030).

A slot is offered to the first in line who would take it and may have it, by the earliest of the starts that fit. The
offer is a hold under the constraint of the bookings. Whoever hands on takes the line first: never two at once.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from services.scheduling.domain.grid import moment, packed, stamp, touching
from services.scheduling.domain.localtime import day_end, wall
from services.scheduling.domain.slots import at_least
from services.scheduling.domain.waitlist import offer_ends, united, window
from services.scheduling.handlers.availability import Found, Search, find
from services.scheduling.handlers.booking import judge
from services.scheduling.settings import settings
from services.scheduling.store import booking, saga, waitlist
from services.scheduling.store import offers as store
from services.scheduling.store.offers import Stretch
from shared.events.scheduling import WaitlistOffered
from shared.kit.database import Transaction
from shared.kit.ids import new_id

LOOK_DAYS = 14  # of one branch, in one transaction
_PAGE = 100
_TRIES = 8  # starts of one entry that turned out to be taken at that very moment
_LONGEST = timedelta(hours=12)


async def offer_next(tx: Transaction, branch_id: UUID, from_: datetime, to: datetime) -> bool:
    """Offer one free slot that touches [from_, to) to the first in line for whom there is one. The line is taken.

    False when nobody is left who would take any of them: it is free for everybody.
    """
    now = await saga.now(tx)
    lead = timedelta(minutes=max(settings().lead_minutes, settings().waitlist_lead_minutes))
    first = max(from_ - _LONGEST, now + lead + timedelta(minutes=settings().waitlist_offer_least_minutes))
    last = min(to, now + timedelta(days=settings().horizon_days))
    if first >= last:
        return False
    stretch = Stretch(branch_id, first, last)
    treatments = await store.treatments_in_line(tx, stretch)
    if not treatments:
        return False
    search = Search(treatments, [branch_id], first, last, now)
    kept = [(stamp(a), stamp(b)) for a, b in await store.kept(tx, stretch)]
    touched = (stamp(from_), stamp(to))
    free = {
        found.treatment.id: Left(found, kept, touched)
        for found in await find(tx, search, first, last)
        if found.free.any
    }
    free = {id: left for id, left in free.items() if left.mask}
    if not free:
        return False
    line = await store.in_line(tx, stretch, list(free))
    for start in range(0, len(line), _PAGE):
        for entry in await store.details(tx, stretch, line[start : start + _PAGE]):
            if await _offer(tx, entry, free[entry.treatment_id], stretch, lead):
                return True
    return False


@dataclass(slots=True)
class Left:
    """Where one treatment still has a therapist and a room, beside those that are kept for somebody who decides."""

    found: Found
    kept: Sequence[tuple[int, int]]
    touched: tuple[int, int]
    mask: int = field(init=False)

    def __post_init__(self) -> None:
        grid, session = self.found.free.grid, self.found.treatment.session
        length = session.duration + session.turnover
        rooms = at_least(self.found.free.rooms)
        taken = at_least(touching(grid, packed([span]), length) for span in self.kept)
        taken += [0] * (len(rooms) - len(taken))
        room = united(here & ~gone for here, gone in zip(rooms, taken, strict=False))
        self.mask = room & self.found.free.any & touching(grid, packed([self.touched]), length)

    def starts_for(self, entry: Any) -> Iterator[int]:
        """The starts that an entry would take and has not been asked for before, earliest first."""
        grid, zone, free = self.found.free.grid, self.found.zone, self.found.free
        people = free.people.values() if entry.therapist_id is None else [free.people.get(entry.therapist_id, 0)]
        mask = self.mask & united(people)
        mask &= united(window(said).mask(grid, zone) for said in entry.windows) if mask else 0
        length = self.found.treatment.session.duration
        if mask and entry.busy:
            mask &= ~touching(grid, entry.busy, length)
        if mask and entry.valid_until is not None:
            mask &= grid.cut(grid.origin, stamp(day_end(entry.valid_until, zone)) - length + 1)
        return iter(grid.set(mask)) if mask else iter(())

    def able(self, start: int) -> set[UUID]:
        """The therapists who could give it in some room."""
        grid = self.found.free.grid
        bit = 1 << grid.index(start)
        return {UUID(int=id.int) for id, mask in self.found.free.people.items() if mask & bit}


async def _offer(tx: Transaction, entry: Any, left: Left, stretch: Stretch, lead: timedelta) -> bool:
    for _, start in zip(range(_TRIES), left.starts_for(entry), strict=False):
        if await _hold(tx, entry, left, stretch.branch_id, moment(start), lead):
            return True
    return False


async def _hold(
    tx: Transaction, entry: Any, left: Left, branch_id: UUID, starts_at: datetime, lead: timedelta
) -> bool:  # fmt: skip
    """Judged as a booking is, at this moment; then held, announced, and the entry's to answer."""
    id = new_id()
    ground = await booking.ground(
        tx,
        {"branch_id": branch_id, "treatment_id": entry.treatment_id, "client_id": entry.client_id,
         "therapist_id": entry.therapist_id, "room_id": None, "starts_at": starts_at, "self": id, "branches": None},
    )  # fmt: skip
    expires_at = offer_ends(
        ground.now, starts_at, lead=lead, longest=timedelta(minutes=settings().waitlist_offer_minutes),
        least=timedelta(minutes=settings().waitlist_offer_least_minutes),
    )  # fmt: skip
    if expires_at is None or not ground.client_known:
        return False
    order, _ = judge(ground, id, starts_at, entry.therapist_id)
    able = left.able(stamp(starts_at))
    for therapist_id in (who for who in order if who in able):
        offer = {"id": id, "entry_id": entry.id, "branch_id": branch_id, "therapist_id": therapist_id,
                 "starts_at": starts_at, "starts_local": wall(starts_at, ground.zone), "ends_at": ground.ends_at,
                 "expires_at": expires_at}  # fmt: skip
        if await store.make(tx, offer):
            await waitlist.offered(tx, entry.id)
            tx.announce(
                WaitlistOffered(
                    offer_id=id, entry_id=entry.id, branch_id=branch_id, treatment_id=entry.treatment_id,
                    client_id=entry.client_id, therapist_id=therapist_id, starts_at=starts_at,
                    ends_at=ground.ends_at, expires_at=expires_at,
                )
            )  # fmt: skip
            return True
    return False
