"""The last gate before a session starts: what must hold, in the order it is refused (rules: Start, the last gate).

Facts about bars and people that a therapist states are taken first and kept, whatever else is refused. Events are never
the proof here: scheduling and screening are asked at that moment, and no answer is a no.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from services.room_equipment.domain.errors import (
    AppointmentUnproven,
    ScreeningUnproven,
    TherapistMismatch,
    TooEarly,
    step,
)
from shared.errors import Refused

CAN_START = ("confirmed", "checked_in")


@dataclass(frozen=True, slots=True)
class Answer:
    """What another service answered: `status` is None when it did not, in time or at all."""

    status: int | None
    body: Mapping[str, Any]

    @property
    def missing(self) -> bool:
        return self.status is None


def check_therapist(assigned: UUID, named: UUID, token: UUID | None) -> None:
    """The one assigned starts; a therapist's own token speaks for her alone.

    Raises:
        TherapistMismatch
    """
    if named != assigned or token not in (None, named):
        raise TherapistMismatch


def check_appointment(
    answer: Answer, *, requires_bar: bool, branch_id: UUID, treatment_id: UUID, therapist_id: UUID, planned_at: datetime
) -> None:
    """What scheduling says of the appointment now.

    One that scheduling does not know (a walk-in desk, another system) may start, but never a back-stepping one. One it
    knows starts only as what it is there: a room assigned directly for a massage proves nothing of a back-stepping.

    Raises:
        AppointmentUnproven: no answer, or not one that lets a session start.
        TherapistMismatch: scheduling gave it to someone else.
    """
    if answer.missing:
        raise AppointmentUnproven("Scheduling did not answer within a second. Try again when it does.")
    if answer.status == 404 and not requires_bar:
        return
    if answer.status != 200:
        raise AppointmentUnproven("Scheduling does not know this appointment. Book it there first.", "book_appointment")
    status = answer.body.get("status")
    if status not in CAN_START:
        raise AppointmentUnproven(
            f"In scheduling the appointment is {status}; only a confirmed or checked-in one can start.",
            "book_appointment",
        )
    if (str(answer.body.get("branch_id")), str(answer.body.get("treatment_id"))) != (str(branch_id), str(treatment_id)):
        raise AppointmentUnproven(
            "In scheduling the appointment is for another treatment or branch than this room is. Book it anew.",
            "book_appointment",
        )
    if str(answer.body.get("therapist_id")) != str(therapist_id):
        raise TherapistMismatch
    if datetime.fromisoformat(str(answer.body.get("starts_at"))) != planned_at:
        raise AppointmentUnproven("Scheduling moved the appointment to another time. Try again in a moment.")


def check_screening(answer: Answer) -> None:
    """What screening says of the client for this session now, arrival questions and limits included.

    Raises:
        ScreeningUnproven: no answer, or nobody to ask about.
        Refused: with screening's own code.
    """
    if answer.missing:
        raise ScreeningUnproven("Screening did not answer within a second. Try again when it does.")
    if answer.status != 200:
        raise ScreeningUnproven("Screening does not know this client. Have the client screened first.", "screen_client")
    if answer.body.get("allowed_to_start") is not True:
        code = str(answer.body.get("code") or "screening_required")
        detail, action = SCREENING_STEP.get(
            code, ("Screening does not allow this session to start. Have the client screened again.", "screen_client")
        )
        raise Refused(code, detail, next=[step(action)])


SCREENING_STEP = {
    "screening_required": (
        "The client's questions are not all answered for this session, today's arrival questions included. "
        "Have them answered, then start.",
        "screen_client",
    ),
    "screening_declined": ("The client is not eligible for this treatment. Offer another one.", "choose_treatment"),
    "screening_deferred": ("The client is not eligible on this day. Book a later one.", "choose_time"),
    "clearance_required": (
        "A professional's clearance is needed first. Record it in screening.", "record_clearance"
    ),
    "clearance_expires_before_session": (
        "The professional's clearance ends before the session. A new one is needed.", "record_clearance"
    ),
    "limits_not_acknowledged": (
        "The assigned therapist must read and acknowledge the limits of this session first.", "acknowledge_limits"
    ),
}  # fmt: skip
"""What screening may refuse with: for a person, and for a program."""


def check_time(planned_at: datetime, now: datetime, early_minutes: int) -> None:
    """
    Raises:
        TooEarly: more than `early_minutes` before the plan (house rule).
    """
    opens_at = planned_at - timedelta(minutes=early_minutes)
    if now < opens_at:
        raise TooEarly(opens_at)


def missing_checks(mounted: Sequence[UUID], passed: set[UUID]) -> list[UUID]:
    """Mounted bars that nobody looked at for this session."""
    return [bar for bar in mounted if bar not in passed]
