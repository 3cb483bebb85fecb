"""A room that is closed for a time, whatever its bars are (rules: When a room is lost).

A closure takes its time out of what the bars give: it cuts a certificate's period in two. It is half-open, and without
an end while nobody knows when the room is usable again.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Literal

from services.room_equipment.domain.clearance import Cleared, Gap

Why = Literal["renovation", "maintenance", "flood", "other"]

FOREVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Closed:
    starts_at: datetime
    ends_at: datetime | None
    reason: str | None = None


def first_touch(closures: Iterable[Closed], starts_at: datetime, until: datetime) -> datetime | None:
    """The first instant of [starts_at, until) in which the room is closed."""
    found = [
        max(closed.starts_at, starts_at)
        for closed in closures
        if closed.starts_at < until and starts_at < (closed.ends_at or FOREVER)
    ]
    return min(found, default=None)


def touches(closures: Iterable[Closed], starts_at: datetime, until: datetime) -> bool:
    return first_touch(closures, starts_at, until) is not None


def cut(stretches: Sequence[Cleared | Gap], closures: Iterable[Closed], moment: datetime) -> list[Cleared | Gap]:
    """The same future with the closures taken out of it, from `moment` on; closed goes before any other reason.

    `stretches` follow one another from `moment` on, the last without an end.
    """
    found: list[Cleared | Gap] = []
    shut = merged(closures, moment)
    for stretch in stretches:
        at, end = stretch.starts_at, stretch.ends_at or FOREVER
        for closed in shut:
            starts, ends = closed.starts_at, closed.ends_at or FOREVER
            if ends <= at or end <= starts:
                continue
            if at < starts:
                found.append(_between(stretch, at, starts))
            at = min(ends, end)
        if at < end:
            found.append(_between(stretch, at, end))
    found += [Gap(closed.starts_at, closed.ends_at, "closed") for closed in shut]
    return sorted(found, key=lambda stretch: stretch.starts_at)


def merged(closures: Iterable[Closed], moment: datetime) -> list[Closed]:
    """From `moment` on, in order; those that overlap or adjoin as one."""
    found: list[Closed] = []
    for closed in sorted(closures, key=lambda closed: closed.starts_at):
        end = closed.ends_at or FOREVER
        if end <= moment:
            continue
        if found and closed.starts_at <= (found[-1].ends_at or FOREVER):
            last = max(found[-1].ends_at or FOREVER, end)
            found[-1] = replace(found[-1], ends_at=None if last == FOREVER else last)
        else:
            found.append(Closed(max(closed.starts_at, moment), closed.ends_at))
    return found


def _between(stretch: Cleared | Gap, starts_at: datetime, ends_at: datetime) -> Cleared | Gap:
    if isinstance(stretch, Cleared):
        return replace(stretch, starts_at=starts_at, ends_at=ends_at)
    return replace(stretch, starts_at=starts_at, ends_at=None if ends_at == FOREVER else ends_at)
