"""The day sheet on paper: what a branch works from when nothing else works. Names, times, rooms; nothing of health."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from shared.kit.papers import Banner, Block, Facts, Heading, Paper, Table, Text

_WHY = {
    "no_bar": "no bar: massage only",
    "too_few_bars": "too few bars",
    "never_inspected": "never inspected as mounted now",
    "lapsed": "certificate lapsed",
    "failed": "failed its inspection",
    "locked_out": "locked out",
    "out_of_service": "out of service",
    "closed": "room closed",
    None: "not on record",
}
_STATUS = {
    "pending": "being asked for", "confirmed": "", "needs_attention": "NEEDS A PERSON", "checked_in": "checked in",
    "in_progress": "running", "completed": "completed", "no_show": "no-show",
}  # fmt: skip
_KIND = {
    "displaced": "lost its room or its time: choose another", "at_risk": "a bar failed under it: look at once",
    "started_after_end": "started although its appointment had ended", "overran": "was not finished in time",
    "therapist_needed": "needs another therapist",
}  # fmt: skip


class _Clock:
    """Times of one day, as its branch reads them: a repeated hour with its offset, another day with its name."""

    def __init__(self, zone: ZoneInfo, day: date) -> None:
        self._zone, self._day = zone, day

    def at(self, instant: datetime) -> str:
        local = instant.astimezone(self._zone)
        said = f"{local:%H:%M}"
        if local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset():
            said += f" (UTC{local:%z})"
        if local.date() != self._day:
            said += f" {local:%a}" if abs(local.date() - self._day) < timedelta(days=7) else f", {day_name(local)}"
        return said

    def span(self, start: datetime, end: datetime | None) -> str:
        return f"{self.at(start)} – {self.at(end) if end is not None else 'open end'}"

    def spans(self, stretches: Iterable[dict[str, Any]]) -> str:
        return ", ".join(self.span(each["starts_at"], each["ends_at"]) for each in stretches)


def day_name(day: date) -> str:
    return f"{day.day} {day:%B %Y}"


def paper(values: dict[str, Any], branch: Any, zone: ZoneInfo) -> Paper:
    """`values`: as handlers.daysheets says them."""
    day, clock = values["date"], _Clock(zone, values["date"])
    hours = (values["ends_at"] - values["starts_at"]) / timedelta(hours=1)
    now = values["computed_at"].astimezone(zone)
    heard = values["rooms_heard_at"]
    blocks: list[Block] = [
        *_warnings(values, clock),
        Facts([
            ("Open", clock.spans(values["opening"]) or "closed all day"),
            ("Closed", "\n".join(_closure(each, clock) for each in values["closures"]) or "no closure"),
            ("This sheet", f"{clock.span(values['starts_at'], values['ends_at'])} ({hours:g} hours)"),
            ("Rooms as of", _when(heard.astimezone(zone)) if heard else "nothing heard of rooms yet"),
        ]),
        *_attention(values, clock),
        Heading("Rooms and their bars"),
        Table(["Room", "Bars", "Closed"], [_bars(room, clock, zone) for room in values["rooms"]], [1.2, 5, 3],
              "No room is known."),
        *_by_room(values, clock, zone),
        *_by_therapist(values, clock),
        Text("Only room-equipment decides whether a session may begin: look at the bars before each one.", small=True),
    ]  # fmt: skip
    lines = [values["branch_name"], branch.address or "", branch.phone or ""]
    return Paper(
        title=f"{day:%A}, {day_name(day)}",
        subject=f"Day sheet of {values['branch_code']} · all times in {values['timezone']}",
        letterhead=[line for line in lines if line],
        blocks=blocks,
        printed=f"Printed {day_name(now)}, {now:%H:%M} (UTC{now:%z}). What changed since is not on it.",
        footer=f"Day sheet {values['branch_code']} · {day.isoformat()} · names of clients: do not leave it lying about",
    )


def _when(local: datetime) -> str:
    return f"{day_name(local)}, {local:%H:%M}"


def _warnings(values: dict[str, Any], clock: _Clock) -> list[Block]:
    found: list[Block] = []
    if values["attention"]:
        n = len({item["appointment_id"] for item in values["attention"]})
        found.append(
            Banner(f"{n} session{'s' if n > 1 else ''} of this day need{'' if n > 1 else 's'} a person.", "bad")
        )
    uncleared = [room["code"] for room in values["rooms"] if _worse_than_none(room)]
    if uncleared:
        said = f"No back-stepping, for all or part of the day, in {', '.join(uncleared)}."
        found.append(Banner(said, "warning"))
    return found


def _worse_than_none(room: dict[str, Any]) -> bool:
    """Not cleared although there are bars."""
    return any(not bar["cleared"] and bar["reason"] not in ("no_bar", "closed") for bar in room["bars"])


def _bars(room: dict[str, Any], clock: _Clock, zone: ZoneInfo) -> list[str]:
    if room["cleared"] == "all_day":
        until = room["cleared_until"]
        bars = "CLEARED all day" if until is None else f"CLEARED all day, until {_when(until.astimezone(zone))}"
    else:
        bars = "\n".join(
            f"{clock.span(bar['starts_at'], bar['ends_at'])}: "
            + ("CLEARED" if bar["cleared"] else f"NOT CLEARED, {_why(bar)}")
            for bar in room["bars"]
        )
        if len(room["bars"]) == 1:
            bars = f"NOT CLEARED all day: {_why(room['bars'][0])}"
    return [room["code"], bars, "\n".join(_closure(each, clock) for each in room["closures"])]


def _why(bar: dict[str, Any]) -> str:
    return _WHY.get(bar["reason"], str(bar["reason"]))


def _closure(closed: dict[str, Any], clock: _Clock) -> str:
    reason = f": {closed['reason']}" if closed["reason"] else ""
    return f"{clock.span(closed['starts_at'], closed['ends_at'])}{reason}"


def _attention(values: dict[str, Any], clock: _Clock) -> list[Block]:
    if not values["attention"]:
        return []
    sessions = {session["appointment_id"]: session for session in values["sessions"]}
    rows = [
        [clock.at(sessions[item["appointment_id"]]["starts_at"]), _name(sessions[item["appointment_id"]]),
         item["client_phone"] or "no number", _KIND.get(item["kind"], item["kind"])]
        for item in values["attention"]
    ]  # fmt: skip
    return [Heading("Needs a person"), Table(["Time", "Client", "Phone", "What"], rows, [1.5, 3, 2.2, 4])]


def _by_room(values: dict[str, Any], clock: _Clock, zone: ZoneInfo) -> list[Block]:
    blocks: list[Block] = []
    rooms = {room["room_id"]: room for room in values["rooms"]}
    for room_id in [*rooms, None]:
        here = [s for s in values["sessions"] if (s["room_id"] if s["room_id"] in rooms else None) == room_id]
        if room_id is None and not here:
            continue
        blocks.append(Heading("Without a room" if room_id is None else f"Room {rooms[room_id]['code']}"))
        if room_id is not None:
            blocks.append(Text(_bars(rooms[room_id], clock, zone)[1], small=True))
        blocks.append(_sessions(here, clock, "Therapist", lambda s: s["therapist_name"] or "nobody yet"))
    return blocks


def _by_therapist(values: dict[str, Any], clock: _Clock) -> list[Block]:
    blocks: list[Block] = []
    names = {each["therapist_id"]: each for each in values["therapists"]}
    others = {s["therapist_id"]: s["therapist_name"] for s in values["sessions"] if s["therapist_id"] not in names}
    for id in [*names, *(id for id in others if id is not None)]:
        here = [session for session in values["sessions"] if session["therapist_id"] == id]
        blocks.append(Heading(names[id]["name"] if id in names else f"{others[id]} (no shift here on this day)"))
        if id in names:
            away = clock.spans(names[id]["time_off"])
            on = f"On shift {clock.spans(names[id]['shifts'])}"
            blocks.append(Text(f"{on}. Away {away}." if away else f"{on}."))
        blocks.append(_sessions(here, clock, "Room", lambda s: s["room_code"] or "none yet"))
    return blocks


def _sessions(sessions: Sequence[dict[str, Any]], clock: _Clock, head: str, other: Any) -> Table:
    rows = [
        [clock.span(s["starts_at"], s["ends_at"]), s["treatment_name"], other(s), _name(s),
         " · ".join(filter(None, (_STATUS.get(s["status"], s["status"]), "walk-in" if s["walk_in"] else "")))]
        for s in sessions
    ]  # fmt: skip
    return Table(["Time", "Treatment", head, "Client", "State"], rows, [2.3, 3.2, 2, 2.6, 1.9], "No session.")


def _name(session: dict[str, Any]) -> str:
    return session["client_name"] or "(erased)"
