"""What only the services know: names that are not in the file, what a protocol asks, sessions that cannot be."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from deploy.cli.chain import checks
from deploy.cli.chain.chain import Calendar, Chain, Line
from deploy.cli.chain.faults import Fault
from deploy.cli.chain.nouns import Appointment, Branch, Clearance, Screening, Therapist, Treatment
from deploy.cli.chain.present import Found, Present
from deploy.cli.chain.when import Day


def faults(chain: Chain, present: Present, calendar: Calendar) -> Iterator[Fault]:
    """Everything wrong with rows that have their shape."""
    zone_of = checks.zones(chain, present.timezones)
    yield from checks.inside(chain)
    yield from checks.references(chain, present.known)
    yield from checks.times(chain, zone_of, calendar)
    yield from screenings(chain, present, calendar)
    yield from appointments(chain, present, zone_of, calendar)
    yield from moved(chain, present)


def moved(chain: Chain, present: Present) -> Iterator[Fault]:
    """A branch that is there in another time zone: its shifts and bookings would all mean other hours."""
    for line in chain.of(Branch):
        zone = present.timezones.get(line.row.code)
        if zone is not None and zone != line.row.timezone:
            yield line.fault("timezone", f"branch {line.row.code!r} is there with the time zone {zone}")


def screenings(chain: Chain, present: Present, calendar: Calendar) -> Iterator[Fault]:
    """Answers to questions nobody asked, and questions without an answer. Answers are never repeated here."""
    screened = {(line.row.client, line.row.protocol) for line in chain.of(Screening)}
    for line in chain.of(Screening):
        protocol = present.protocols.get(line.row.protocol)
        if protocol is None:
            yield line.fault("protocol", f"{line.row.protocol!r} is no protocol")
            continue
        if not line.row.advisory_acknowledged:
            yield line.fault("advisory_acknowledged", "must be yes: the advisory comes before any decision")
        asked = {question["id"]: question for question in protocol["questions"] if question["section"] == "standing"}
        for id in line.row.answers:
            if id not in asked:
                yield line.fault(f"answers.{id}", f"is no standing question of {line.row.protocol}")
        try:
            answers = answers_of(line, protocol, calendar)
        except ValueError as error:
            yield line.fault("answers", str(error))
            continue
        for id, question in asked.items():
            when = question["asked_when"]
            if id not in answers and (when is None or answers.get(when["question"]) == when["answer"]):
                yield line.fault("answers", f"{id!r} has no answer")
    for letter in chain.of(Clearance):
        if (letter.row.client, letter.row.protocol) not in screened and letter.row.client in chain.named["clients"]:
            yield letter.fault("protocol", f"client {letter.row.client!r} has no screening for it to clear")


def answers_of(line: Line[Screening], protocol: Found, calendar: Calendar) -> dict[str, str]:
    """As screening takes them: dates resolved, and `otherwise` put where nothing is named and nothing else applies."""
    questions = [q for q in protocol["questions"] if q["section"] == "standing"]
    found: dict[str, str] = {}
    for question in questions:
        answer = line.row.answers.get(question["id"])
        if answer is not None and question["type"] == "date" and answer not in ("no", "unsure"):
            answer = Day.parse(answer).on(calendar.anchor).isoformat()
        elif answer is None and line.row.otherwise and question["asked_when"] is None:
            answer = line.row.otherwise
        if answer is not None:
            found[question["id"]] = answer
    return found


def appointments(chain: Chain, present: Present, zone_of: dict[str, ZoneInfo], calendar: Calendar) -> Iterator[Fault]:
    """A treatment or therapist that cannot be in that branch on that day, and a client or therapist in two places."""
    treatments, therapists = chain.by_natural(Treatment), chain.by_natural(Therapist)
    taken: dict[tuple[str, str], list[tuple[datetime, datetime, Line[Appointment]]]] = {}
    for line in chain.of(Appointment):
        zone, treatment = zone_of.get(line.row.branch), treatments.get(line.row.treatment)
        if zone is None or treatment is None:
            continue
        try:
            starts = line.row.starts.at(calendar.anchor, zone, calendar.now)
        except ValueError:
            continue
        ends = starts + timedelta(minutes=treatment.row.duration_minutes)
        for kind, code in (("client", line.row.client), ("therapist", line.row.therapist)):
            if code is None:
                continue
            others = taken.setdefault((kind, code), [])
            for start, end, other in others:
                if start < ends and starts < end:
                    yield line.fault(
                        kind, f"{code!r} has another session then, at {other.place.file}:{other.place.line}"
                    )
            others.append((starts, ends, line))
        therapist = therapists.get(line.row.therapist or "")
        if therapist is not None:
            yield from _can(line, therapist.row, treatment.row, ends.astimezone(zone).date(), calendar)


def _can(
    line: Line[Appointment], therapist: Therapist, treatment: Treatment, day: date, calendar: Calendar
) -> Iterator[Fault]:
    if line.row.branch not in therapist.branches:
        yield line.fault("therapist", f"{therapist.name} does not work in {line.row.branch}")
    if treatment.skill is not None:
        until = therapist.skills.get(treatment.skill)
        if until is None or until.on(calendar.anchor) < day:
            yield line.fault("therapist", f"{therapist.name} has no certificate for {treatment.skill} on that day")
