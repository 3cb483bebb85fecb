"""Free slots, and the nearest ones to a time that was refused."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from services.scheduling.domain import slots
from services.scheduling.domain.opening import open_intervals
from services.scheduling.settings import settings
from services.scheduling.store import availability as store
from services.scheduling.store import saga
from services.scheduling.store.availability import BranchView, Treatment
from shared.kit.database import Transaction


@dataclass(frozen=True, slots=True)
class Offer:
    """A start that can be booked at this moment, in one branch."""

    starts_at: datetime
    ends_at: datetime
    branch_id: UUID
    therapist_ids: list[UUID]
    rooms_free: int

    def json(self) -> dict[str, Any]:
        return {"starts_at": self.starts_at, "ends_at": self.ends_at, "branch_id": self.branch_id,
                "therapist_ids": self.therapist_ids, "rooms_free": self.rooms_free}  # fmt: skip


async def search(
    tx: Transaction,
    asked: Treatment,
    branch_ids: list[UUID],
    from_: datetime,
    to: datetime,
    *,
    therapist_id: UUID | None = None,
    client_id: UUID | None = None,
    self: UUID | None = None,
) -> list[Offer]:
    """Every free start from now on in [from_, to), in order of time, then of the branches as asked.

    Two statements whatever the number of branches and days. Starts lie on each branch's local grid.
    """
    from_ = max(from_, await saga.now(tx))
    if from_ >= to:
        return []
    # A session that begins before `to` ends after it: everything is read to the end of the last one.
    end = to + timedelta(seconds=asked.session.duration + asked.session.turnover)
    views = await store.view(
        tx, branch_ids, asked, from_, end, therapist_id=therapist_id, client_id=client_id, self=self
    )
    found = [offer for view in views for offer in offers(view, asked, from_, to)]
    if len(views) > 1:
        found.sort(key=lambda offer: offer.starts_at)
    return found


def offers(view: BranchView, asked: Treatment, from_: datetime, to: datetime) -> list[Offer]:
    """One branch's free starts."""
    grid = slots.grid(view.zone, from_, to, settings().grid_minutes)
    return _find(view, asked, grid, from_, to)


def _find(view: BranchView, asked: Treatment, grid: slots.Grid, from_: datetime, to: datetime) -> list[Offer]:
    first, last = from_.astimezone(view.zone).date(), to.astimezone(view.zone).date() + timedelta(days=1)
    opened = [
        (int(interval.start.timestamp()), int(interval.end.timestamp()))
        for interval in open_intervals(view.opening_hours, view.zone, first, last)
    ]
    found = slots.find(grid, opened, view.closures, view.therapists, view.rooms, asked.session, view.client_busy)
    length = timedelta(seconds=asked.session.duration)
    return [
        Offer(start := datetime.fromtimestamp(slot.starts_at, UTC), start + length, view.id, *slot[1:])
        for slot in found
    ]


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
    found = await search(tx, asked, [branch_id], starts_at - before, starts_at + after, self=self)
    found.sort(key=lambda offer: (abs(offer.starts_at - starts_at), offer.starts_at))
    return found[: settings().alternatives]


async def at_instants(
    tx: Transaction, treatment_id: UUID, branch_id: UUID, instants: Sequence[datetime]
) -> list[dict[str, Any]]:
    """Exactly these starts as slots, free or not: what a repeated local time may have meant."""
    asked = await store.treatment(tx, treatment_id)
    if asked is None:
        return []
    first, last = min(instants), max(instants)
    length = timedelta(seconds=asked.session.duration)
    views = await store.view(tx, [branch_id], asked, first, last + length * 2)
    grid = slots.Grid(sorted(int(instant.timestamp()) for instant in instants))
    free = {offer.starts_at: offer for view in views for offer in _find(view, asked, grid, first, last)}
    return [
        (free.get(instant) or Offer(instant, instant + length, branch_id, [], 0)).json() for instant in sorted(instants)
    ]
