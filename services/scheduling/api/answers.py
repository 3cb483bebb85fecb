"""How an appointment's state is answered: 201, 202, or a 409 problem with alternatives."""

import re
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import orjson
from fastapi import Response
from sqlalchemy import Row

from services.scheduling.api import gaps
from services.scheduling.domain import cancelling, resume
from services.scheduling.domain.appointment import Appointment, Status
from services.scheduling.domain.errors import AmbiguousLocalTime, NonexistentLocalTime, SlotRefused
from services.scheduling.domain.localtime import wall
from services.scheduling.domain.wording import WHY
from services.scheduling.handlers import availability
from services.scheduling.handlers.booking import Asked
from shared.errors import Refused
from shared.kit import problems
from shared.kit.paging import etag
from shared.kit.unit import UnitOfWork

DEFAULT_WAIT, LONGEST_WAIT = 5, 20
_WAIT = re.compile(r"(?:^|,)\s*wait\s*=\s*\"?(\d{1,6})\"?\s*(?:;|,|$)")

_SHOWN = ("id", "status", "version", "attempt", "branch_id", "treatment_id", "client_id", "therapist_id", "room_id",
          "room_flexible", "starts_at", "ends_at", "code", "started_at", "finished_at")  # fmt: skip
_OF_THE_ROW = ("timezone", "notes", "walk_in", "cancel_reason", "cancelled", "created_at")
_CAN_BE_CANCELLED = ("pending", "confirmed", "checked_in", "needs_attention")
_NO_OTHER_TIME_HELPS = frozenset(
    {"screening_required", "screening_declined", "screening_deferred", "clearance_required", "nonexistent_local_time"}
)


def wait_seconds(prefer: str | None) -> float:
    """`Prefer: wait=N` (RFC 7240): 5 without it, at most 20; `respond-async` alone is 0."""
    found = _WAIT.search(prefer or "")
    if found is not None:
        return float(min(int(found.group(1)), LONGEST_WAIT))
    return 0.0 if "respond-async" in (prefer or "") else float(DEFAULT_WAIT)


def shown(a: Appointment, asked: Asked) -> dict[str, Any]:
    """The appointment that was just asked for, as callers see it."""
    return {name: getattr(a, name) for name in _SHOWN} | {
        "starts_at_local": wall(a.starts_at, ZoneInfo(asked.zone)),
        "timezone": asked.zone,
        "notes": asked.notes,
        "walk_in": asked.walk_in,
        "cancel_reason": None,
        "cancelled": None,
        "cancellation": _terms(a, asked.created_at),
        "created_at": asked.created_at,
    }


def of_row(row: Row[Any]) -> dict[str, Any]:
    """The same of a row."""
    found = {name: getattr(row, name) for name in (*_SHOWN, *_OF_THE_ROW)}
    return found | {"starts_at_local": row.starts_local, "cancellation": _terms(row, row.now)}


def _terms(a: Any, now: datetime) -> dict[str, Any] | None:
    """What cancelling would cost now; None when there is nothing left to cancel."""
    if a.status not in _CAN_BE_CANCELLED:
        return None
    status, starts_at = resume.slot_of(a)
    found = cancelling.terms(a.cancellation, status, starts_at, now)
    return {"free_now": found.free, "free_until": found.free_until, "late_fee": found.fee}


def state(values: dict[str, Any], status_code: int = 200, **headers: str) -> Response:
    """The appointment as JSON, with its ETag."""
    body = orjson.dumps(values, default=str, option=orjson.OPT_UTC_Z)
    return Response(body, status_code, {"ETag": etag(values["version"]), **headers}, "application/json")


def booked(values: dict[str, Any], *, created: bool = True) -> Response:
    """201 when it is settled, 202 while it is pending or waits for a person."""
    location = f"/v1/appointments/{values['id']}"
    if values["status"] in (Status.PENDING, Status.NEEDS_ATTENTION):
        return state(values, 202, Location=location, **{"Retry-After": "1"})
    return state(values, 201 if created else 200, Location=location)


def why(a: Appointment) -> str:
    """What a refusal says to a person."""
    return gaps.words(a.refusal) if a.refusal else WHY.get(a.code or "", "The session was refused.")


async def rejected(
    unit: UnitOfWork, a: Appointment, local_time: AmbiguousLocalTime | NonexistentLocalTime | None
) -> Response:
    """409 with the code, what to do next, and where there may be room instead."""
    code = a.code or ""
    detail = local_time.detail if local_time is not None else why(a)
    alternatives: list[dict[str, Any]] = []
    if isinstance(local_time, AmbiguousLocalTime):
        alternatives = await availability.at_instants(
            await unit.begin(), a.treatment_id, a.branch_id, local_time.instants
        )
    else:
        alternatives = await alternatives_to(unit, a, a.branch_id, a.starts_at)
    response = problems.of(Refused(code, detail, appointment_id=a.id, alternatives=alternatives, **gap(a.refusal)))
    response.headers["Location"] = f"/v1/appointments/{a.id}"
    return response


async def kept(unit: UnitOfWork, a: Appointment, branch_id: UUID, wanted: datetime) -> Response:
    """409 for a new slot that was refused: the appointment stands as it was, and where there may be room instead."""
    alternatives = await alternatives_to(unit, a, branch_id, wanted)
    response = problems.of(SlotRefused(a.code or "", a.id, alternatives, **gap(a.refusal)))
    response.headers["Location"] = f"/v1/appointments/{a.id}"
    return response


async def alternatives_to(unit: UnitOfWork, a: Appointment, branch_id: UUID, wanted: datetime) -> list[dict[str, Any]]:
    """Free slots near the wish, where another slot helps at all."""
    if a.code in _NO_OTHER_TIME_HELPS:
        return []
    found = await availability.nearest(await unit.begin(), a.treatment_id, branch_id, wanted, self=a.id)
    return [offer.json() for offer in found]


def gap(refusal: dict[str, Any] | None) -> dict[str, Any]:
    """Why a named room is not cleared, and from when."""
    return {} if refusal is None else {"reason": refusal["gap_reason"], "gap_at": refusal["gap_at"]}
