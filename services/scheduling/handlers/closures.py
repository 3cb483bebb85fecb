"""A branch is closed for a while: who was booked then is displaced, as by a failed bar (ADR 0033)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Row

from services.scheduling.domain.appointment import Appointment, Status
from services.scheduling.domain.closing import BRANCH_CLOSED, day_start
from services.scheduling.domain.localtime import resolve, wall
from services.scheduling.handlers.facts import facts
from services.scheduling.handlers.saga import Step
from services.scheduling.store import closures as store
from services.scheduling.store import saga
from shared.errors import Invalid, NotFound
from shared.events.codes import Refusal
from shared.events.scheduling import AppointmentDisplaced
from shared.kit.audit import record as audit
from shared.kit.auth import Principal
from shared.kit.database import Transaction
from shared.kit.ids import new_id

Said = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Closed:
    """The closure, and what it does to the sessions in it, each as it was before."""

    closure: Row[Any]
    displaced: list[Said] = field(default_factory=list)
    refused: list[Said] = field(default_factory=list)
    waiting: list[Said] = field(default_factory=list)
    already: list[Said] = field(default_factory=list)
    running: list[Said] = field(default_factory=list)

    def lists(self) -> dict[str, list[Said]]:
        return {name: getattr(self, name) for name in ("displaced", "refused", "waiting", "already", "running")}


async def close(tx: Transaction, who: Principal, branch: Row[Any], values: Mapping[str, Any]) -> Closed:
    """Nothing more is booked then, and who was is displaced, in one transaction. `values` as in `NewClosure`.

    Raises:
        Invalid: it would be over before it begins, or is over already.
        NonexistentLocalTime, AmbiguousLocalTime: of a time by the branch's clock.
    """
    now, zone = await saga.now(tx), ZoneInfo(branch.timezone)
    starts_at = _instant(branch, zone, values, "starts") or now
    ends_at = _instant(branch, zone, values, "ends")
    assert ends_at is not None
    if ends_at <= max(starts_at, now):
        pointer = next(f"/{name}" for name in ("ends_at", "ends_at_local", "ends_on") if values.get(name) is not None)
        raise Invalid("invalid_interval", "A closure ends after it starts, and after now.", pointer=pointer)
    named = {"id": new_id(), "branch_id": branch.id, "reason": values["reason"], "closed_by": who.subject,
             "starts_local": wall(starts_at, zone), "ends_local": wall(ends_at, zone)}  # fmt: skip
    closure = await store.add(tx, named, starts_at, ends_at)
    await audit(tx, who, "closed_branch", "branch", branch.id, branch_id=branch.id)
    closed = await displace(tx, closure, who.subject)
    await store.forget_proposals(tx, branch.id)  # last: who answers for a session locks it first, and then its item
    return closed


def _instant(branch: Row[Any], zone: ZoneInfo, values: Mapping[str, Any], end: str) -> datetime | None:
    local: datetime | None = values[f"{end}_at_local"]
    day: date | None = values[f"{end}_on"]
    if local is not None:
        return resolve(local, zone)
    if day is not None:
        return day_start(branch.opening_hours, zone, day + timedelta(days=1) if end == "ends" else day)
    at: datetime | None = values[f"{end}_at"]
    return at


async def displace(tx: Transaction, closure: Row[Any], actor: str) -> Closed:
    """Put everybody in it to a person, their therapist's time kept. What runs, runs on; what is being asked for is
    settled first. The same again finds nothing left to do.
    """
    step, result = Step(tx, actor), Closed(closure)
    found = await store.lock_within(tx, closure.id)
    reasons = await store.reasons(tx, [a.id for a in found if a.status is Status.NEEDS_ATTENTION])
    noted: list[UUID] = []
    for a in found:
        before = said(a)
        if a.status is Status.IN_PROGRESS:
            result.running.append(before)
        elif a.status is Status.NEEDS_ATTENTION:
            result.already.append(before)
            if reasons.get(a.id) == BRANCH_CLOSED:
                noted.append(a.id)
        elif a.status is Status.PENDING and a.resume is not None:
            result.waiting.append(before)
        elif a.status is Status.PENDING:
            step.reject(a, Refusal.OUTSIDE_OPENING_HOURS)
            result.refused.append(before)
        else:
            _lose(step, a)
            noted.append(a.id)
            result.displaced.append(before)
    await step.finish()
    await store.note_displaced(tx, closure.id, noted)
    return result


def _lose(step: Step, a: Appointment) -> None:
    room_id = a.room_id
    a.lose_branch()
    step.changes.step(a)
    step.changes.ask_person(a, "displaced", BRANCH_CLOSED)
    step.tx.announce(
        AppointmentDisplaced(**facts(a), moved=False, previous_room_id=room_id, reason=BRANCH_CLOSED)
    )  # fmt: skip


def said(a: Appointment) -> Said:
    """A session as it is, for a list of those that something happens to."""
    named = {name: getattr(a, name) for name in ("starts_at", "ends_at", "treatment_id", "client_id", "therapist_id")}
    return {"appointment_id": a.id, "status": a.status, "room_id": a.room_id} | named


async def visible(tx: Transaction, branch_id: UUID, id: UUID) -> Row[Any]:
    """
    Raises:
        NotFound: the branch never had such a closure.
    """
    row = await store.get(tx, branch_id, id)
    if row is None:
        raise NotFound("not_found", "There is no such closure.")
    return row


async def keep_closed(tx: Transaction) -> int:
    """Displace whoever got into a closure unseen: booked at the moment of closing, or moving then and settled since."""
    found = await store.unnoticed(tx)
    for id in found:
        closure = await store.one(tx, id)
        if closure is not None:
            await displace(tx, closure, "closures")
    return len(found)
