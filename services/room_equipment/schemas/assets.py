"""Assets: rooms, bars and equipment in one shape."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from services.room_equipment.domain.clearance import Reason
from shared.kit.body import Answer

AssetStatus = Literal[
    "cleared", "no_bar", "too_few_bars", "never_inspected", "lapsed", "failed", "locked_out", "out_of_service",
    "closed", "certified", "in_service", "removed",
]  # fmt: skip


class AssetAnswer(Answer):
    """As of now. A room is `cleared` (until `cleared_until`) or says its gap's reason; a bar is `certified`, equipment
    `in_service`, or says what is missing. A strap's state is its own: the room's is defined by its bars alone.
    """

    asset: Literal["room", "bar", "equipment"]
    id: UUID
    kind: str
    name: str
    serial: str | None
    branch_id: UUID
    room_id: UUID
    room_code: str
    bar_id: UUID | None
    status: AssetStatus
    in_service: bool
    cleared_until: datetime | None
    gap_reason: Reason | None
    valid_until: date | None
    certified_until: datetime | None
    locked_out: bool
    removed_on: date | None
