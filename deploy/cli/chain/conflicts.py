"""Bookings that the services would refuse, as far as anybody can know before they are asked for.

Each is judged by what the public API says of shifts, rooms, standings and sessions, with scheduling's own rules, and
against the rows before it. It is a forecast: what counts is what the saga answers.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from deploy.cli.chain.bookings import marked
from deploy.cli.chain.chain import Line
from deploy.cli.chain.faults import Fault
from deploy.cli.chain.loading import Loading
from deploy.cli.chain.nouns import Appointment
from deploy.cli.chain.present import Found, instant
from deploy.cli.chain.surroundings import LIVE, Surroundings, look_around
from services.scheduling.domain.candidates import Candidate
from services.scheduling.domain.localtime import local_date
from services.scheduling.domain.opening import Interval, is_open, merge

BAR = "balancing_bar"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A row with what it means here."""

    line: Line[Appointment]
    branch: Found
    treatment: Found
    client_id: str
    therapist_id: str | None
    room_id: str | None
    during: Interval

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.branch["timezone"])

    @property
    def blocked(self) -> Interval:
        """With the turnover of its treatment; the room's own may be longer."""
        return Interval(self.during.start, self.during.end + timedelta(minutes=self.treatment["turnover_minutes"]))


async def find(loading: Loading) -> list[Fault]:
    """The conflicts of all rows whose branch, treatment and client are there already, in the file's order."""
    wanted = [one for line in loading.chain.of(Appointment) if (one := _wanted(loading, line))]
    if not wanted:
        return []
    around = await look_around(loading, wanted)
    found, before = list[Fault](), list[Wanted]()
    for one in wanted:
        if around.there(one) is None:
            found += [one.line.fault(field, problem) for field, problem in _of(one, around, before)]
            before.append(one)
    return found


async def take_out_moved(loading: Loading) -> list[Fault]:
    """Rows whose session was imported before and stands at another time now are taken out of the chain: booked again it
    would be there twice. Returns a fault for each."""
    lines = loading.chain.of(Appointment)
    if not any(line.row.uid for line in lines):
        return []
    ids = {loading.present.id_of("branches", line.row.branch) for line in lines} - {None}
    imported: dict[str, Found] = {}
    for id in ids:
        span = {"from": loading.calendar.now.isoformat()}
        for session in await loading.services.all("scheduling", "/v1/appointments", branch_id=id, **span):
            if session["status"] in LIVE and (uid := marked(session["notes"])) is not None:
                imported[uid] = session
    faults, kept = [], []
    for line in lines:
        there, wanted = imported.get(line.row.uid or ""), _wanted(loading, line)
        if there and wanted and instant(there["starts_at"]) != instant(wanted.during.start.isoformat()):
            said = f"was imported before and stands at {there['starts_at']}: move appointment {there['id']} instead"
            faults.append(line.fault("starts", said))
        else:
            kept.append(line)
    loading.chain.lines[Appointment.noun] = kept
    return faults


def take_out_passed(loading: Loading) -> int:
    """A calendar holds the past as well: what has begun is taken out. Returns how many."""
    lines = loading.chain.of(Appointment)
    kept = [line for line in lines if (begins := _starts(loading, line)) is None or begins > loading.calendar.now]
    loading.chain.lines[Appointment.noun] = kept
    return len(lines) - len(kept)


def _starts(loading: Loading, line: Line[Appointment]) -> datetime | None:
    zone = loading.zones.get(line.row.branch)
    try:
        return None if zone is None else line.row.starts.at(loading.calendar.anchor, zone, loading.calendar.now)
    except ValueError:
        return None


def _wanted(loading: Loading, line: Line[Appointment]) -> Wanted | None:
    row, present = line.row, loading.present
    branch, treatment = present.by_code["branches"].get(row.branch), present.by_code["treatments"].get(row.treatment)
    client_id, starts = present.id_of("clients", row.client), _starts(loading, line)
    if branch is None or treatment is None or client_id is None or starts is None:
        return None
    return Wanted(
        line, branch, treatment, client_id,
        None if row.therapist is None else present.id_of("therapists", row.therapist),
        None if row.room is None else present.id_of("rooms", f"{row.branch} {row.room}"),
        Interval(starts, starts + timedelta(minutes=treatment["duration_minutes"])),
    )  # fmt: skip


def _of(one: Wanted, around: Surroundings, before: list[Wanted]) -> Iterator[tuple[str, str]]:
    """(field, problem) of everything that speaks against a row."""
    minutes = one.treatment["duration_minutes"]
    if one.line.row.minutes not in (None, minutes):
        yield "minutes", f"lasts {one.line.row.minutes} minutes there, and {minutes} here"
    closures = around.closures[one.branch["id"]]
    if not is_open(one.branch["opening_hours"], one.zone, closures, *one.during):
        yield "starts", "outside_opening_hours: the branch is not open during the whole session"
    yield from _client(one, around, before)
    yield from _therapist(one, around, before)
    yield from _room(one, around, before)
    if problem := _screening(one, around):
        yield "client", problem


def _client(one: Wanted, around: Surroundings, before: list[Wanted]) -> Iterator[tuple[str, str]]:
    for other in before:
        if other.client_id == one.client_id and _meet(other.during, one.during):
            yield "client", f"has another session then, {_at(other)}"
    if any(_meet(during, one.during) for during in around.clients[one.client_id]):
        yield "client", "has another session then"


def _therapist(one: Wanted, around: Surroundings, before: list[Wanted]) -> Iterator[tuple[str, str]]:
    if one.therapist_id is not None:
        refusal = _candidate(one, one.therapist_id, around).refusal(one.during.end, one.zone, _skill(one))
        if refusal is not None:
            yield "therapist", f"{refusal}: {_WORDS[refusal]}"
        for other in before:
            if other.therapist_id == one.therapist_id and _meet(other.during, one.during):
                yield "therapist", f"slot_taken: gives another session then, {_at(other)}"
    elif not any(
        _candidate(one, id, around).refusal(one.during.end, one.zone, _skill(one)) is None
        for id in around.therapists_of[one.branch["id"]]
    ):
        yield "therapist", "therapist_unavailable: nobody who may give it is on shift and free"


_WORDS = {
    "therapist_unavailable": "is not on shift there, or away",
    "therapist_not_certified": "has no certificate that reaches past the session",
    "slot_taken": "gives another session then",
}


def _candidate(one: Wanted, id: str, around: Surroundings) -> Candidate:
    """What scheduling would know of her for this session."""
    shifts = merge(around.shifts[id, one.branch["id"]])
    until = around.certificates[id].get(_skill(one) or "")
    return Candidate(
        therapist_id=around.uuid(id),
        on_shift=any(shift.start <= one.during.start and one.during.end <= shift.end for shift in shifts),
        away=any(_meet(away, one.during) for away in around.away[id]),
        busy=any(_meet(busy, one.during) for busy in around.busy[id]),
        certified_until=None if until is None else date.fromisoformat(until),
    )


def _skill(one: Wanted) -> str | None:
    skill: str | None = one.treatment["requires"]["skill"]
    return skill


def _room(one: Wanted, around: Surroundings, before: list[Wanted]) -> Iterator[tuple[str, str]]:
    bar = BAR in one.treatment["requires"]["equipment"]
    rooms = [one.room_id] if one.room_id is not None else around.rooms_of[one.branch["id"]]
    cleared = [id for id in rooms if not bar or any(_within(one.blocked, period) for period in around.cleared[id])]
    if not cleared:
        code = "room_not_certified" if one.room_id is not None else "no_certified_room"
        yield "room", f"{code}: its bars are not cleared to the end of the session and its turnover"
        return
    taken: dict[str, str] = defaultdict(str)
    for id in cleared:
        if any(_meet(busy, one.blocked) for busy in around.taken[id]):
            taken[id] = "slot_taken: another session is in it then"
        for other in before:
            if other.room_id == id and _meet(other.blocked, one.blocked):
                taken[id] = f"slot_taken: another session is in it then, {_at(other)}"
    if len(taken) == len(cleared):
        yield "room", taken[cleared[0]] if one.room_id is not None else "no_room_available: every room is taken then"


def _screening(one: Wanted, around: Surroundings) -> str | None:
    protocol = one.treatment["screening_protocol"]
    if protocol is None:
        return None
    standing = around.standings.get((one.client_id, protocol))
    if standing is None:
        return f"screening_required: has never been screened for {protocol}"
    if standing["code"]:
        return f"{standing['code']}: cannot be booked for {protocol} as it stands"
    ends = {"valid_until": "screening_required", "clearance_valid_until": "clearance_expires_before_session"}
    for name, code in ends.items():
        if standing[name] and date.fromisoformat(standing[name]) < local_date(one.during.end, one.zone):
            return f"{code}: the standing for {protocol} ends before the session"
    return None


def _meet(one: Interval, other: Interval) -> bool:
    return one.start < other.end and other.start < one.end


def _within(inner: Interval, outer: Interval) -> bool:
    return outer.start <= inner.start and inner.end <= outer.end


def _at(other: Wanted) -> str:
    return f"at {other.line.place.file}:{other.line.place.line}"
