"""Starts a session, or refuses what it cannot prove (rules: Start, the last gate).

The route looks, lets go of its connection, asks scheduling and screening, and calls `start` in the transaction that
counts. What a therapist states of bars or of herself is committed even when the start is refused.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.exc import IntegrityError

from services.room_equipment.domain import gate
from services.room_equipment.domain.clearance import limit_over
from services.room_equipment.domain.errors import (
    AlreadyStarted,
    AppointmentUnproven,
    CheckMissing,
    NextSessionInTheWay,
    NotFitToPerform,
    PreUseCheckFailed,
    RoomOccupied,
    TherapistBusy,
    step,
)
from services.room_equipment.domain.houserules import HouseRules
from services.room_equipment.domain.load import Profile
from services.room_equipment.domain.localdays import local_date
from services.room_equipment.domain.placement import NoRoom, Wish
from services.room_equipment.handlers import found, rulebook
from services.room_equipment.handlers.lockouts import Check, record_checks
from services.room_equipment.handlers.refusals import explained
from services.room_equipment.store import (
    assignments,
    bars,
    clearances,
    load_profiles,
    lockouts,
    projections,
    rooms,
    sessions,
)
from shared.errors import Invalid, NotFound, Refused
from shared.events.room_equipment import SessionStarted, TherapistStoodDown
from shared.kit.audit import record as audit
from shared.kit.auth import Principal
from shared.kit.database import Transaction, constraint
from shared.kit.ids import new_id


@dataclass(frozen=True, slots=True)
class Statement:
    """What the therapist says at the door."""

    therapist_id: UUID
    checks: Sequence[Check]
    fit: bool

    @property
    def settles_it(self) -> bool:
        """A failed check or an unfit therapist: recorded and refused without asking anyone."""
        return not self.fit or any(check.result == "fail" for check in self.checks)


@dataclass(frozen=True, slots=True)
class Proofs:
    """What scheduling and screening answered, or None where they were not asked."""

    appointment: gate.Answer | None
    standing: gate.Answer | None


@dataclass(frozen=True, slots=True)
class Started:
    row: Any
    started_at: datetime
    ends_at: datetime
    blocked_until: datetime
    version: int


async def visible(tx: Transaction, who: Principal, appointment_id: UUID) -> Row[Any]:
    """The live assignment.

    Raises:
        NotFound: there is none that this caller may see.
        Refused: `not_assigned`: there was one, and it lost or gave back its room.
    """
    row = await assignments.get(tx, appointment_id)
    if row is not None and who.sees(row.branch_id):
        return row
    past = await assignments.last(tx, appointment_id) if row is None else None
    if past is None or not who.sees(past.branch_id):
        raise NotFound("assignment_not_found", "There is no such assignment.")
    raise Refused(
        "not_assigned",
        f"The appointment has no room now: {past.outcome}. Give it another room or time in scheduling.",
        outcome=past.outcome,
        ended_at=past.ended_at.isoformat(),
        next=[step("choose_room", where="scheduling"), step("choose_time", where="scheduling")],
    )


async def start(
    tx: Transaction, who: Principal, appointment_id: UUID, said: Statement, proofs: Proofs
) -> Started | PreUseCheckFailed | NotFitToPerform:
    """The transaction that counts. A returned refusal is to be committed and then answered; a raised one is not.

    Raises:
        Refused: with the code of the first thing that does not hold, in the order of domain.gate.
    """
    seen = await visible(tx, who, appointment_id)
    locked = await rooms.lock(tx, [seen.branch_id])
    row = await visible(tx, who, appointment_id)
    branch_bars = await _looked_at(tx, row, said.checks)
    now = await rooms.moment(tx, [room.id for room in locked])
    opened, result = await record_checks(
        tx, who, branch_bars, locked, now, said.checks, said.therapist_id, appointment_id
    )
    if opened:
        failed = [check.bar_id for check in said.checks if check.result == "fail"]
        return PreUseCheckFailed(failed, lockout_ids=opened, **result.lists())
    if row.started_at is not None:
        raise AlreadyStarted
    gate.check_therapist(row.therapist_id, said.therapist_id, who.therapist_id)
    await sessions.state_fitness(
        tx, new_id(), appointment_id, row.branch_id, said.therapist_id, said.fit, now, who.subject
    )
    if not said.fit:
        tx.announce(
            TherapistStoodDown(
                appointment_id=row.appointment_id, attempt=row.attempt, assignment_version=row.assignment_version,
                branch_id=row.branch_id, room_id=row.room_id, therapist_id=row.therapist_id, stated_at=now,
            )
        )  # fmt: skip
        return NotFitToPerform()
    _check_proofs(row, proofs)
    rules = await rulebook.rules_of(tx, row.branch_id)
    gate.check_time(row.planned_at, now, rules.early_start_minutes)
    mounted = [bar.id for bar in branch_bars.values() if bar.room_id == row.room_id]
    await audit(tx, who, "started_session", "appointment", appointment_id, branch_id=row.branch_id)
    return await _run(tx, row, now, mounted, rules)


async def _looked_at(tx: Transaction, row: Row[Any], checks: Sequence[Check]) -> dict[UUID, Row[Any]]:
    """The branch's mounted bars. A fail of any of them is taken; a pass of one elsewhere is a mistake."""
    mounted = {bar.id: bar for bar in await bars.mounted(tx, row.branch_id)}
    for i, check in enumerate(checks):
        bar = mounted.get(check.bar_id)
        if bar is None or (check.result == "pass" and bar.room_id != row.room_id):
            raise Invalid("unknown_bar", "It is not mounted in this room.", pointer=f"/pre_use_checks/{i}/bar_id")
    return mounted


def _check_proofs(row: Row[Any], proofs: Proofs) -> None:
    asked = proofs.appointment or gate.Answer(None, {})
    gate.check_appointment(
        asked, requires_bar=row.requires_bar, branch_id=row.branch_id, treatment_id=row.treatment_id,
        therapist_id=row.therapist_id, planned_at=row.planned_at,
    )  # fmt: skip
    if row.screening_protocol is not None:
        gate.check_screening(proofs.standing or gate.Answer(None, {}))


async def _run(tx: Transaction, row: Row[Any], now: datetime, mounted: list[UUID], rules: HouseRules) -> Started:
    """`during` becomes [now, now + duration + turnover), and every constraint is checked on that."""
    ends_at = now + (row.ends_at - row.starts_at)
    until = now + (row.blocked_until - row.starts_at)
    way = await sessions.in_the_way(tx, row.appointment_id, row.room_id, row.therapist_id, now, until)
    if way.running_here is not None:
        raise RoomOccupied(way.running_here)
    if way.therapist_runs:
        raise TherapistBusy
    load = row.load_kg
    treatment = await projections.treatment(tx, row.treatment_id)
    if treatment is not None and treatment.requires_bar and not row.requires_bar:
        raise AppointmentUnproven(
            "Its treatment came to need bars since it was booked. Book it anew.", "book_appointment"
        )
    if row.requires_bar:
        passed = await lockouts.passed(
            tx, row.appointment_id, row.room_id, now - timedelta(minutes=rules.check_minutes)
        )
        missing = gate.missing_checks(mounted, passed)
        if missing:
            raise CheckMissing(missing)
        load = await _check_bars(tx, row, now, until, rules.safety_factor)
    elif way.closes_at is not None:
        closed = NoRoom("room_closed", row.room_id, "closed", way.closes_at)
        raise await explained(tx, closed, _wish(row, now), row.branch_id, row.therapist_id)
    if way.next_starts_at is not None:
        raise NextSessionInTheWay(way.next_starts_at)
    try:
        version = await sessions.start(tx, row.appointment_id, now, ends_at, until, load)
    except IntegrityError as error:
        if constraint(error) in ("assignments_one_running_per_therapist", "assignments_therapist_runs_one"):
            raise TherapistBusy from error
        raise
    tx.announce(
        SessionStarted(
            appointment_id=row.appointment_id, attempt=row.attempt, assignment_version=version,
            branch_id=row.branch_id, room_id=row.room_id, therapist_id=row.therapist_id,
            started_at=now, ends_at=ends_at, blocked_until=until,
        )
    )  # fmt: skip
    return Started(row, now, ends_at, until, version)


def _wish(row: Row[Any], now: datetime) -> Wish:
    """What the session asks for when it begins now."""
    return Wish(
        row.appointment_id,
        now,
        now + (row.ends_at - row.starts_at),
        row.turnover_minutes,
        row.requires_bar,
        row.load_kg,
        row.room_id,
    )


async def _check_bars(tx: Transaction, row: Row[Any], now: datetime, until: datetime, factor: Decimal) -> Decimal:
    """Cleared to the very end and strong enough, named before the constraint says so. Returns the load."""
    periods = (await clearances.around(tx, [row.room_id], now)).get(row.room_id, [])
    limit = limit_over(periods, now, until)
    wish = _wish(row, now)
    if isinstance(limit, datetime):
        gaps = await clearances.between(tx, row.room_id, limit, until)
        refusal = NoRoom("room_not_certified", row.room_id, gaps[0].reason if gaps else None, limit)
        raise await explained(tx, refusal, wish, row.branch_id, row.therapist_id)
    profile = await load_profiles.get(tx, row.therapist_id)
    day = local_date(now, await found.timezone(tx, row.branch_id))
    load = Profile(profile.mass_kg, profile.valid_until).load_on(day, factor) if profile else None
    if load is None:
        no_profile = NoRoom("load_profile_required", row.room_id)
        raise await explained(tx, no_profile, replace(wish, load_kg=None), row.branch_id, row.therapist_id)
    if load > limit:
        too_weak = NoRoom("load_rating_exceeded", row.room_id)
        raise await explained(tx, too_weak, replace(wish, load_kg=load), row.branch_id, row.therapist_id)
    return load
