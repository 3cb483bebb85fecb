"""What a letter to a client may need, over HTTP."""

from datetime import datetime
from uuid import UUID

from shared.kit.body import Answer


class ChoiceLink(Answer):
    """`id` is the appointment's."""

    id: UUID
    address: str
    ends_at: datetime


class SuitableTreatment(Answer):
    id: UUID
    code: str
    name: str


class SuitableTreatments(Answer):
    """`id` is the appointment's. Those of about its length come first; which and why not others is never said."""

    id: UUID
    treatments: list[SuitableTreatment]
