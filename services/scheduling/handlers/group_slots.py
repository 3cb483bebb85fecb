"""Starts at which a whole group could begin: a therapist and a room for each of its members, nobody twice."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import accumulate
from uuid import UUID

from services.scheduling.domain.matching import assign
from services.scheduling.handlers import availability
from services.scheduling.handlers.availability import Found, Offer, Search, offers, stretches
from services.scheduling.settings import settings
from services.scheduling.store.availability import Treatment, treatment
from shared.kit.database import Transaction


@dataclass(frozen=True, slots=True)
class Seat:
    """What one member needs; `therapist_id`: exactly this one."""

    treatment_id: UUID
    therapist_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class GroupOffer:
    """`therapist_ids`: one way to give each member, in their order, a therapist. `ends_at`: of the longest session."""

    starts_at: datetime
    ends_at: datetime
    branch_id: UUID
    therapist_ids: list[UUID]
    rooms_free: int


async def find(tx: Transaction, search: Search, seats: Sequence[Seat], limit: int) -> list[GroupOffer]:
    """The first of them, earliest first, and at one time in the order in which the branches were asked for."""
    found: list[GroupOffer] = []
    for from_, to in stretches(search, limit):
        parts = await availability.find(tx, search, from_, to)
        here = [offer for branch in search.branch_ids for offer in _of_branch(parts, branch, seats)]
        found += sorted(here, key=lambda offer: offer.starts_at)
        if len(found) >= limit:
            break
    return found[:limit]


async def nearest(tx: Transaction, seats: Sequence[Seat], branch_id: UUID, starts_at: datetime) -> list[GroupOffer]:
    """Those nearest to a start that was refused, as many as the setting says."""
    asked = [found for id in dict.fromkeys(seat.treatment_id for seat in seats) if (found := await treatment(tx, id))]
    if not asked or not settings().alternatives:
        return []
    treatments: list[Treatment] = [one for _, one in asked]
    around = (starts_at - timedelta(hours=4), starts_at + timedelta(hours=26))
    search = Search(treatments, [branch_id], *around, asked[0][0])
    if search.first >= search.last:
        return []
    search = replace(search, from_=search.first, to=search.last)
    parts = await availability.find(tx, search, search.from_, search.to)
    near = sorted(
        _of_branch(parts, branch_id, seats), key=lambda offer: (abs(offer.starts_at - starts_at), offer.starts_at)
    )
    return near[: settings().alternatives]


def _of_branch(parts: Sequence[Found], branch_id: UUID, seats: Sequence[Seat]) -> Iterator[GroupOffer]:
    by_treatment = {
        part.treatment.id: {offer.starts_at: offer for offer in offers(part)}
        for part in parts if part.branch_id == branch_id
    }  # fmt: skip
    starts = [set(by_treatment.get(seat.treatment_id, ())) for seat in seats]
    for start in sorted(set.intersection(*starts)):
        here = {id: there[start] for id, there in by_treatment.items() if start in there}
        pools = [_pool(here[seat.treatment_id], seat.therapist_id) for seat in seats]
        chosen = [id for id in assign(pools) if id is not None]
        if len(chosen) == len(seats) and _rooms_suffice(here, seats):
            ends_at = max(offer.ends_at for offer in here.values())
            yield GroupOffer(start, ends_at, branch_id, chosen, max(offer.rooms_free for offer in here.values()))


def _pool(offer: Offer, named: UUID | None) -> list[UUID]:
    return [id for id in offer.therapist_ids if named in (None, id)]


def _rooms_suffice(here: Mapping[UUID, Offer], seats: Sequence[Seat]) -> bool:
    """A room with cleared bars serves every treatment, so of two treatments the rooms of one are among the other's:
    whoever has the fewest is placed first.
    """
    wanted = sorted(here[seat.treatment_id].rooms_free for seat in seats)
    return all(rooms >= placed for rooms, placed in zip(wanted, accumulate(1 for _ in wanted), strict=True))
