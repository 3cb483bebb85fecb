"""A zone's rules changed: what is to come keeps its wall time, and so gets other instants (ADR 0033).

Shifts and closures are laid out anew at once, sessions follow by the saga, as every move does. What cannot follow stays
where it is and is put to a person. Nothing that runs or is past changes. The same again finds nothing to do.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import Row

from services.scheduling import zonedata
from services.scheduling.domain.localtime import at_wall, wall
from services.scheduling.domain.opening import Interval
from services.scheduling.domain.zones import rederived
from services.scheduling.recurrence import windows
from services.scheduling.store import holds as holds_store
from services.scheduling.store import saga, shifts
from services.scheduling.store import zones as store
from shared.events.scheduling import BranchClockChanged, BranchClockSettled
from shared.kit import logging
from shared.kit.database import Transaction

log = logging.get(__name__)
_ONCE = datetime(2300, 1, 1).astimezone()


@dataclass(frozen=True, slots=True)
class Following:
    """A session that is to follow its wall time; `becomes` is None where the clock now jumps over it."""

    appointment_id: UUID
    branch_id: UUID
    promised: datetime
    starts_at: datetime
    becomes: datetime | None


@dataclass(frozen=True, slots=True)
class Rederived:
    """What a change of one zone's rules means: counts by branch."""

    timezone: str
    rules: str
    version: str | None
    sessions: list[Following]
    shifts: Counter[UUID]
    closures: Counter[UUID]
    holds: Counter[UUID]


async def rederive(tx: Transaction) -> list[Rederived]:
    """Look whether the zone data is another than instants were derived from; of each zone that is, derive them anew."""
    await store.queue_up(tx)
    done, version = [], zonedata.version()
    for row in await store.zones(tx):
        try:
            rules, zone = zonedata.rules_of(row.timezone), ZoneInfo.no_cache(row.timezone)
        except ZoneInfoNotFoundError:
            log.error("a branch's zone is not in the zone data any more", timezone=row.timezone)
            continue
        if rules == row.rules:
            continue
        if row.rules is not None and version is not None and row.version is not None and version < row.version:
            log.warning("older zone data than was applied: left alone", timezone=row.timezone, version=version)
            continue
        await store.apply(tx, row.timezone, rules, version)
        if row.rules is None:
            await _first(tx, row, zone)
        else:
            done.append(await _follow(tx, row, zone, rules, version))
            tx.after_commit(partial(ZoneInfo.clear_cache, only_keys=[row.timezone]))
    return done


async def look(tx: Transaction) -> int:
    """The job: at the start of a process, and from time to time, as the data may be replaced under it."""
    return len(await rederive(tx))


async def _first(tx: Transaction, row: Row[Any], zone: ZoneInfo) -> None:
    """A zone seen for the first time: what is booked was promised by the rules of now."""
    found = await store.to_come(tx, row.timezone, row.branch_ids)
    said = [(one.id, wall(one.starts_at, zone), one.promised) for one in found]
    await store.set_baseline(
        tx, [{"id": id, "starts_local": local.isoformat()} for id, local, known in said if local != known]
    )


async def _follow(tx: Transaction, row: Row[Any], zone: ZoneInfo, rules: str, version: str | None) -> Rederived:
    now = await saga.now(tx)
    sessions = [
        Following(one.id, one.branch_id, one.promised, one.starts_at, becomes)
        for one in await store.to_come(tx, row.timezone, row.branch_ids)
        if (becomes := rederived(one.promised, zone, one.starts_at)) != one.starts_at
    ]
    result = Rederived(
        row.timezone, rules, version, sessions,
        shifts=await _shifts(tx, row.branch_ids, zone, now),
        closures=await _closures(tx, row.branch_ids, zone, now),
        holds=await _holds(tx, row.branch_ids, zone, now),
    )  # fmt: skip
    await store.add_moves(
        tx, row.timezone, rules,
        [{"id": one.appointment_id, "branch_id": one.branch_id, "promised": one.promised.isoformat(),
          "starts_at": one.starts_at} for one in sessions],
    )  # fmt: skip
    to_follow = Counter(one.branch_id for one in sessions)
    for id in row.branch_ids:
        said = {"branch_id": id, "timezone": row.timezone, "rules": rules}
        tx.announce(
            BranchClockChanged(
                **said, sessions=to_follow[id], shifts=result.shifts[id], closures=result.closures[id],
                holds=result.holds[id],
            )
        )  # fmt: skip
        if not to_follow[id]:
            tx.announce(BranchClockSettled(**said, moved=0, conflicts=0))
    return result


async def _shifts(tx: Transaction, branch_ids: list[UUID], zone: ZoneInfo, now: datetime) -> Counter[UUID]:
    found = await store.clear_shifts(tx, branch_ids, now)
    await shifts.add_windows(
        tx,
        [
            (shift.id, window)
            for shift in found
            for window in windows(
                shift.starts_local, shift.ends_local, shift.repeat, zone, now,
                shift.expanded_until if shift.repeat else _ONCE,
            )
        ],
    )  # fmt: skip
    return Counter(shift.branch_id for shift in found)


async def _closures(tx: Transaction, branch_ids: list[UUID], zone: ZoneInfo, now: datetime) -> Counter[UUID]:
    moved: Counter[UUID] = Counter()
    for row in await store.closures(tx, branch_ids, now):
        start = row.starts_at if row.starts_at <= now else _kept(row.starts_local, zone, row.starts_at)
        during = Interval(start, _kept(row.ends_local, zone, row.ends_at))
        if during != (row.starts_at, row.ends_at) and during.start < during.end:
            await store.move_closure(tx, row.id, during)
            moved[row.branch_id] += 1
    return moved


def _kept(local: datetime, zone: ZoneInfo, stood: datetime) -> datetime:
    return rederived(local, zone, stood) or at_wall(local, zone)


async def _holds(tx: Transaction, branch_ids: list[UUID], zone: ZoneInfo, now: datetime) -> Counter[UUID]:
    """A hold lasts minutes: whoever decides chooses again, at a time that still is what it says."""
    found = await store.holds(tx, branch_ids, now)
    gone = [row for row in found if rederived(row.starts_local, zone, row.starts_at) != row.starts_at]
    await holds_store.release(tx, [row.id for row in gone])
    return Counter(row.branch_id for row in gone)
