"""Stretches of a branch's local days that reports count by, and how counts fold into what a report says.

A session counts where it stands now: on the local day its start falls on, in its branch, treatment and therapist as
they are now. What is being asked for at this moment counts once it is settled; what was refused never does.
"""

from bisect import bisect
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal, NoReturn
from zoneinfo import ZoneInfo

from services.scheduling.domain.localtime import day_end
from services.scheduling.domain.opening import Hours, Interval, merge, open_intervals
from shared.errors import Invalid

Per = Literal["period", "day", "week", "month"]
MOST_DAYS = 366
MOST_BRANCH_DAYS = 4_000
EXPECTED = frozenset({"confirmed", "needs_attention", "checked_in", "in_progress"})
ATTENDED = frozenset({"checked_in", "in_progress", "completed"})


@dataclass(frozen=True, slots=True)
class Stretch:
    """Local days of one branch, named by the first of them: half-open between two instants."""

    first: date
    start: datetime
    end: datetime

    def within(self, intervals: Sequence[Interval]) -> list[Interval]:
        """What of these lies in it; they are in order and apart."""
        found = []
        for index in range(bisect(intervals, self.start, key=lambda each: each.end), len(intervals)):
            start, end = intervals[index]
            if start >= self.end:
                break
            found.append(Interval(max(start, self.start), min(end, self.end)))
        return found


def check(first: date, last: date, branches: int) -> None:
    """
    Raises:
        Invalid: no stretch of days, or more than a report reads at once (house rules).
    """
    days = (last - first).days + 1
    if not date(1970, 1, 1) <= first <= date(2200, 1, 1) or days > MOST_DAYS:
        _refuse("report_too_long", f"Ask for at most {MOST_DAYS} days at once, between 1970 and 2200.", "to")
    if days < 1:
        _refuse("invalid_interval", "`to` is the last day, and not before `from`.", "to")
    if days * branches > MOST_BRANCH_DAYS:
        detail = f"Days times branches may be at most {MOST_BRANCH_DAYS}: ask for fewer of either."
        _refuse("report_too_wide", detail, "branch_id")


def _refuse(code: str, detail: str, parameter: str) -> NoReturn:
    raise Invalid(
        code, detail, errors=[{"pointer": "", "parameter": f"query:{parameter}", "code": code, "detail": detail}]
    )


def stretches(first: date, last: date, per: Per, zone: ZoneInfo) -> list[Stretch]:
    """From local day `first` to `last`, both included, cut by day, week (from Monday) or month; in order, no hole."""
    found, day = [], first
    while day <= last:
        through = min(_through(day, per, last), last)
        found.append(Stretch(day, day_end(day - timedelta(days=1), zone), day_end(through, zone)))
        day = through + timedelta(days=1)
    return found


def _through(day: date, per: Per, last: date) -> date:
    match per:
        case "day":
            return day
        case "week":
            return day + timedelta(days=6 - day.weekday())
        case "month":
            return (day.replace(day=1) + timedelta(days=32)).replace(day=1) - timedelta(days=1)
        case "period":
            return last


def open_time(
    hours: Hours, zone: ZoneInfo, closures: Sequence[Interval], first: date, last: date
) -> list[Interval]:  # fmt: skip
    """When the branch was or will be open on these days, closures taken out; in order."""
    found = []
    for interval in open_intervals(hours, zone, first, last):
        at = interval.start
        for closure in merge(closures):
            if closure.end <= at or closure.start >= interval.end:
                continue
            found.append(Interval(at, closure.start))
            at = closure.end
        found.append(Interval(at, interval.end))
    return merge(found)


# --- folding counts -------------------------------------------------------------------------------------------------


def share(part: int, whole: int) -> float | None:
    """To four places; None of nothing."""
    return round(part / whole, 4) if whole else None


def folded(counts: Iterable[Any], key: Callable[[Any], Any], fold: Callable[[Sequence[Any]], Mapping[str, Any]]) -> Any:
    """{key: what `fold` says of its counts}."""
    groups: dict[Any, list[Any]] = defaultdict(list)
    for count in counts:
        groups[key(count)].append(count)
    return {name: fold(group) for name, group in groups.items()}


def _number(counts: Sequence[Any], which: Callable[[Any], bool]) -> int:
    return sum(count.sessions for count in counts if which(count))


def cancellations(counts: Sequence[Any]) -> dict[str, Any]:
    """Of sessions that were once confirmed; one cancelled before that is only `withdrawn`."""
    certain = [count for count in counts if count.certain]
    cancelled = [count for count in certain if count.status == "cancelled"]
    booked, lost = _number(certain, lambda c: True), _number(cancelled, lambda c: True)
    no_shows, attended = (_number(certain, lambda c: c.status == "no_show"),
                          _number(certain, lambda c: c.status in ATTENDED))  # fmt: skip
    reasons: dict[str, int] = defaultdict(int)
    for count in cancelled:
        reasons[count.reason or "other"] += count.sessions
    fees: dict[str, int] = defaultdict(int)
    for count in cancelled:
        if count.late and count.fee_currency is not None:
            fees[count.fee_currency] += count.fee
    return {
        "booked": booked, "cancelled": lost, "cancelled_by_reason": dict(sorted(reasons.items())),
        "late": _number(cancelled, lambda c: c.late), "no_shows": no_shows, "attended": attended,
        "withdrawn": _number(counts, lambda c: not c.certain and c.status == "cancelled"),
        "cancellation_rate": share(lost, booked), "no_show_rate": share(no_shows, no_shows + attended),
        "late_fees": [{"currency": currency, "amount": fees[currency]} for currency in sorted(fees)],
    }  # fmt: skip


def displaced(counts: Sequence[Any]) -> dict[str, Any]:
    """Sessions that lost their room, or their time to a closure, at least once: moved at once, or put to a person."""
    certain = [count for count in counts if count.certain]
    booked = _number(certain, lambda c: True)
    asked = [count for count in certain if count.asked]
    moved = _number(certain, lambda c: c.moved and not c.asked)
    everyone = moved + _number(asked, lambda c: True)
    still_open = _number(asked, lambda c: c.status == "needs_attention")
    lost = _number(asked, lambda c: c.status == "cancelled")
    return {
        "booked": booked, "displaced": everyone, "moved": moved, "put_to_a_person": everyone - moved,
        "open": still_open, "cancelled": lost, "kept": everyone - moved - still_open - lost,
        "displaced_rate": share(everyone, booked),
    }  # fmt: skip


def revenue(counts: Sequence[Any], currency: str | None) -> dict[str, Any]:
    """In one currency's smallest unit; None: what has no price. Nothing is ever added across currencies."""
    priced = [count for count in counts if count.certain and count.currency == currency]

    def amount(which: Callable[[Any], bool]) -> int:
        return sum(count.price for count in priced if which(count))

    return {
        "currency": currency,
        "completed": _number(priced, lambda c: c.status == "completed"),
        "earned": amount(lambda c: c.status == "completed"),
        "expected_sessions": _number(priced, lambda c: c.status in EXPECTED),
        "expected": amount(lambda c: c.status in EXPECTED),
        "no_shows": _number(priced, lambda c: c.status == "no_show"),
        "no_show_value": amount(lambda c: c.status == "no_show"),
        "late_fees": sum(
            count.fee for count in counts
            if count.certain and count.status == "cancelled" and count.late and count.fee_currency == currency
            and currency is not None
        ),
    }  # fmt: skip


def currencies(counts: Sequence[Any]) -> list[str | None]:
    """Those that something of these is in, None last: sessions without a price."""
    found = {count.currency for count in counts if count.certain}
    found |= {count.fee_currency for count in counts if count.certain and count.late and count.fee_currency}
    return sorted(found, key=lambda currency: (currency is None, currency or ""))
