"""How a client wants to be dealt with, over HTTP."""

from typing import Literal

from pydantic import Field

from shared.kit.body import Body


class QuietHours(Body):
    """Local times between which nothing is sent, such as 21:00 to 08:00."""

    starts: str = Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")
    ends: str = Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")


class Contact(Body):
    channels: list[Literal["email", "sms"]] = Field(["email"], max_length=2)
    quiet_hours: QuietHours | None = None
    reminders: bool = True
    tolerance_minutes: int | None = Field(
        None, ge=0, le=20_160, description="How far a session of theirs may be proposed from its time when it cannot"
        " take place as booked. Null: the house rule."
    )  # fmt: skip
