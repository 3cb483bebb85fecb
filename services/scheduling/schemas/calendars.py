"""Calendar feeds over HTTP."""

from datetime import datetime
from uuid import UUID

from pydantic import Field

from shared.kit.body import Answer


class CalendarFeed(Answer):
    """`url` is said once, when it is made: whoever has it sees the sessions, without a token."""

    therapist_id: UUID
    created_at: datetime
    last_read_at: datetime | None = Field(description="To the hour.")
    url: str | None = Field(None, description="Null but in the answer that made it; lost, it is renewed.")
