"""What a bar's placard says: certified, locked out, or not certified, why and since when."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from services.room_equipment.domain.clearance import NEXT_STEP, Bar, Reason
from services.room_equipment.domain.errors import step
from shared.errors import Refused

State = Literal["certified", "locked_out", "not_certified"]
Why = Reason | Literal["removed"]
_REMOVED = "The bar is recorded as removed. A removed bar has no certificate; mount it again and inspect it."
_MISSING = {
    "never_inspected": "installation",
    "lapsed": "periodic",
    "failed": "after_event",
    "locked_out": "after_event",
}


@dataclass(frozen=True, slots=True)
class Facts:
    """Times that the record gives; `lockout_opened_at` is that of the oldest open lock-out."""

    bar: Bar
    removed_on: date | None
    state_since: datetime
    unproven_since: datetime
    latest_recorded_at: datetime | None
    lockout_opened_at: datetime | None


@dataclass(frozen=True, slots=True)
class Placard:
    """`why` is None while the bar is certified; `since` is then when the certificate was recorded."""

    state: State
    why: Why | None
    since: datetime | None


def placard(facts: Facts, now: datetime) -> Placard:
    """As it is now."""
    why: Why | None = "removed" if facts.removed_on is not None else facts.bar.problem(now)
    latest = facts.bar.latest
    since: dict[Why | None, datetime | None] = {
        None: facts.latest_recorded_at,
        "removed": facts.state_since,
        "out_of_service": facts.state_since,
        "failed": facts.latest_recorded_at,
        "locked_out": facts.lockout_opened_at,
        "never_inspected": facts.unproven_since,
        "lapsed": latest.ends_at if latest else None,
    }
    state: State = "certified"
    if why is not None:
        state = "locked_out" if facts.bar.locked_out and why in ("failed", "locked_out") else "not_certified"
    return Placard(state, why, since[why])


def _next(why: Why, bar_id: UUID) -> dict[str, Any]:
    if why == "removed":
        return step("mount_bar")
    if why == "out_of_service":
        return step("put_into_service", bar_ids=[str(bar_id)])
    return step("inspect_bar", kind=_MISSING.get(why), bar_ids=[str(bar_id)])


class NoCertificate(Refused):
    """No certificate of this bar is in force; says which inspection is missing."""

    def __init__(self, said: Placard, bar_id: UUID) -> None:
        why = said.why or "never_inspected"
        super().__init__(
            "no_certificate",
            _REMOVED if why == "removed" else NEXT_STEP[why],
            reason=why,
            since=said.since.isoformat() if said.since else None,
            missing_inspection=_MISSING.get(why),
            bar_id=str(bar_id),
            next=[_next(why, bar_id)],
        )
