"""Alternatives for a session that needs another slot, computed from what is free at this moment (ADR 0028)."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from services.scheduling.domain import alternatives as domain
from services.scheduling.domain.alternatives import Alternative, Booked, Free
from services.scheduling.domain.grid import stamp
from services.scheduling.domain.localtime import local_date
from services.scheduling.handlers.availability import Found, Search, exactly, find, offers
from services.scheduling.settings import settings
from services.scheduling.store import alternatives as store
from services.scheduling.store import attention
from shared.kit.database import Transaction


async def propose(tx: Transaction, limit: int) -> int:
    """Fill in alternatives where there are none, or old ones; they are not held for anyone. Returns for how many."""
    filled = [
        {"id": item.id, "alternatives": [one.json() for one in domain.chosen(await every(tx, item))]}
        for item in await attention.to_fill(tx, limit, settings().refill_minutes)
    ]
    if filled:
        await attention.fill(tx, filled)
    return len(filled)


async def every(tx: Transaction, item: Any, tolerance_minutes: int | None = None) -> list[Alternative]:
    """All that could be proposed now, the best first. `item` is a row of the attention list.

    Two searches whatever the chain's size: the branch itself with a few treatments, a few other branches with this one.
    """
    zone = ZoneInfo(item.timezone)
    ground = await store.ground(
        tx, item.client_id, item.branch_now, item.treatment_id, local_date(item.starts_at, zone),
        treatments=settings().alternative_treatments, branches=settings().alternative_branches,
    )  # fmt: skip
    tolerance = timedelta(minutes=_first(tolerance_minutes, ground.tolerance_minutes, settings().tolerance_minutes))
    # Whose therapist stood down keeps the room, and the room knows what it is kept for.
    suitable = [] if item.kind == "therapist_needed" else ground.suitable
    here = Search(
        [ground.own, *suitable], [item.branch_now], item.starts_at - tolerance, item.starts_at + tolerance + _TICK,
        ground.now, client_id=item.client_id, self=item.appointment_id,
    )  # fmt: skip
    if here.first >= here.last:
        return []
    found = await find(tx, here, here.first, here.last)
    if stamp(item.starts_at) not in found[0].free.grid.starts:  # booked off the grid: its very start is one to look at
        found += await exactly(tx, here, [item.starts_at])
    if ground.branches:
        there = replace(here, treatments=[ground.own], branch_ids=ground.branches)
        found += await find(tx, there, there.first, there.last)
    branches, treatments = [item.branch_now, *ground.branches], [treatment.id for treatment in here.treatments]
    return domain.ranked(_booked(item), _free(found, branches, treatments, local_date(item.starts_at, zone)))


_TICK = timedelta(microseconds=1)  # the last start is among them


def _free(found: Sequence[Found], branches: list[UUID], treatments: list[UUID], day: date) -> Iterator[Free]:
    for part in found:
        branch, treatment = branches.index(part.branch_id), treatments.index(part.treatment.id)
        for offer in offers(part):
            yield Free(
                offer.starts_at, offer.ends_at, offer.branch_id, offer.treatment_id, offer.therapist_ids, branch,
                treatment, local_date(offer.starts_at, part.zone) == day,
            )  # fmt: skip


def _booked(item: Any) -> Booked:
    return Booked(
        item.id, item.attempt, item.branch_now, item.treatment_id, item.therapist_id, item.therapist_named,
        item.starts_at, item.kind == "therapist_needed",
    )  # fmt: skip


def _first(*values: int | None) -> int:
    return next(value for value in values if value is not None)


def seen_by(found: Sequence[Alternative], branches: Sequence[UUID] | None) -> list[Alternative]:
    """What lies in another branch does not exist for a caller of these (None: all)."""
    return [one for one in found if branches is None or one.branch_id in branches]


def is_old(computed_at: datetime | None, now: datetime) -> bool:
    """Whether kept proposals are too old to be shown without a look."""
    return computed_at is None or now - computed_at > timedelta(seconds=settings().shown_seconds)
