"""Several sessions asked for at once, all or none (ADR 0031): one transaction takes every therapist's time.

Therapists are claimed in the order of their ids, so that two parties that want the same ones cannot wait for each
other. Who loses one to another request gives back all, looks again, and tries with whoever is free then.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.scheduling.domain.appointment import Appointment
from services.scheduling.domain.matching import assign
from services.scheduling.handlers.booking import (
    Asked,
    LocalTimeRefusal,
    Wish,
    draft,
    judge,
    look,
    refuse,
    row_of,
)
from services.scheduling.handlers.clocks import QUESTIONS
from services.scheduling.handlers.facts import requested
from services.scheduling.handlers.parties import Parties
from services.scheduling.handlers.saga import Step
from services.scheduling.settings import settings
from services.scheduling.store import appointments, parties
from services.scheduling.store.booking import Ground
from shared.errors import Invalid
from shared.events.codes import Refusal
from shared.kit import failpoints
from shared.kit.auth import Principal
from shared.kit.database import Transaction

_TRIES = 5
_NOT_ALL = Refusal.NOT_ALL_POSSIBLE


@dataclass(frozen=True, slots=True)
class Place:
    """One wish of the party, as it is to be stored; `pointer` is where the request names it."""

    id: UUID
    wish: Wish
    pointer: str = ""


@dataclass(slots=True)
class _Sought:
    place: Place
    appointment: Appointment
    found: Ground
    starts_at: datetime
    local_time: LocalTimeRefusal | None
    order: list[UUID]
    code: str


class _LostOneError(Exception):
    """Another request was faster with one of the therapists."""

    def __init__(self, sought: _Sought) -> None:
        self.sought = sought


async def ask(tx: Transaction, who: Principal, party_id: UUID, places: Sequence[Place]) -> list[Asked]:
    """Store every wish as `pending` with its therapist's time taken; or, if one cannot be had, all as `rejected`.

    The one that cannot has its own code, the others `not_all_possible`. `places` are in the order of their ids.

    Raises:
        Invalid: something named is unknown, or the start has passed; nothing is stored.
    """
    sought: list[_Sought] = []
    refused: dict[UUID, str] = {}
    for _ in range(_TRIES):
        sought = [await _look(tx, who, party_id, place, len(places)) for place in places]
        chosen = _choose(sought)
        refused = {s.place.id: s.code for s in sought if chosen[s.place.id] is None}
        if refused:
            break
        try:
            async with tx.savepoint():
                await _take(tx, who, sought, chosen)
            return [_asked(s) for s in sought]
        except _LostOneError as lost:
            refused = {lost.sought.place.id: lost.sought.code}
    for each in sought:
        each.appointment.therapist_id = each.place.wish.therapist_id
        values = row_of(each.appointment, each.place.wish, who, each.found)
        await refuse(tx, each.appointment, values, refused.get(each.place.id, _NOT_ALL))
    return [_asked(each) for each in sought]


def _asked(each: _Sought) -> Asked:
    return Asked(
        each.appointment, each.found.zone.key, each.place.wish.notes, each.found.now, local_time=each.local_time
    )


async def _look(tx: Transaction, who: Principal, party_id: UUID, place: Place, size: int) -> _Sought:
    try:
        starts_at, local_time, found = await look(tx, who, place.id, place.wish)
    except Invalid as unknown:
        if unknown.pointer not in ("/branch_id", "/starts_at", "/starts_at_local"):
            unknown.pointer = place.pointer + unknown.pointer
        raise
    appointment = draft(place.id, place.wish, starts_at, found)
    appointment.party_id, appointment.party_size = party_id, size
    order, code = judge(found, place.id, starts_at, place.wish.therapist_id)
    if local_time is not None:
        order, code = [], local_time.code
    return _Sought(place, appointment, found, starts_at, local_time, order, code)


def _choose(sought: Sequence[_Sought]) -> dict[UUID, UUID | None]:
    """A therapist for each; at one time nobody is chosen twice. Sessions of a party are at one time, or well apart."""
    wishes = [[(therapist_id, each.starts_at) for therapist_id in each.order] for each in sought]
    found = assign(wishes)
    return {
        each.place.id: None if mine is None else mine[0] for each, mine in zip(sought, found, strict=True)
    }  # fmt: skip


async def _take(tx: Transaction, who: Principal, sought: Sequence[_Sought], chosen: dict[UUID, UUID | None]) -> None:
    """
    Raises:
        _LostOneError: and what was taken is given back with the savepoint.
    """
    for each in sorted(sought, key=lambda each: (str(chosen[each.place.id]), each.starts_at)):
        therapist_id = chosen[each.place.id]
        each.appointment.therapist_id = therapist_id
        values = row_of(each.appointment, each.place.wish, who, each.found)
        tx.announce(requested(each.appointment))  # said only if her time can be had
        if not await appointments.insert_claimed(tx, values | {"therapist_id": therapist_id}):
            raise _LostOneError(each)
        failpoints.reach("parties.after_claim")


async def give_up(tx: Transaction) -> int:
    """By the clock: refuse parties of which one had no answer in time, or was cancelled before all were certain."""
    limits = (QUESTIONS, settings().answer_seconds, settings().unpublished_minutes)
    found = await parties.hopeless(tx, *limits)
    if not found:
        return 0
    locked = await appointments.lock(tx, {row.id for row in found})
    step = Step(tx, "clock", Parties(locked.values()))
    for row in await parties.hopeless(tx, *limits):  # once more: what was decided meanwhile stays
        if row.id in locked and locked[row.id].in_party:
            step.reject(locked[row.id], Refusal.TIMED_OUT if row.unanswered else _NOT_ALL)
    await step.finish()
    return len(found)
