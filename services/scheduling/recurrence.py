"""Recurring shifts laid out as instants: RRULE (RFC 5545) read in the branch's wall time.

Outside `domain/` because it leans on dateutil for the rule's grammar.
"""

import warnings
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from dateutil.rrule import rrule, rrulestr

from services.scheduling.domain.localtime import at_wall, wall
from services.scheduling.domain.opening import Interval
from shared.errors import Invalid

MAX_WINDOWS = 2_000
_NOT_FASTER = {"DAILY", "WEEKLY", "MONTHLY", "YEARLY"}


def check_rule(repeat: str) -> None:
    """
    Raises:
        Invalid: not an RRULE, or one that repeats more often than daily.
    """
    _rule(repeat, datetime(2000, 1, 3))  # noqa: DTZ001  (wall time)


def windows(
    starts_local: datetime, ends_local: datetime, repeat: str | None, zone: ZoneInfo, after: datetime, until: datetime
) -> list[Interval]:
    """The shift's instants that begin in (after, until]; a clock change keeps the wall time, so a night may be longer.

    Raises:
        Invalid: the rule cannot be read.
    """
    if repeat is None:
        starts = [starts_local]
    else:
        low, high = wall(after, zone) - timedelta(days=1), wall(until, zone) + timedelta(days=1)
        starts = _bounded(_rule(repeat, starts_local), high).between(low, high, inc=True)[:MAX_WINDOWS]
    length = ends_local - starts_local
    found = (Interval(at_wall(start, zone), at_wall(start + length, zone)) for start in starts)
    return [interval for interval in found if after < interval.start <= until and interval.start < interval.end]


def _bounded(rule: rrule, high: datetime) -> rrule:
    """The same rule ended at `high`: one that never matches would be searched for to the year 9999."""
    own = getattr(rule, "_until", None)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # COUNT and UNTIL together, which is what is meant here
        bounded: rrule = rule.replace(until=high if own is None else min(own, high))
    return bounded


def _rule(repeat: str, start: datetime) -> rrule:
    text = repeat.strip().removeprefix("RRULE:")
    parts = dict(part.partition("=")[::2] for part in text.upper().split(";"))
    if "\n" in text or parts.get("FREQ") not in _NOT_FASTER or parts.get("INTERVAL", "1").strip("0") == "":
        raise Invalid("invalid_repeat", "`repeat` is an RRULE with FREQ of DAILY or slower.", pointer="/repeat")
    try:
        # UNTIL may carry a Z; it is read as wall time like everything else of a shift.
        rule = rrulestr(text.replace("Z", "") if "UNTIL" in parts else text, dtstart=start)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise Invalid("invalid_repeat", f"`repeat` is not an RRULE: {error}.", pointer="/repeat") from None
    if not isinstance(rule, rrule):
        raise Invalid("invalid_repeat", "`repeat` is one RRULE.", pointer="/repeat")
    return rule
