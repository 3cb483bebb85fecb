"""Closures of rooms, and what a change would do."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import Field

from services.room_equipment.domain.closures import Why
from services.room_equipment.schemas.values import Day, DisplacedLists
from shared.kit.body import Answer, Body, Instant, Note, example


class WhatIf(DisplacedLists):
    """What would happen; nothing was written. A change made meanwhile by someone else may change it."""

    dry_run: Literal[True] = True


class NewClosure(Body):
    """`ends_at` or `ends_on`; with neither the room stays closed until someone ends the closure."""

    model_config = example(
        starts_at="2027-03-26T08:00:00+01:00",
        ends_on="2027-03-28",
        reason="renovation",
        note="New floor.",
    )

    starts_at: Instant | None = Field(None, description="Now when not given; one that has passed counts from now.")
    ends_at: Instant | None = None
    ends_on: Day | None = Field(None, description="Last local day of the branch on which it is closed, inclusive.")
    reason: Why
    note: Note = ""


class ClosureAnswer(Answer):
    """Half-open. `ended_at`: when it was ended early; sessions that had lost the room were not moved back."""

    id: UUID
    room_id: UUID
    branch_id: UUID
    starts_at: datetime
    ends_at: datetime | None
    reason: str
    note: str
    closed_at: datetime
    ended_at: datetime | None
    state: Literal["planned", "closed", "ended"]


class ClosureRecorded(ClosureAnswer, DisplacedLists):
    """The closure, and what it did to sessions."""
