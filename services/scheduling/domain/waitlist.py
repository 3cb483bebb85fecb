"""The line: what somebody who waits would take, and how long an offer stands."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from services.scheduling.domain.grid import Grid, clock, stamp
from services.scheduling.domain.localtime import at_wall
from services.scheduling.domain.opening import DAYS

_DAY = timedelta(days=1)
WHOLE_DAY = (0, 24 * 60)


@dataclass(frozen=True, slots=True)
class Window:
    """Local days `first` to `last`, both included, on these days of the week, with a start at `low` ≤ minutes < `high`
    of the branch's clock; with `high` ≤ `low` over midnight, which belongs to the day it began.
    """

    first: date
    last: date
    weekdays: frozenset[int]
    low: int
    high: int

    def reach(self, zone: ZoneInfo) -> tuple[datetime, datetime]:
        """Where all its starts lie, by the clock of `zone`."""
        after = timedelta(minutes=self.high if self.high <= self.low else 0)
        return (
            at_wall(datetime.combine(self.first, time()) + after, zone),
            at_wall(datetime.combine(self.last + _DAY, time()) + after, zone),
        )

    def mask(self, grid: Grid, zone: ZoneInfo) -> int:
        """Its starts."""
        first, last = self.reach(zone)
        wanted = grid.cut(stamp(first), stamp(last))
        if wanted and (len(self.weekdays) < 7 or (self.low, self.high) != WHOLE_DAY):
            wanted &= clock(grid, self.weekdays, self.low, self.high)
        return wanted

    @property
    def has_days(self) -> bool:
        """Whether any of its days of the week lies in it."""
        days = min((self.last - self.first).days + 1, 7)
        return any((self.first + _DAY * n).weekday() in self.weekdays for n in range(days))

    def json(self) -> dict[str, Any]:
        return {"from": self.first.isoformat(), "to": self.last.isoformat(),
                "weekdays": [DAYS[n] for n in sorted(self.weekdays)],
                "time_from": _clock(self.low), "time_to": _clock(self.high)}  # fmt: skip


def window(said: dict[str, Any]) -> Window:
    """Of what `json` gave, or a caller sent."""
    first, last = (date.fromisoformat(str(said[name])) for name in ("from", "to"))
    days = said.get("weekdays") or DAYS
    low, high = _minutes(said.get("time_from") or "00:00"), _minutes(said.get("time_to") or "24:00")
    return Window(first, last, frozenset(map(DAYS.index, days)), low, high)


def _minutes(clock: str) -> int:
    return int(clock[:2]) * 60 + int(clock[3:])


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


@dataclass(frozen=True, slots=True)
class Wish:
    """What an entry stands for."""

    treatment_id: UUID
    branch_ids: Sequence[UUID]
    windows: Sequence[Window]
    therapist_id: UUID | None

    def keeps_place(self, was: "Wish") -> bool:
        """Whether this asks for nothing that `was` did not ask for: who wants less has not overtaken anybody."""
        return (
            self.treatment_id == was.treatment_id
            and set(self.branch_ids) <= set(was.branch_ids)
            and set(self.windows) <= set(was.windows)
            and was.therapist_id in (None, self.therapist_id)
        )


def offer_ends(
    now: datetime, starts_at: datetime, *, lead: timedelta, longest: timedelta, least: timedelta
) -> datetime | None:
    """Until when a slot is offered: a quarter of the time that is left before `lead`, between `least` and `longest`.

    None when not even `least` is left: such a slot is for who is at the desk.
    """
    left = starts_at - lead - now
    return None if left < least else now + max(least, min(longest, left / 4))


def may_have(protocol: str | None, outcome: str | None, blocked_by: str | None) -> str | None:
    """Why a client in line is passed over for now, as far as screening has said; None when they may have it."""
    if protocol is None or blocked_by is not None:
        return blocked_by
    return _PASSED_OVER.get(outcome or "", "screening_required")


# Until when somebody is deferred only screening knows: the booking decides.
_PASSED_OVER = {
    "cleared": None, "deferred": None, "declined": "screening_declined", "clearance_required": "clearance_required",
}  # fmt: skip


def united(masks: Iterable[int]) -> int:
    union = 0
    for mask in masks:
        union |= mask
    return union
