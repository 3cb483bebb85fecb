"""HTTP shapes of identity."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from shared.kit.body import Answer, Body, Name


class NewApiClient(Body):
    """`branches` holds branch ids, or only `"*"` for the whole chain."""

    name: Name = Field(examples=["Booking partner"])
    scopes: list[Annotated[str, Field(max_length=60)]] = Field(
        min_length=1, max_length=40, examples=[["scheduling:read", "scheduling:write"]]
    )
    branches: list[UUID | Literal["*"]] = Field(min_length=1, max_length=500, examples=[["*"]])
    therapist_id: UUID | None = Field(None, description="Set on a therapist's own device; start must match it.")


class Rotation(Body):
    overlap_minutes: int = Field(0, ge=0, le=1440, description="How long the secret before still opens.")


class ApiClientAnswer(Answer):
    client_id: str
    name: str
    scopes: list[str]
    branches: list[str]
    therapist_id: UUID | None
    created_at: datetime
    revoked_at: datetime | None
    last_used_at: datetime | None = Field(description="To the hour.")
    previous_secret_until: datetime | None = Field(None, validation_alias="previous_until")


class ApiClientWithSecret(ApiClientAnswer):
    """The only answer that ever holds the secret."""

    client_secret: str


class TokenAnswer(Answer):
    """RFC 6749, section 5.1."""

    access_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - the name of a scheme
    expires_in: int = Field(description="Seconds.")
    scope: str
