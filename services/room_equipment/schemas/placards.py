"""What a bar's page shows, and how a sheet of labels is cut."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from services.room_equipment.schemas.values import Number
from shared.kit.body import Answer


class PlacardAnswer(Answer):
    """What a placard would say, and nothing of people.

    `since`: since when it is so. `certified_until` and `next_due` are local days of the branch; the first is null while
    the bar is not certified. `room_reason`: why the room is not cleared, also for another bar's sake.
    """

    bar_id: UUID
    branch_code: str
    timezone: str
    room_code: str
    room_name: str
    serial: str
    rated_load_kg: Number
    state: Literal["certified", "locked_out", "not_certified"]
    reason: str | None
    since: datetime | None
    certified_until: date | None
    next_due: date | None
    room_cleared: bool
    room_reason: str | None
    read_at: datetime
