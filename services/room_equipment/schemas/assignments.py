"""Assignments, sessions, load profiles, evidence."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from services.room_equipment.schemas.values import DisplacedLists, Mass
from shared.kit.body import Answer, Body, Instant, Note, example


class NewAssignment(Body):
    """For a walk-in desk or another system. The treatment says how long, and whether bars are needed."""

    model_config = example(
        appointment_id="01995a3e-7c00-7000-8000-0000000000a1",
        branch_id="01995a3e-7c00-7000-8000-00000000000b",
        treatment_id="01995a3e-7c00-7000-8000-00000000000d",
        therapist_id="01995a3e-7c00-7000-8000-00000000000e",
        starts_at="2027-01-15T14:00:00+01:00",
        room_id="01995a3e-7c00-7000-8000-00000000000f",
    )

    appointment_id: UUID
    branch_id: UUID
    treatment_id: UUID
    therapist_id: UUID
    client_id: UUID | None = None
    starts_at: Instant
    room_id: UUID | None = None


class AssignmentAnswer(Answer):
    """`ends_at` is the session's end; the room is blocked until `blocked_until` (turnover included).

    `overran_at`: when that was over and nobody had finished it; of such a one, shown by its id,
    `delayed_appointment_ids` are the sessions that should have begun by now and wait for it.
    """

    appointment_id: UUID
    assignment_version: int
    attempt: int
    state: str
    branch_id: UUID
    room_id: UUID
    treatment_id: UUID
    therapist_id: UUID
    client_id: UUID | None
    requires_bar: bool
    starts_at: datetime
    ends_at: datetime
    blocked_until: datetime
    started_at: datetime | None
    at_risk_at: datetime | None
    overran_at: datetime | None
    delayed_appointment_ids: Annotated[list[UUID], Field(default_factory=list)]


class PreUseCheck(Body):
    bar_id: UUID
    result: Literal["pass", "fail"]
    note: Note = ""


class Start(Body):
    """Every mounted bar is looked at before each session; the therapist says that she is fit."""

    model_config = example(
        therapist_id="01995a3e-7c00-7000-8000-00000000000e",
        pre_use_checks=[{"bar_id": "01995a3e-7c00-7000-8000-0000000000ba", "result": "pass"}],
        fit_to_perform=True,
    )

    therapist_id: UUID
    pre_use_checks: Annotated[list[PreUseCheck], Field(default_factory=list, max_length=50)]
    fit_to_perform: bool


class Finish(Body):
    result: Literal["complete", "completed", "abort", "aborted"]


class FinishedAnswer(Answer):
    appointment_id: UUID
    result: Literal["completed", "aborted"]
    finished_at: datetime
    room_id: UUID


class NewLoadProfile(Body):
    model_config = example(
        mass_kg=58.5,
        measured_on="2026-11-01",
    )

    mass_kg: Mass
    measured_on: date


class LoadProfileAnswer(Answer):
    """No number of it is ever answered."""

    state: Literal["valid", "stale", "missing"]
    valid_until: date | None


class LoadProfileChangeAnswer(DisplacedLists):
    """The state, and of the sessions that you may see those that the new measurement moved."""

    state: Literal["valid", "stale", "missing"]
    valid_until: date | None
