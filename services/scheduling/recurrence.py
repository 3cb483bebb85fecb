"""Recurring shifts and series of sessions: RRULE (RFC 5545) read in the branch's wall time.

Outside `domain/` because it leans on dateutil for the rule's grammar.
"""

import re
from datetime import datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from dateutil.rrule import rrule, rrulestr

from services.scheduling.domain.localtime import at_wall, wall
from services.scheduling.domain.opening import Interval
from shared.errors import Invalid

MAX_WINDOWS = 2_000
_WEEK = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_DAY = r"(MO|TU|WE|TH|FR|SA|SU)"
_NUMBER = r"[1-9]\d{0,2}"
_PARTS = {
    "FREQ": r"DAILY|WEEKLY|MONTHLY",
    "INTERVAL": _NUMBER,
    "COUNT": r"[1-9]\d{0,3}",
    "UNTIL": r"\d{8}(T\d{6}Z?)?",
    "BYDAY": rf"([+-]?[1-5])?{_DAY}(,([+-]?[1-5])?{_DAY})*",
    "BYMONTHDAY": r"-?([1-9]|1\d|2[0-8])(,-?([1-9]|1\d|2[0-8]))*",
    "WKST": _DAY,
}


def windows(
    starts_local: datetime, ends_local: datetime, repeat: str | None, zone: ZoneInfo, after: datetime, until: datetime
) -> list[Interval]:
    """The shift's instants that begin in (after, until]; a clock change keeps the wall time, so a night may be longer.

    Raises:
        Invalid: not an RRULE, or not one that a shift can follow.
    """
    if repeat is None:
        starts = [starts_local]
    else:
        low, high = wall(after, zone) - timedelta(days=1), wall(until, zone) + timedelta(days=1)
        starts = _rule(repeat, starts_local).between(low, high, inc=True)[:MAX_WINDOWS]
    length = ends_local - starts_local
    found = (Interval(at_wall(start, zone), at_wall(start + length, zone)) for start in starts)
    return [interval for interval in found if after < interval.start <= until and interval.start < interval.end]


def dates(starts_local: datetime, rule: str, most: int) -> list[datetime]:
    """Every date of a series, as the branch's clock shows it. A rule that names one day twice gives it once.

    An UNTIL without a time holds through its day.

    Raises:
        Invalid: not an RRULE that a series can follow; it never ends, is too long, or leaves out the first date.
    """
    text = re.sub(r"(UNTIL=\d{8})(;|$)", r"\1T235959\2", rule.strip().upper())
    ends = re.findall(r"(COUNT|UNTIL)=", text)
    if len(ends) > 1:
        raise Invalid("invalid_rrule", "It ends by COUNT or by UNTIL, not by both.", pointer="/rrule")
    try:
        found = list(islice(_rule(text, starts_local), most + 1))
    except Invalid as error:
        raise Invalid("invalid_rrule", error.detail.replace("`repeat`", "`rrule`"), pointer="/rrule") from None
    if not ends:
        raise Invalid("rrule_unbounded", "Say where it ends: COUNT=12, or UNTIL=20271231.", pointer="/rrule")
    if len(found) > most:
        raise Invalid("series_too_long", f"A series has at most {most} dates: plan the rest later.", pointer="/rrule")
    if not found or found[0] != starts_local:
        detail = "The first session must be on a day that the rule names, and not after its end."
        raise Invalid("start_outside_rrule", detail, pointer="/starts_at_local")
    return found


def _rule(repeat: str, start: datetime) -> rrule:
    """The rule, if it is one of those that always come round: dateutil searches the others to the year 9999."""
    text = repeat.strip().upper().removeprefix("RRULE:")
    parts = dict(part.partition("=")[::2] for part in text.split(";"))
    for name, value in parts.items():
        if name not in _PARTS or not re.fullmatch(_PARTS[name], value):
            raise _refused(f"{name} cannot be used like this.")
    if "FREQ" not in parts or ("BYMONTHDAY" in parts and parts["FREQ"] != "MONTHLY"):
        raise _refused("FREQ is DAILY, WEEKLY or MONTHLY; BYMONTHDAY goes with MONTHLY.")
    if parts["FREQ"] != "MONTHLY" and re.search(r"\d", parts.get("BYDAY", "")):
        raise _refused("BYDAY has numbers only with MONTHLY.")
    if parts["FREQ"] == "DAILY" and "BYDAY" in parts:
        step = int(parts.get("INTERVAL", 1))
        reached = {_WEEK[(start.weekday() + n * step) % 7] for n in range(7)}
        if reached.isdisjoint(parts["BYDAY"].split(",")):
            raise _refused("it never falls on one of its days.")
    try:
        # UNTIL may carry a Z; it is read as wall time like everything else of a shift.
        rule = rrulestr(re.sub(r"(UNTIL=\d{8}T\d{6})Z", r"\1", text), dtstart=start)
    except ValueError as error:
        raise _refused(f"{error}.") from None
    assert isinstance(rule, rrule)
    return rule


def _refused(why: str) -> Invalid:
    return Invalid("invalid_repeat", f"`repeat` is an RRULE such as FREQ=WEEKLY;BYDAY=MO,WE: {why}", pointer="/repeat")
