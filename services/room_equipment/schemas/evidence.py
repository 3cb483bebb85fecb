"""The evidence of a session. Every fact names the record it is from, by its id, and that record's time."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from services.room_equipment.schemas.bars import InspectionAnswer, LockoutAnswer
from services.room_equipment.schemas.values import Number
from shared.kit.body import Answer


class BarThen(Answer):
    """A bar as it hung in the room from `as_of` to `until` (null: still). A bar that changed meanwhile is here twice.

    `source`: the kept states of bars; or, of a time before they were kept, the inspection that proved it.
    """

    bar_id: UUID
    serial: str
    rated_load_kg: Number
    mounting: str | None
    in_service: bool
    as_of: datetime
    until: datetime | None
    source: Literal["bar_states", "inspections"]


class InspectionThen(InspectionAnswer):
    """On record when the session began, or recorded while it ran. `in_clearance`: the room's clearance stood on it."""

    in_clearance: bool
    certified_until: datetime | None


class Cleared(Answer):
    """`inspection_ids` prove it."""

    starts_at: datetime
    ends_at: datetime
    inspection_ids: list[UUID]


class NotCleared(Answer):
    starts_at: datetime
    ends_at: datetime
    reason: str


class Standing(Answer):
    """That screening allowed the session at its start, arrival questions and acknowledged limits included.

    Never an answer, a reason or a limit; `limits_acknowledged` is true also where there were none.
    """

    protocol: str
    proved_at_start: bool
    limits_acknowledged: bool
    at: datetime | None


class CheckThen(Answer):
    id: UUID
    bar_id: UUID
    room_id: UUID
    therapist_id: UUID
    result: str
    note: str
    checked_at: datetime


class FitnessThen(Answer):
    id: UUID
    therapist_id: UUID
    fit: bool
    stated_at: datetime


class Change(Answer):
    """How the assignment stood until `ended_at`: moved to another room, released, revoked, completed, aborted."""

    outcome: str
    reason: str
    ended_at: datetime
    assignment_version: int
    room_id: UUID
    therapist_id: UUID
    starts_at: datetime
    blocked_until: datetime
    started_at: datetime | None


class ClosedThen(Answer):
    id: UUID
    starts_at: datetime
    ends_at: datetime | None
    reason: str


class EvidenceAnswer(Answer):
    """What was, or will be, valid at the minute of a session: from the records of that time, not from today's."""

    appointment_id: UUID
    assignment_version: int
    state: str
    branch_id: UUID
    branch_code: str
    timezone: str
    room_id: UUID
    room_code: str
    room_name: str
    therapist_id: UUID
    treatment_id: UUID
    starts_at: datetime
    ends_at: datetime
    blocked_until: datetime
    started_at: datetime | None
    at_risk_at: datetime | None
    requires_bar: bool
    cleared_to_the_end: bool
    load_sufficient: bool | None
    standing: Standing | None
    clearance: list[Cleared]
    gaps: list[NotCleared]
    closures: list[ClosedThen]  # none, but under a session at risk
    bars: list[BarThen]
    inspections: list[InspectionThen]
    lockouts: list[LockoutAnswer]
    pre_use_checks: list[CheckThen]
    fitness: list[FitnessThen]
    history: list[Change]
