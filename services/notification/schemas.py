"""HTTP shapes of notification."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from services.notification.domain.messages import Purpose, Recipient
from shared.kit.body import Answer, Body

State = Literal["queued", "sending", "sent", "failed", "dropped"]
Channel = Literal["email"]


class MessageAnswer(Answer):
    """What was sent, to whom, and how it went. `sent_to` is masked; the address itself is not kept."""

    id: UUID
    event_id: UUID
    template: Purpose
    recipient: Recipient
    channel: Channel
    appointment_id: UUID | None
    asset_id: UUID | None = Field(description="The bar or equipment it is about, where it is about no appointment.")
    branch_id: UUID
    client_id: UUID | None
    state: State
    reason: str = Field(description="Why it was dropped or failed, or why the last attempt did not pass.")
    attempts: int
    sent_to: str | None = Field(examples=["a…@e….org"])
    locale: str | None
    created_at: datetime
    sent_at: datetime | None
    next_attempt_at: datetime | None


class Preferences(Answer):
    """`channels`: how the client may be written to; an empty list is not at all."""

    client_id: UUID
    channels: list[Channel]


class PreferencesChange(Body):
    channels: Annotated[list[Channel], Field(max_length=1, examples=[[]])]
