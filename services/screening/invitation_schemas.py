"""HTTP shapes of invitations."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from shared.kit.body import Answer, Body, example

State = Literal["sent", "opened", "completed", "expired", "revoked"]


class NewInvitation(Body):
    """Whom to ask what. `locale`: the page's first language; else the one that the client's phone asks for."""

    model_config = example(client_id="01995a3e-7c00-7000-8000-00000000000c", protocol="back-stepping", locale="zh-Hans")

    client_id: UUID
    protocol: Annotated[str, StringConstraints(max_length=100)]
    appointment_id: UUID | None = Field(None, description="The link then ends with the session's start at the latest.")
    locale: Annotated[str, StringConstraints(max_length=35)] | None = None
    send: bool = Field(True, description="Write to the client. False: the link is shown or handed over otherwise.")


class InvitationAnswer(Answer):
    """`opened`: somebody has begun to answer, which only a form that was sent can tell; opening alone changes nothing.

    `screening_id`: what it led to.
    """

    id: UUID
    client_id: UUID
    branch_id: UUID
    protocol: str
    appointment_id: UUID | None
    locale: str | None
    state: State
    created_at: datetime
    expires_at: datetime
    opened_at: datetime | None
    completed_at: datetime | None
    revoked_at: datetime | None
    screening_id: UUID | None


class IssuedInvitation(InvitationAnswer):
    """`url` is a secret: who has it answers as this client. It is told here and kept nowhere."""

    url: str


class LinkAnswer(Answer):
    """The link of an invitation that can still be used."""

    id: UUID
    url: str
    expires_at: datetime


class LinksAnswer(Answer):
    items: list[LinkAnswer]
    next_cursor: None = None
