"""The attention list and its proposals over HTTP."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from services.scheduling.domain.alternatives import Kind
from services.scheduling.domain.appointment import Status
from shared.kit.body import Answer, Body, example

AttentionKind = Literal["displaced", "at_risk", "started_after_end", "overran", "therapist_needed", "conflict"]
Owner = Literal["branch", "manager"]
Tolerance = Annotated[
    int | None,
    Field(ge=0, le=20_160, description="How far from its time to look. Null: the client's own, else the house rule."),
]


class Acceptance(Body):
    model_config = example(alternative_id="01995a3e-7c00-7000-8000-00000000000f")

    alternative_id: UUID
    tolerance_minutes: Tolerance = Field(None, description="As it was asked for with, if it was.")


class Alternative(Answer):
    """Not held for anyone: accepting a stale one answers 409 with fresh ones. The best comes first (ADR 0028)."""

    alternative_id: UUID = Field(description="The same slot has the same id until another one was asked for.")
    kind: Kind
    starts_at: datetime
    ends_at: datetime
    branch_id: UUID
    treatment_id: UUID
    therapist_id: UUID
    why: str = Field(description="In a sentence what changes and what stays.")


class AttentionItem(Answer):
    """`alternatives` is null until they are computed, and where nobody has to choose another slot."""

    id: UUID
    appointment_id: UUID
    group_id: UUID | None = Field(description="The group that is incomplete without it.")
    branch_id: UUID
    kind: AttentionKind
    reason: str
    created_at: datetime
    status: Status
    client_id: UUID
    therapist_id: UUID | None
    treatment_id: UUID
    starts_at: datetime
    ends_at: datetime
    alternatives: list[Alternative] | None
    alternatives_at: datetime | None = Field(description="When those that are kept were computed.")
    owner: Owner = Field(description="Who is to act: the branch, and the manager once nobody did.")
    escalated_at: datetime | None
    call_requested_at: datetime | None = Field(description="Since when the client waits to be called.")
    resolved_at: datetime | None


class Resolution(Body):
    resolution: str = Field("seen", min_length=1, max_length=200)
