"""The other ends of a session: assigned directly, finished, and shown as evidence."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from services.room_equipment.domain.errors import NotStarted, TherapistMismatch, step
from services.room_equipment.handlers.placing import Assigned, Request, Unplaced, assign
from services.room_equipment.handlers.refusals import explained
from services.room_equipment.handlers.requests import said
from services.room_equipment.handlers.start import visible
from services.room_equipment.store import assignments, rooms
from shared.errors import Invalid, NotFound, Refused
from shared.events.room_equipment import SessionFinished
from shared.kit.audit import record as audit
from shared.kit.auth import Principal
from shared.kit.database import Transaction

OUTCOME = {"complete": "completed", "completed": "completed", "abort": "aborted", "aborted": "aborted"}


async def assign_directly(tx: Transaction, wanted: dict[str, Any], treatment: Row[Any]) -> Assigned:
    """For a walk-in desk or another system: the saga's placement, answered at once.

    Raises:
        Refused: with the code of contract.md, or `already_assigned`.
    """
    request = Request(
        appointment_id=wanted["appointment_id"],
        attempt=1,
        version=0,
        branch_id=wanted["branch_id"],
        treatment_id=treatment.id,
        therapist_id=wanted["therapist_id"],
        client_id=wanted["client_id"],
        room_id=wanted["room_id"],
        starts_at=wanted["starts_at"],
        ends_at=wanted["starts_at"] + timedelta(minutes=treatment.duration_minutes),
        turnover_minutes=treatment.turnover_minutes,
        requires_bar=treatment.requires_bar,
        room_flexible=wanted["room_id"] is None,
        screening_protocol=treatment.screening_protocol,
    )
    answers = await assign(tx, [request])
    if not answers:
        raise Refused(
            "already_assigned",
            "This appointment was placed or ended before. Use a new appointment_id, or reschedule.",
            next=[step("use_another_name", field="appointment_id"), step("choose_time", where="scheduling")],
        )
    answer = answers[0]
    if isinstance(answer, Unplaced):
        if answer.refusal is None or answer.wish is None:
            raise Refused(answer.code, "The room was taken this very moment. Try again.", next=[step("try_again")])
        raise await explained(tx, answer.refusal, answer.wish, request.branch_id, request.therapist_id)
    tx.announce(said(answer))
    return answer


async def check_room(tx: Transaction, branch_id: UUID, room_id: UUID) -> None:
    """
    Raises:
        Invalid: the branch has no such room.
    """
    room = await rooms.get(tx, room_id)
    if room is None or room.branch_id != branch_id:
        raise Invalid("unknown_room", "The branch has no such room.", pointer="/room_id")


async def finish(tx: Transaction, who: Principal, appointment_id: UUID, result: str) -> tuple[Row[Any], datetime]:
    """The session is over, whole or broken off; its room is free from now on."""
    seen = await visible(tx, who, appointment_id)
    await rooms.lock(tx, [seen.branch_id])
    row = await visible(tx, who, appointment_id)
    if row.started_at is None:
        raise NotStarted
    if who.therapist_id not in (None, row.therapist_id):
        raise TherapistMismatch
    outcome = OUTCOME[result]
    now: datetime = await tx.scalar("SELECT clock_timestamp()")
    await assignments.leave(tx, [appointment_id], outcome, "")
    await audit(tx, who, "finished_session", "appointment", appointment_id, branch_id=row.branch_id, reason=outcome)
    tx.announce(
        SessionFinished(
            appointment_id=appointment_id, attempt=row.attempt, assignment_version=row.assignment_version + 1,
            branch_id=row.branch_id, room_id=row.room_id, result=outcome, finished_at=now,
        )
    )  # fmt: skip
    return row, now


async def any_state(tx: Transaction, who: Principal, appointment_id: UUID) -> tuple[Row[Any], str]:
    """The assignment, live or past, and its state.

    Raises:
        NotFound
    """
    row = await assignments.get(tx, appointment_id)
    state = "assigned"
    if row is None:
        row = await assignments.last(tx, appointment_id)
        state = row.outcome if row is not None else ""
    elif row.started_at is not None:
        state = "at_risk" if row.at_risk_at is not None else "running"
    if row is None or not who.sees(row.branch_id):
        raise NotFound("assignment_not_found", "There is no such assignment.")
    return row, state
