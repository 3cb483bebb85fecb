"""When a room is cleared for back-stepping (rules: Rooms, bars, clearance).

Only while at least `bars_required` bars are mounted and every mounted bar is certified and not locked out. The room's
period is the intersection of its bars', its limit the least of their ratings.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal
from uuid import UUID

Reason = Literal[
    "no_bar", "too_few_bars", "never_inspected", "lapsed", "failed", "locked_out", "out_of_service", "closed"
]  # fmt: skip

_GRAVEST_FIRST: tuple[Reason, ...] = ("out_of_service", "failed", "locked_out", "never_inspected", "lapsed")

NEXT_STEP: dict[Reason, str] = {
    "no_bar": "No bar is mounted: mount one and record its installation inspection with a load test.",
    "too_few_bars": "Fewer bars are mounted than the room requires: mount and inspect the missing one, "
    "or lower bars_required (rooms:inspect).",
    "never_inspected": "A bar has no installation inspection as it is mounted now: record one with a load test.",
    "lapsed": "A bar's certificate has ended by then: record a passing periodic inspection.",
    "failed": "A bar failed its inspection: complete its work order, then record a passing inspection by someone else.",
    "locked_out": "A bar is locked out: complete its work order, then record a passing inspection by someone else.",
    "out_of_service": "A bar or the room is out of service: put it back, or record the bar as removed (rooms:inspect).",
    "closed": "The room is closed for that time: choose another time, or end its closure if it is usable again.",
}


@dataclass(frozen=True, slots=True)
class Certificate:
    """What the latest inspection of a bar gave; `ends_at` (exclusive) is None after a fail."""

    inspection_id: UUID
    ends_at: datetime | None


@dataclass(frozen=True, slots=True)
class Bar:
    """A mounted bar. `proven`: it passed an installation inspection as it is mounted, numbered and rated now."""

    id: UUID
    rated_load_kg: Decimal
    in_service: bool
    proven: bool
    locked_out: bool
    latest: Certificate | None

    def problem(self, moment: datetime) -> Reason | None:
        """Why this bar may not be used at that moment; None if it may."""
        if not self.in_service:
            return "out_of_service"
        if self.latest is not None and self.latest.ends_at is None:
            return "failed"
        if self.locked_out:
            return "locked_out"
        if self.latest is None or self.latest.ends_at is None or not self.proven:
            return "never_inspected"
        return "lapsed" if self.latest.ends_at <= moment else None


@dataclass(frozen=True, slots=True)
class Cleared:
    """Half-open; proven by these inspections; loads up to `max_load_kg`."""

    starts_at: datetime
    ends_at: datetime
    max_load_kg: Decimal
    inspection_ids: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class Gap:
    """Not cleared, half-open, without an end while nobody acts. `bar_id`: the bar to look at, if it is one."""

    starts_at: datetime
    ends_at: datetime | None
    reason: Reason
    bar_id: UUID | None = None


def foresee(
    bars: Sequence[Bar], moment: datetime, *, bars_required: int = 1, in_service: bool = True
) -> tuple[Cleared | None, Gap]:
    """From `moment` on and if nobody acts: the cleared period, if there is one, and the gap behind it."""
    if not in_service:
        return None, Gap(moment, None, "out_of_service")
    if not bars:
        return None, Gap(moment, None, "no_bar")
    problems = {bar.problem(moment): bar.id for bar in sorted(bars, key=lambda bar: bar.id, reverse=True)}
    for reason in _GRAVEST_FIRST:
        if reason in problems:
            return None, Gap(moment, None, reason, problems[reason])
    if len(bars) < bars_required:
        return None, Gap(moment, None, "too_few_bars")
    ends = {bar.latest.ends_at: bar.id for bar in bars if bar.latest is not None and bar.latest.ends_at is not None}
    end = min(ends)
    limit = min(bar.rated_load_kg for bar in bars)
    proof = tuple(sorted(bar.latest.inspection_id for bar in bars if bar.latest is not None))
    return Cleared(moment, end, limit, proof), Gap(end, None, "lapsed", ends[end])


def limit_over(periods: Sequence[Cleared], starts_at: datetime, ends_at: datetime) -> Decimal | datetime:
    """The least limit over the whole interval, or the first instant in it that is not cleared.

    `periods` are of one room, in order. Two that adjoin cover an interval together.
    """
    covered_to, least = starts_at, None
    for period in periods:
        if period.ends_at <= covered_to:
            continue
        if period.starts_at > covered_to:
            return covered_to
        least = period.max_load_kg if least is None else min(least, period.max_load_kg)
        covered_to = period.ends_at
        if covered_to >= ends_at:
            return least
    return covered_to
