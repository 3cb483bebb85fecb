"""Gives sessions their rooms: requests of the saga in batches, direct ones one at a time, by one path."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from services.room_equipment.domain.houserules import RuleBook, book_of
from services.room_equipment.domain.localdays import local_date
from services.room_equipment.domain.placement import NoRoom, Placed, Room, Wish, place
from services.room_equipment.settings import settings
from services.room_equipment.store import placing, rooms
from services.room_equipment.store.placing import Scene
from shared.events.codes import Refusal
from shared.kit.database import Transaction
from shared.kit.ids import new_id


@dataclass(frozen=True, slots=True)
class Request:
    """A session that wants a room. A higher (attempt, version) replaces an older one of the same appointment."""

    appointment_id: UUID
    attempt: int
    version: int
    branch_id: UUID
    treatment_id: UUID
    therapist_id: UUID | None
    client_id: UUID | None
    room_id: UUID | None
    starts_at: datetime
    ends_at: datetime
    turnover_minutes: int
    requires_bar: bool
    room_flexible: bool
    screening_protocol: str | None


@dataclass(frozen=True, slots=True)
class Assigned:
    request: Request
    room_id: UUID
    blocked_until: datetime
    assignment_version: int


@dataclass(frozen=True, slots=True)
class Unplaced:
    """`refusal` names why; for codes of other moments (`therapist_unavailable`, `room_occupied`) only `code` is set."""

    request: Request
    code: Refusal
    refusal: NoRoom | None = None
    wish: Wish | None = None


@dataclass(slots=True)
class _Decided:
    request: Request
    placed: Placed
    load: Any
    assignment_version: int
    replaces: bool


async def assign(
    tx: Transaction, requests: Sequence[Request], not_after: Mapping[UUID, datetime] | None = None
) -> list[Assigned | Unplaced]:
    """Place them in order. One that is older than what was heard of its appointment gets no answer at all.

    `not_after`: these are moves, each of no use after its instant. Three statements for any number of requests, two
    more for moves.
    """
    branches = {request.branch_id for request in requests}
    if not_after is not None:  # the room that is given up may be in another branch
        branches |= await placing.branches_of(tx, [request.appointment_id for request in requests])
    locked = await rooms.lock(tx, branches)
    now = None if not_after is None else await placing.now(tx)
    by_branch: dict[UUID, list[Room]] = defaultdict(list)
    scene = await placing.read(tx, locked, _questions(requests))
    for row in locked:
        by_branch[row.branch_id].append(scene.rooms[row.id])

    rules = book_of(settings().house_rules, scene.rules)
    decided: list[_Decided] = []
    answers: list[Assigned | Unplaced] = []
    heard: list[Request] = []
    for request in requests:
        mark = scene.marks.get(request.appointment_id)
        if mark is not None and (request.attempt, request.version) <= (mark.attempt, mark.version):
            continue
        heard.append(request)
        if now is not None and not_after is not None and not_after[request.appointment_id] < now:
            answers.append(Unplaced(request, Refusal.TIMED_OUT))
            continue
        if request.treatment_id in scene.bar_treatments:  # since it was asked for, its treatment came to need bars
            request = replace(request, requires_bar=True)
        outcome = _decide(request, scene, rules, by_branch[request.branch_id])
        if isinstance(outcome, Unplaced):
            answers.append(outcome)
        else:
            decided.append(outcome)
    answers.extend(await _save(tx, decided, heard))
    return answers


def _questions(requests: Sequence[Request]) -> dict[str, list[Any]]:
    return {
        "branches": [r.branch_id for r in requests],
        "starts": [r.starts_at for r in requests],
        "ends": [r.ends_at for r in requests],
        "turnovers": [r.turnover_minutes for r in requests],
        "named": [r.room_id for r in requests],
        "therapists": [r.therapist_id for r in requests],
        "treatments": [r.treatment_id for r in requests],
        "appointments": [r.appointment_id for r in requests],
    }


def _decide(request: Request, scene: Scene, rules: RuleBook, branch_rooms: list[Room]) -> _Decided | Unplaced:
    version, running = scene.live.get(request.appointment_id, (0, False))
    if running:
        return Unplaced(request, Refusal.ROOM_OCCUPIED)
    if request.therapist_id is None:
        return Unplaced(request, Refusal.THERAPIST_UNAVAILABLE)
    profile = scene.profiles.get(request.therapist_id)
    day = local_date(request.starts_at, scene.zones.get(request.branch_id, "UTC"))
    factor = rules.of(request.branch_id).safety_factor
    load = profile.load_on(day, factor) if request.requires_bar and profile else None
    wish = Wish(
        request.appointment_id, request.starts_at, request.ends_at, request.turnover_minutes,
        request.requires_bar, load, request.room_id,
    )  # fmt: skip
    found = place(wish, branch_rooms)
    if isinstance(found, NoRoom):
        return Unplaced(request, Refusal(found.code), found, wish)
    # The next of the batch sees it. A replaced one keeps its old time too until it is written.
    taken_by = request.appointment_id if version == 0 else new_id()
    scene.rooms[found.room_id].busy[taken_by] = (request.starts_at, found.blocked_until)
    mark = scene.marks.get(request.appointment_id)
    known = max(version, mark.assignment_version if mark else 0)
    return _Decided(request, found, load, known + 1, version > 0)


async def _save(tx: Transaction, decided: list[_Decided], heard: list[Request]) -> list[Assigned | Unplaced]:
    stored: set[UUID] = set()
    replacing = [d for d in decided if d.replaces]
    if replacing:
        stored |= await placing.replace(tx, _columns(replacing))
    marks: dict[str, list[Any]] = {
        "mark_ids": [r.appointment_id for r in heard],
        "mark_attempts": [r.attempt for r in heard],
        "mark_versions": [r.version for r in heard],
        "mark_assignments": [0 for _ in heard],
    }
    if heard:
        stored |= await placing.write(tx, marks, _columns([d for d in decided if not d.replaces]))
    answers: list[Assigned | Unplaced] = []
    for d in decided:
        if d.request.appointment_id in stored:
            answers.append(Assigned(d.request, d.placed.room_id, d.placed.blocked_until, d.assignment_version))
        else:  # the constraint decided against us; with rooms locked this takes a writer that did not lock
            code = Refusal.SLOT_TAKEN if d.request.room_id else Refusal.NO_ROOM_AVAILABLE
            answers.append(Unplaced(d.request, code))
    return answers


def _columns(decided: Sequence[_Decided]) -> dict[str, list[Any]]:
    return {
        "ids": [d.request.appointment_id for d in decided],
        "assignment_versions": [d.assignment_version for d in decided],
        "attempts": [d.request.attempt for d in decided],
        "branch_ids": [d.request.branch_id for d in decided],
        "room_ids": [d.placed.room_id for d in decided],
        "treatment_ids": [d.request.treatment_id for d in decided],
        "therapist_ids": [d.request.therapist_id for d in decided],
        "client_ids": [d.request.client_id for d in decided],
        "protocols": [d.request.screening_protocol for d in decided],
        "flexible": [d.request.room_flexible for d in decided],
        "requires_bar": [d.request.requires_bar for d in decided],
        "loads": [d.load for d in decided],
        "starts": [d.request.starts_at for d in decided],
        "ends": [d.request.ends_at for d in decided],
        "turnovers": [d.request.turnover_minutes for d in decided],
        "blocked": [d.placed.blocked_until for d in decided],
    }
