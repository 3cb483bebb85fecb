"""What to propose instead of a session that cannot take place as booked: a ranking without chance (ADR 0028).

Kinds come in the order in which they change least for the client. Within a kind: nearest in time, and at the same
distance the later one, because who has set out for an hour can wait more easily than come sooner.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import blake2b
from typing import Any
from uuid import UUID


class Kind(StrEnum):
    OTHER_ROOM = "other_room"
    OTHER_THERAPIST = "other_therapist"
    OTHER_TIME = "other_time"
    OTHER_BRANCH = "other_branch"
    OTHER_TREATMENT = "other_treatment"


MOST: Mapping[Kind, int] = {
    Kind.OTHER_ROOM: 1,
    Kind.OTHER_THERAPIST: 1,
    Kind.OTHER_TIME: 4,
    Kind.OTHER_BRANCH: 3,
    Kind.OTHER_TREATMENT: 3,
}
"""Proposals of each kind: a choice that fits a phone's screen, not a calendar. House rule, not a standard."""

APART = timedelta(hours=1)
"""Between two other times: four quarters of one hour are one choice."""


@dataclass(frozen=True, slots=True)
class Booked:
    """The session that needs another slot. `item_id` and `attempt` go into the ids of what is proposed.

    `stood_down`: its therapist cannot give it that day, though she has time.
    """

    item_id: UUID
    attempt: int
    branch_id: UUID
    treatment_id: UUID
    therapist_id: UUID | None
    therapist_named: bool
    starts_at: datetime
    stood_down: bool = False


@dataclass(frozen=True, slots=True)
class Free:
    """A start that can be booked. `branch` and `treatment`: their place in the order in which they were looked at.
    `that_day`: on the local day of the session it would stand in for."""

    starts_at: datetime
    ends_at: datetime
    branch_id: UUID
    treatment_id: UUID
    therapist_ids: Sequence[UUID]
    branch: int = 0
    treatment: int = 0
    that_day: bool = True


@dataclass(frozen=True, slots=True)
class Alternative:
    """One proposal, held for nobody. The same slot for the same attempt has the same id whenever it is computed."""

    alternative_id: UUID
    kind: Kind
    starts_at: datetime
    ends_at: datetime
    branch_id: UUID
    treatment_id: UUID
    therapist_id: UUID
    why: str

    def json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


def ranked(booked: Booked, free: Iterable[Free]) -> list[Alternative]:
    """Everything that could be proposed, the best first."""
    found = [each for slot in free if (each := _alternative(booked, slot)) is not None]
    found.sort(key=lambda pair: pair[0])
    return [alternative for _, alternative in found]


def chosen(found: Iterable[Alternative]) -> list[Alternative]:
    """The few to show: of each kind at most MOST, other times APART, one for each other branch and treatment."""
    kept: dict[Kind, list[Alternative]] = {kind: [] for kind in Kind}
    for alternative in found:
        same = kept[alternative.kind]
        if len(same) < MOST[alternative.kind] and not any(_alike(alternative, other) for other in same):
            same.append(alternative)
    shown = {each.alternative_id for few in kept.values() for each in few}
    return [alternative for alternative in found if alternative.alternative_id in shown]


def _alike(one: Alternative, other: Alternative) -> bool:
    if one.kind is Kind.OTHER_TIME:
        return abs(one.starts_at - other.starts_at) < APART
    return (one.branch_id, one.treatment_id) == (other.branch_id, other.treatment_id)


def _alternative(booked: Booked, slot: Free) -> tuple[tuple[Any, ...], Alternative] | None:
    gone = booked.therapist_id if booked.stood_down and slot.that_day else None
    people = [id for id in slot.therapist_ids if id != gone]
    if not people:
        return None
    own = booked.therapist_id in people
    who = booked.therapist_id if own and booked.therapist_id else min(people, key=lambda id: _lot(booked.item_id, id))
    kind, away = _kind(booked, slot, own), slot.starts_at - booked.starts_at
    order = _ORDER[kind]
    if booked.therapist_named and not own and kind in (Kind.OTHER_THERAPIST, Kind.OTHER_TIME):
        order = _NOT_WHO_WAS_ASKED_FOR
    rank = (order, abs(away), -away, slot.treatment if kind is Kind.OTHER_TREATMENT else slot.branch)
    id = _id(booked, slot, who)
    return (*rank, id), Alternative(
        id, kind, slot.starts_at, slot.ends_at, slot.branch_id, slot.treatment_id, who, _why(kind, away, own)
    )


_ORDER = dict(zip(Kind, (0, 1, 2, 4, 5), strict=True))
_NOT_WHO_WAS_ASKED_FOR = 3
"""Who asked for exactly this therapist would rather come at another time than to another one."""


def _kind(booked: Booked, slot: Free, own: bool) -> Kind:
    if slot.treatment_id != booked.treatment_id:
        return Kind.OTHER_TREATMENT
    if slot.branch_id != booked.branch_id:
        return Kind.OTHER_BRANCH
    if slot.starts_at != booked.starts_at:
        return Kind.OTHER_TIME
    return Kind.OTHER_ROOM if own else Kind.OTHER_THERAPIST


_WHAT = {
    Kind.OTHER_ROOM: "Another room",
    Kind.OTHER_THERAPIST: "Another therapist",
    Kind.OTHER_TIME: "Another time",
    Kind.OTHER_BRANCH: "Another branch",
    Kind.OTHER_TREATMENT: "Another treatment that suits the client",
}


def _why(kind: Kind, away: timedelta, own: bool) -> str:
    """In a sentence what changes and what stays."""
    if not away:
        when = "at the same time"
    else:
        minutes = int(abs(away).total_seconds()) // 60
        hours, rest = divmod(minutes, 60)
        length = f"{rest} min" if not hours else f"{hours} h" if not rest else f"{hours} h {rest} min"
        when = f"{length} {'later' if away > timedelta() else 'earlier'}"
    who = "" if kind is Kind.OTHER_THERAPIST else ", same therapist" if own else ", another therapist"
    return f"{_WHAT[kind]}, {when}{who}."


def _lot(seed: UUID, therapist_id: UUID) -> bytes:
    """Whom of several: not always the same one, and always the same for the same item."""
    return blake2b(seed.bytes + therapist_id.bytes, digest_size=8).digest()


def _id(booked: Booked, slot: Free, therapist_id: UUID) -> UUID:
    """A UUIDv7 of the item's millisecond whose other bits are the slot's: a proposal shown twice is one proposal."""
    said = f"{booked.item_id} {booked.attempt} {slot.branch_id} {slot.treatment_id} {therapist_id} {slot.starts_at}"
    bits = int.from_bytes(blake2b(said.encode(), digest_size=10).digest(), "big")
    return UUID(int=booked.item_id.int >> 80 << 80 | 7 << 76 | (bits >> 68) << 64 | 2 << 62 | bits & (1 << 62) - 1)
