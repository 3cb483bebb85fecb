"""What is to be inspected."""

from datetime import date
from typing import Literal
from uuid import UUID

from shared.kit.body import Answer


class DueAnswer(Answer):
    """A mounted bar, or an accessory that carries a therapist (`bar_id`: the bar it hangs on).

    `failed`: by its latest inspection. `overdue`: lapsed or never inspected for more than 7 local days (house rule
    `overdue_days`), or past the deadline of its conditions: someone has to act now. `lapsed`: its certificate has
    ended. `never_inspected` as it is mounted now. `due`: ends within the days asked for. `days_left` is in local days,
    negative once over. `conditions`: of a pass with conditions.
    """

    asset: Literal["bar", "equipment"]
    asset_id: UUID
    bar_id: UUID | None
    equipment_id: UUID | None
    kind: str
    name: str
    serial: str | None
    room_id: UUID
    room_code: str
    branch_id: UUID
    status: Literal["failed", "overdue", "lapsed", "never_inspected", "due"]
    needs: Literal["installation", "periodic", "after_event"]
    locked_out: bool
    conditions: str | None
    valid_until: date | None
    days_left: int | None


class DueSummary(Answer):
    """Of one branch; `next_end`: the first local day on which one of the `due` ends."""

    branch_id: UUID
    total: int
    failed: int
    overdue: int
    lapsed: int
    never_inspected: int
    due: int
    next_end: date | None
