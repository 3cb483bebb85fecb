"""Sessions follow their wall time after a zone's rules changed, by the saga, as far as others have made way.

All sessions of a day shift alike, each into the time of the next: the last can go, then the one before it.
Refused for want of a therapist's time or a room, one is asked for again when another of its day has moved; when nothing
moves any more, it is a conflict.
"""

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Row

from services.scheduling import zonedata
from services.scheduling.domain.appointment import ENDED, Appointment, Status
from services.scheduling.domain.localtime import wall
from services.scheduling.domain.zones import ZONE_RULES, rederived
from services.scheduling.handlers.again import ask_again
from services.scheduling.handlers.saga import Step
from services.scheduling.store import appointments, saga
from services.scheduling.store import zones as store
from shared.events.scheduling import BranchClockSettled
from shared.kit.database import Transaction

AT_ONCE, LOOKED_AT = 100, 500
_DAY = timedelta(days=1)
Day = tuple[UUID, date]


class Pass:
    """One look at those that are yet to follow."""

    def __init__(self, tx: Transaction, now: datetime) -> None:
        self.step = Step(tx, "clock")
        self.now = now
        self.marks: list[dict[str, Any]] = []
        self.ready: list[tuple[Row[Any], Appointment, datetime]] = []
        self.in_vain: list[tuple[Row[Any], Appointment]] = []
        self.under_way: set[Day] = set()
        self.stand: list[dict[str, Any]] = []  # what could not follow is shown at the wall time that it has now

    def see(self, row: Row[Any], a: Appointment) -> None:
        """What is to be done about it."""
        becomes = rederived(row.promised, ZoneInfo(row.timezone), row.starts_at)
        if a.status is Status.PENDING:
            self.under_way.add(_day(row))
        elif a.status in ENDED or a.status is Status.IN_PROGRESS:
            self.mark(row, "gone")
        elif a.starts_at == becomes and a.branch_id == row.branch_id:
            self.mark(row, "moved")
            self.under_way.add(_day(row))
        elif a.starts_at != row.starts_at or a.branch_id != row.branch_id:
            self.mark(row, "gone")  # somebody has chosen another slot meanwhile
        elif becomes is None:
            self.conflict(row, a, "nonexistent_local_time")
        elif min(becomes, a.starts_at) <= self.now:
            self.conflict(row, a, "starts_in_past")
        elif a.status is Status.CHECKED_IN:
            self.conflict(row, a, "checked_in")
        elif row.state == "asked":
            self.mark(row, "waiting", a.code or "refused")
            self.under_way.add(_day(row))
        elif row.tried:
            self.in_vain.append((row, a))
        else:
            self.ready.append((row, a, becomes))

    async def ask(self) -> None:
        """Ask for those whose turn it is; what was tried in vain is a conflict where nothing is under way any more."""
        for row, a, becomes in self.ready[:AT_ONCE]:
            told = None if a.status is Status.NEEDS_ATTENTION else ZONE_RULES
            code = await ask_again(self.step, a, becomes, told)
            self.mark(row, "asked" if code is None else "waiting", code)
            self.under_way.add(_day(row))
        self.under_way |= {_day(row) for row, _, _ in self.ready[AT_ONCE:]}
        for row, a in self.in_vain:
            branch, day = _day(row)
            if self.under_way.isdisjoint({(branch, day - _DAY), (branch, day), (branch, day + _DAY)}):
                self.conflict(row, a, row.code)

    def conflict(self, row: Row[Any], a: Appointment, code: str) -> None:
        self.mark(row, "conflict", code)
        self.stand.append({"id": a.id, "starts_local": wall(a.starts_at, ZoneInfo(row.timezone)).isoformat()})
        self.step.changes.ask_person(a, "conflict", ZONE_RULES)

    def mark(self, row: Row[Any], state: str, code: str | None = None) -> None:
        self.marks.append({"id": row.appointment_id, "state": state, "code": code})


async def move_on(tx: Transaction) -> int:
    """One pass. Returns for how many something was decided."""
    rows = await store.left(tx, LOOKED_AT)
    if not rows:
        return 0
    for timezone in {row.timezone for row in rows}:
        zonedata.read_again(timezone)  # by whose rules they follow another process may have seen, and this one not yet
    known = await appointments.lock(tx, {row.appointment_id for row in rows})
    look = Pass(tx, await saga.now(tx))
    for row in rows:
        look.see(row, known[row.appointment_id])
    if len(rows) == LOOKED_AT:  # of the last day not everything was seen
        look.under_way.add(_day(rows[-1]))
    await look.ask()
    await look.step.finish()
    await store.mark(tx, look.marks)
    await store.set_baseline(tx, look.stand)
    for branch_id, timezone, rules in dict.fromkeys((row.branch_id, row.timezone, row.rules) for row in rows):
        counts = await store.counts(tx, branch_id, rules)
        if not counts.waiting:
            said = {"moved": counts.moved, "conflicts": counts.conflicts, "rules": rules, "timezone": timezone}
            tx.announce(BranchClockSettled(branch_id=branch_id, **said))
    return len(look.marks)


def _day(row: Row[Any]) -> Day:
    return row.branch_id, row.promised.date()
