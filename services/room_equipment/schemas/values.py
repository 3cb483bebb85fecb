"""Values that several bodies share."""

from datetime import date
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, Field, PlainSerializer, StringConstraints

from shared.kit.body import Answer

Kg = Annotated[Decimal, Field(gt=0, le=99_999, decimal_places=1, examples=[300], description="Kilograms.")]
Mass = Annotated[Decimal, Field(gt=20, le=400, decimal_places=3, description="Kilograms; written, never read back.")]
Millimetres = Annotated[Decimal, Field(gt=0, le=9_999, decimal_places=1)]
Minutes = Annotated[int, Field(ge=0, le=240)]
Number = Annotated[Decimal, PlainSerializer(float, return_type=float)]
"""Answered as a JSON number."""
Text = Annotated[str, StringConstraints(max_length=200)]
Day = Annotated[date, Field(ge=date(1970, 1, 1), le=date(2200, 12, 31))]
"""A local date of the branch."""
Label = Annotated[str, StringConstraints(min_length=1, max_length=100, strip_whitespace=True)]


def _has_letters(text: str) -> str:
    if not any(c.isalnum() for c in text):
        raise ValueError("must have a letter or digit")
    return text


Credential = Annotated[Label, AfterValidator(_has_letters)]


class Moved(Answer):
    appointment_id: UUID
    room_id: UUID


class DisplacedLists(Answer):
    """`displaced`: every future session that lost its room; of these `moved` and `revoked`. `at_risk`: running now.

    `optimal`: whether it is proved that no more sessions could have been kept at their time.
    """

    displaced: list[UUID]
    moved: list[Moved]
    revoked: list[UUID]
    at_risk: list[UUID]
    optimal: bool
