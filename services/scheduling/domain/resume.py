"""The slot to fall back to while a new one is asked for: what is kept of it, as JSON."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID


class Slotted(Protocol):
    """What an appointment's slot is made of. `asked_at`: when it was asked for, so that it is known what was said of
    its client since."""

    status: Any
    attempt: int
    branch_id: UUID
    therapist_id: UUID | None
    therapist_named: bool
    room_id: UUID | None
    requested_room_id: UUID | None
    starts_at: datetime
    ends_at: datetime
    treatment_id: UUID
    turnover_minutes: int
    requires_bar: bool
    screening_protocol: str | None
    asked_at: datetime | None
    resume: dict[str, Any] | None


def of(a: Slotted, keeps_room: bool, why: str | None = None) -> dict[str, Any]:
    """The present slot. `keeps_room`: its room stays too, until the new one is certain (a move, not a displacement).
    `why` it is left, if nobody asked for it."""
    return {
        "status": str(a.status),
        "attempt": a.attempt,
        "branch_id": str(a.branch_id),
        "therapist_id": _text(a.therapist_id),
        "therapist_named": a.therapist_named,
        "room_id": _text(a.room_id),
        "requested_room_id": _text(a.requested_room_id),
        "starts_at": a.starts_at.isoformat(),
        "ends_at": a.ends_at.isoformat(),
        "keeps_room": keeps_room,
        "treatment_id": str(a.treatment_id),
        "turnover_minutes": a.turnover_minutes,
        "requires_bar": a.requires_bar,
        "screening_protocol": a.screening_protocol,
        "asked_at": None if a.asked_at is None else a.asked_at.isoformat(),
        "why": why,
    }


def fields(slot: Mapping[str, Any]) -> dict[str, Any]:
    """The appointment's fields as they were. One kept by an earlier release has fewer."""
    found: dict[str, Any] = {"therapist_id": _id(slot["therapist_id"])}
    found |= {name: datetime.fromisoformat(str(slot[name])) for name in ("starts_at", "ends_at")}
    if "branch_id" in slot:
        found |= {name: _id(slot[name]) for name in ("branch_id", "room_id", "requested_room_id")}
        found["therapist_named"] = slot["therapist_named"]
    if "treatment_id" in slot:
        found |= {name: slot[name] for name in ("turnover_minutes", "requires_bar", "screening_protocol")}
        found["treatment_id"] = _id(slot["treatment_id"])
        found["asked_at"] = None if slot["asked_at"] is None else datetime.fromisoformat(slot["asked_at"])
    return found


def with_room(slot: Mapping[str, Any], room_id: UUID | None, reason: str) -> dict[str, Any]:
    """The same slot in another room; with None it has lost its room and would wait for a person."""
    lost = {"lost": {"previous_room_id": slot["room_id"], "reason": reason}}
    return {
        **slot, **lost, "room_id": _text(room_id), "status": slot["status"] if room_id else "needs_attention"
    }  # fmt: skip


def slot_of(a: Slotted) -> tuple[str, datetime]:
    """(status, start) of the slot it has: while a new one is asked for, still the old one."""
    if a.resume is None:
        return str(a.status), a.starts_at
    return str(a.resume["status"]), datetime.fromisoformat(a.resume["starts_at"])


def _text(id: UUID | None) -> str | None:
    return None if id is None else str(id)


def _id(text: str | None) -> UUID | None:
    return None if text is None else UUID(str(text))
