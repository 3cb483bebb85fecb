"""What the booking saga does next: a pure function of what has been answered so far.

Screening and room-equipment answer each attempt once. Both yes: confirmed. Any no: rejected, unless only the chosen
therapist is too heavy for the bars and nobody asked for exactly her: then the next free one is tried.

A move (a new slot for an appointment that keeps its old one) asks one after the other: screening first, and
room-equipment only after its yes. So the room is the last to answer, and its answer alone decides (ADR 0019).
"""

from dataclasses import dataclass

from services.scheduling.domain.appointment import REVOKED, YES, Appointment, Status

THERAPIST_CODES = frozenset({"load_rating_exceeded", "load_profile_required"})
"""Refusals that concern the therapist's load only; another therapist may pass."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing to do yet, or no longer."""


@dataclass(frozen=True, slots=True)
class AskRoom:
    """Screening allows the move: room-equipment decides it."""


@dataclass(frozen=True, slots=True)
class Confirm:
    """Both said yes."""


@dataclass(frozen=True, slots=True)
class NeedAttention:
    """Both said yes, and the room is lost since."""


@dataclass(frozen=True, slots=True)
class TryNextTherapist:
    """Ask again with the next free therapist; reject with `code` when there is none."""

    code: str


@dataclass(frozen=True, slots=True)
class Reject:
    code: str


Decision = Wait | AskRoom | Confirm | NeedAttention | TryNextTherapist | Reject


def decide(appointment: Appointment) -> Decision:
    """The next step of a pending appointment; `Wait` for any other."""
    screening, room = appointment.screening_answer, appointment.room_answer
    if appointment.status is not Status.PENDING:
        return Wait()
    if screening not in (None, YES):
        return Reject(screening)
    if room in THERAPIST_CODES and not appointment.therapist_named:
        return TryNextTherapist(room)
    if room not in (None, YES, REVOKED):
        return Reject(room)
    if screening is None or room is None:
        return AskRoom() if appointment.moving and screening == YES else Wait()
    if room == REVOKED and appointment.in_party:  # nothing is certain yet, and without this room it never all is
        return Reject("no_certified_room" if appointment.requires_bar else "no_room_available")
    return NeedAttention() if room == REVOKED else Confirm()
