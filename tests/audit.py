"""The auditor: holds every recorded request against all databases and all topics (faults.md, I1 to I9).

`violations` gives one line for each broken promise; an empty list is a clean run. It reads as superuser and trusts no
constraint: what a constraint forbids is looked for all the same.
"""

import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

from shared.events.room_equipment import RoomAssigned, RoomUnavailable
from shared.events.scheduling import (
    AppointmentCancelled,
    AppointmentConfirmed,
    AppointmentMoveRequested,
    AppointmentNoShow,
    AppointmentRejected,
    AppointmentRequested,
    AppointmentRescheduled,
    AppointmentRescheduleRequested,
)
from shared.events.screening import AppointmentBlocked, AppointmentCleared
from shared.kit.inbox import Dispatch
from tests.journeys.evidence import CONSUMERS, Evidence, gather, unsettled
from tests.journeys.ledger import Entry, Ledger
from tests.journeys.system import Whole, until

HOLDS_ROOM = {"confirmed", "checked_in", "in_progress"}
HOLDS_THERAPIST = HOLDS_ROOM | {"pending", "needs_attention"}
SETTLE_SECONDS = 60.0  # I6


async def settle(whole: Whole, seconds: float = SETTLE_SECONDS) -> float:
    """Wait until nothing is under way any more. Returns the seconds that took; fails with what is left."""
    began, left = time.monotonic(), ["not looked yet"]

    async def quiet() -> bool:
        left[:] = await unsettled(whole)
        return not left

    try:
        await until(quiet, "everything settled", seconds)
    except AssertionError as error:
        raise AssertionError(f"{error}: {', '.join(left)}") from None
    return time.monotonic() - began


async def violations(whole: Whole, ledger: Ledger, *, forged: frozenset[str] = frozenset()) -> list[str]:
    """Every broken promise of a settled system. `forged`: ids of events a test put on the topics itself."""
    found = await gather(whole)
    return [
        *[f"I1 {line}" for line in await twice_used(whole)],
        *[f"I2 {line}" for line in [*promises(ledger, found), *moves(ledger, found)]],
        *[f"I3 {line}" for line in topics_and_outboxes(found, forged)],
        *[f"I4 {line}" for line in [*applied_once(found, forged), *answered_once(found, forged)]],
        *[f"I5 {line}" for line in in_order(found, forged)],
        *[f"I6 {line}" for line in [*final(found, forged), *same_everywhere(found, ledger)]],
        *[f"I7 {line}" for line in within_branch(found)],
        *[f"I9 {line}" for line in ledger.wrong],
    ]


# --- I1: nothing is used twice, nothing lies outside its clearance --------------------------------------------------

_ROOM_TWICE = """
SELECT a.appointment_id AS one, b.appointment_id AS other FROM assignments a JOIN assignments b
    ON a.room_id = b.room_id AND a.during && b.during AND a.appointment_id < b.appointment_id
"""
_SESSIONS_TWICE = """
WITH sessions AS (
    SELECT appointment_id, room_id, therapist_id, tstzrange(started_at, ended_at) AS during FROM assignment_history
    WHERE started_at IS NOT NULL AND outcome IN ('completed', 'aborted') AND ended_at > started_at
    UNION ALL
    SELECT appointment_id, room_id, therapist_id, tstzrange(started_at, NULL) FROM assignments
    WHERE started_at IS NOT NULL
)
SELECT a.appointment_id AS one, b.appointment_id AS other FROM sessions a JOIN sessions b
    ON (a.room_id = b.room_id OR a.therapist_id = b.therapist_id) AND a.during && b.during
    AND a.appointment_id < b.appointment_id
"""
_THERAPIST_TWICE = """
SELECT a.id AS one, b.id AS other FROM appointments a JOIN appointments b
    ON a.therapist_id = b.therapist_id AND a.id < b.id
    AND tstzrange(a.starts_at, a.ends_at) && tstzrange(b.starts_at, b.ends_at)
WHERE a.status = ANY($1::text[]) AND b.status = ANY($1::text[])
"""
_CLAIM_TWICE = """
SELECT a.appointment_id AS one, b.appointment_id AS other FROM therapist_claims a JOIN therapist_claims b
    ON a.therapist_id = b.therapist_id AND a.during && b.during AND a.appointment_id < b.appointment_id
"""
_UNCLEARED = """
SELECT a.appointment_id FROM assignments a
WHERE a.requires_bar AND NOT coalesce(a.covered <@ (
    SELECT range_agg(c.valid_during) FROM room_clearances c WHERE c.room_id = a.room_id AND c.max_load_kg >= a.load_kg
), false)
"""


async def twice_used(whole: Whole) -> list[str]:
    live = sorted(HOLDS_THERAPIST)
    found = {
        "room": await whole.rows("room_equipment", _ROOM_TWICE),
        "room or therapist, by running sessions,": await whole.rows("room_equipment", _SESSIONS_TWICE),
        "therapist": await whole.rows("scheduling", _THERAPIST_TWICE, live),
        "claim": await whole.rows("scheduling", _CLAIM_TWICE),
    }
    twice = [f"{what} used twice: {row['one']} and {row['other']}" for what, rows in found.items() for row in rows]
    uncleared = await whole.rows("room_equipment", _UNCLEARED)
    return [*twice, *(f"{row['appointment_id']} lies outside its room's clearance" for row in uncleared)]


# --- I2: what was acknowledged is so ---------------------------------------------------------------------------------


def promises(ledger: Ledger, found: Evidence) -> Iterator[str]:
    by_id = {str(row["id"]): row for row in found.appointments}
    was: dict[str, set[str]] = defaultdict(set)
    for row in found.history:
        was[str(row["appointment_id"])].add(row["status"])
    for entry in ledger.bookings():
        yield from _booking(entry, by_id, was)
    marks = Counter(row["notes"] for row in found.appointments if (row["notes"] or "").startswith("once "))
    yield from (f"{count} appointments for one command ({mark})" for mark, count in marks.items() if count > 1)
    for id, entry in ledger.on_appointments("cancel"):
        if entry.status == 200 and "cancelled" not in was[str(id)]:
            yield f"{id} was acknowledged as cancelled and is {by_id[str(id)]['status']}"


def moves(ledger: Ledger, found: Evidence) -> Iterator[str]:
    """What was acknowledged as moved was there; what was refused stands, or ended by another command."""
    slots: dict[str, set[tuple[str, datetime]]] = defaultdict(set)
    for row in found.history:
        slots[str(row["appointment_id"])].add((row["status"], row["starts_at"]))
    for id, entry in ledger.on_appointments("reschedule"):
        if entry.status == 200 and ("confirmed", datetime.fromisoformat(entry.body["starts_at"])) not in slots[str(id)]:
            yield f"{id} was acknowledged as moved to {entry.body['starts_at']} and never was there"


def _booking(entry: Entry, by_id: dict, was: dict[str, set[str]]) -> Iterator[str]:  # type: ignore[type-arg]
    body = entry.answer if isinstance(entry.answer, dict) else {}
    id = str(body.get("id") or body.get("appointment_id") or "")
    if entry.status == 0 or entry.status >= 500 or entry.status in (422, 429) or not id:
        if entry.status in (201, 202):
            yield f"a booking was acknowledged ({entry.status}) without an id"
        return
    if id not in by_id:
        yield f"{id} was acknowledged ({entry.status}) and is not there"
    elif entry.status == 201 and "confirmed" not in was[id]:
        yield f"{id} was acknowledged as confirmed and never was: {sorted(was[id])}"
    elif entry.status == 409 and by_id[id]["status"] != "rejected":
        yield f"{id} was refused and is {by_id[id]['status']}"


# --- I3, I4, I5: every event once, everywhere, in order --------------------------------------------------------------


def topics_and_outboxes(found: Evidence, forged: frozenset[str]) -> Iterator[str]:
    on_topics = {record.id for record in found.records} - forged
    committed = {str(row["id"]) for rows in found.outbox.values() for row in rows}
    yield from (f"event {id} is committed and on no topic" for id in committed - on_topics)
    yield from (f"event {id} is on a topic and was never committed" for id in on_topics - committed)
    for service, rows in found.outbox.items():
        yield from (f"{service}: event {row['id']} is unpublished" for row in rows if row["published_at"] is None)


def applied_once(found: Evidence, forged: frozenset[str]) -> Iterator[str]:
    for service, handlers in CONSUMERS.items():
        dispatch = Dispatch(handlers)
        parked = {str(row["id"]) for row in found.dead[service]}
        due = {record.id for record in found.records if dispatch.knows(record.type)} - forged
        yield from (f"{service} never handled event {id}" for id in due - found.inbox[service] - parked)
    per_event = Counter((row["event_id"], row["recipient"], row["channel"]) for row in found.messages)
    yield from (f"{count} messages for {key}" for key, count in per_event.items() if count > 1)
    versions: dict[UUID, list[int]] = defaultdict(list)
    for row in found.history:
        versions[row["appointment_id"]].append(row["version"])
    for appointment in found.appointments:
        if versions[appointment["id"]] != list(range(1, appointment["version"] + 1)):
            yield f"{appointment['id']}: history {versions[appointment['id']]}, version {appointment['version']}"


ASKED: dict[str, tuple[str, ...]] = {
    AppointmentRequested.type: ("screening", "room-equipment"),
    AppointmentRescheduleRequested.type: ("screening",),
    AppointmentMoveRequested.type: ("room-equipment",),
}


def answered_once(found: Evidence, forged: frozenset[str]) -> Iterator[str]:
    """Each request of a room and of a yes from screening: one answer, of one kind."""
    asked: dict[str, set[tuple[str, int]]] = {"screening": set(), "room-equipment": set()}
    ended: set[str] = set()
    answers: dict[str, Counter[tuple[str, int]]] = {"screening": Counter(), "room-equipment": Counter()}
    kinds = {AppointmentCleared.type: "screening", AppointmentBlocked.type: "screening"}
    kinds |= {RoomAssigned.type: "room-equipment", RoomUnavailable.type: "room-equipment"}
    confirmations: Counter[tuple[str, int]] = Counter()
    for record in found.first_seen():
        if record.id in forged:
            continue
        place = (str(record.data.get("appointment_id")), int(record.data.get("attempt") or 0))
        if record.type in ASKED:
            for who in ASKED[record.type]:
                asked[who].add(place)
        elif record.type in kinds:
            answers[kinds[record.type]][place] += 1
        elif record.type in (AppointmentRejected.type, AppointmentCancelled.type, AppointmentNoShow.type):
            ended.add(place[0])
        elif record.type in (AppointmentConfirmed.type, AppointmentRescheduled.type):
            confirmations[place] += 1
    for who, counted in answers.items():
        yield from (f"{who} answered {place} {count} times" for place, count in counted.items() if count > 1)
        missing = (place for place in asked[who] - counted.keys() if place[0] not in ended)
        yield from (f"{who} never answered {place}" for place in missing)
    yield from (f"{place} confirmed {count} times" for place, count in confirmations.items() if count > 1)


def in_order(found: Evidence, forged: frozenset[str]) -> Iterator[str]:
    last: dict[tuple[str, str, str], int] = {}
    for record in found.first_seen():
        field = "assignment_version" if record.topic == "caibei.room-equipment" else "version"
        version = record.data.get(field)
        if record.id in forged or not isinstance(version, int):
            continue
        # Facts of one aggregate are numbered together; a room's clearance and a room have numbers of their own.
        stem = record.type.split(".")[2] + ("!" if "clearance" in record.type else "")
        place = (record.topic, stem if field == "version" else "assignment", record.key)
        if version < last.get(place, 0):
            yield f"{record.type} of {record.key}: version {version} lies after {last[place]}"
        last[place] = version


# --- I6, I7: everything is final, the same in all services, and in its own branch ------------------------------------


def final(found: Evidence, forged: frozenset[str]) -> Iterator[str]:
    status = {row["id"]: row["status"] for row in found.appointments}
    yield from (f"{id} is still pending" for id, now in status.items() if now == "pending")
    held = {row["appointment_id"] for row in found.claims if row["expires_at"] is None}
    yield from (
        f"{id} is {status.get(id)} and keeps a therapist" for id in held if status.get(id) not in HOLDS_THERAPIST
    )
    for id, count in Counter(row["appointment_id"] for row in found.claims if row["expires_at"] is None).items():
        if count > 1:
            yield f"{id} keeps {count} times of therapists: the slot it left among them"
    live = {id for id, now in status.items() if now in HOLDS_THERAPIST}
    yield from (f"{id} is {status[id]} and no therapist is kept for it" for id in live - held)
    for service, rows in found.dead.items():
        for row in rows:
            if row["resolved_at"] is None and str(row["id"]) not in forged:
                yield f"{service}: {row['status']} letter {row['type']} {row['id']}: {row['reason']}"


def same_everywhere(found: Evidence, ledger: Ledger) -> Iterator[str]:
    appointments = {row["id"]: row for row in found.appointments}
    rooms = {row["appointment_id"]: row for row in found.assignments}
    direct = {e.body["appointment_id"] for e in ledger.entries.values() if e.path == "/v1/assignments" and e.body}
    for id, row in rooms.items():
        mine = appointments.get(id)
        if mine is None:
            if str(id) not in direct:
                yield f"room {row['room_id']} is kept for {id}, which scheduling does not know"
        elif mine["status"] not in HOLDS_ROOM:
            yield f"room {row['room_id']} is kept for {id}, which is {mine['status']}"
        elif (mine["room_id"], mine["therapist_id"]) != (row["room_id"], row["therapist_id"]):
            here, there = (mine["room_id"], mine["therapist_id"]), (row["room_id"], row["therapist_id"])
            yield f"{id}: scheduling has room and therapist {here}, room-equipment {there}"
        elif row["planned_at"] != mine["starts_at"] and row["started_at"] is None:
            yield f"{id} starts at {mine['starts_at']} here and {row['planned_at']} there"
    waiting = {row["appointment_id"] for row in found.attention if row["resolved_at"] is None}
    for id, mine in appointments.items():
        if mine["status"] in HOLDS_ROOM and id not in rooms:
            yield f"{id} is {mine['status']} and has no room in room-equipment"
        if mine["status"] == "needs_attention" and id not in waiting:
            yield f"{id} needs attention and is on no list"


def within_branch(found: Evidence) -> Iterator[str]:
    branch = {row["id"]: row["branch_id"] for row in found.rooms}
    for row in [*found.assignments, *(a for a in found.appointments if a["room_id"] is not None)]:
        if branch.get(row["room_id"], row["branch_id"]) != row["branch_id"]:
            yield f"{dict(row)} has a room of another branch"
