"""The day sheet of a branch, as plain values: for the screen, and for the paper made of them."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from services.scheduling.domain import daysheet
from services.scheduling.domain.opening import Interval, open_intervals
from services.scheduling.handlers.places import visible_branch
from services.scheduling.store import daysheets as store
from services.scheduling.store import saga
from shared.errors import Invalid
from shared.kit.auth import Principal
from shared.kit.database import Transaction


@dataclass(frozen=True, slots=True)
class Sheet:
    """`values` are what the JSON says; `branch` has what only the letterhead needs."""

    branch: Any
    zone: ZoneInfo
    values: dict[str, Any]


async def made(tx: Transaction, who: Principal, branch_id: UUID, day: dt.date | None) -> Sheet:
    """Without a day, the one in use now.

    Raises:
        NotFound: no such branch for this caller. Invalid: a day no calendar here has.
    """
    branch = await visible_branch(tx, who, branch_id)
    zone, hours = ZoneInfo(branch.timezone), branch.opening_hours
    day = day or daysheet.working_day_of(hours, zone, await saga.now(tx))
    if not 1970 <= day.year <= 2200:
        raise Invalid("invalid_input", "The year must lie between 1970 and 2200.")
    span = daysheet.working_day(hours, zone, day)
    found = await store.read(tx, branch_id, span)
    opening = [
        Interval(max(a, span.start), min(b, span.end))
        for a, b in open_intervals(hours, zone, day, day + dt.timedelta(days=1)) if a < span.end and b > span.start
    ]  # fmt: skip
    phones = {session.id: session.client_phone for session in found.sessions}
    heard = [room.heard_at for room in found.rooms if room.heard_at is not None]
    return Sheet(branch, zone, {
        "branch_id": branch.id, "branch_code": branch.code, "branch_name": branch.name, "date": day,
        "timezone": branch.timezone, "starts_at": span.start, "ends_at": span.end,
        "opening": [_stretch(*each) for each in opening],
        "closures": [_closed(each.starts_at, each.ends_at, each.reason) for each in found.closures],
        "rooms": [_room(room, span, found.now) for room in found.rooms],
        "therapists": [
            {"therapist_id": p.id, "name": p.name, "shifts": _clipped(p.shifts, span),
             "time_off": _clipped(p.away, span)}
            for p in found.people
        ],
        "sessions": [dict(session._mapping) | {"appointment_id": session.id} for session in found.sessions],
        "attention": [dict(i._mapping) | {"client_phone": phones[i.appointment_id]} for i in found.attention],
        "rooms_heard_at": max(heard, default=None), "computed_at": found.now,
    })  # fmt: skip


def _room(room: Any, day: Interval, now: datetime) -> dict[str, Any]:
    cleared = [(_at(a), b and _at(b)) for a, b in room.cleared or ()]
    gaps = [(_at(a), b and _at(b), reason) for a, b, reason in room.gaps or ()]
    if not room.in_service:
        cleared, gaps = [], gaps or [(day.start, None, "out_of_service")]
    bars = [each for each in daysheet.bars(day, cleared, gaps) if each.cleared or each.reason or each.end > now]
    first = min(max(day.start, now), day.end)
    is_cleared, until = daysheet.cleared_until(first, cleared)
    whole = "all_day" if all(stretch.cleared for stretch in bars) else "partly"
    return {
        "room_id": room.id, "code": room.code, "in_service": room.in_service,
        "cleared": whole if any(stretch.cleared for stretch in bars) else "not",
        "cleared_until": until if is_cleared else None,
        "bars": [
            {"starts_at": each.start, "ends_at": each.end, "cleared": each.cleared, "reason": each.reason}
            for each in bars
        ],
        "closures": [_closed(_at(a), b and _at(b), reason) for a, b, reason in room.closures or ()],
    }  # fmt: skip


def _clipped(spans: Sequence[Any] | None, day: Interval) -> list[dict[str, datetime]]:
    return [_stretch(max(_at(a), day.start), min(_at(b), day.end)) for a, b in spans or ()]


def _stretch(start: datetime, end: datetime) -> dict[str, datetime]:
    return {"starts_at": start, "ends_at": end}


def _closed(start: datetime, end: datetime | None, reason: str) -> dict[str, Any]:
    return {"starts_at": start, "ends_at": end, "reason": reason}


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text)
