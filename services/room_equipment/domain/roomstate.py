"""A room and its mounted bars, as the clearance rules look at them."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from services.room_equipment.domain.clearance import Bar, Cleared, Gap, foresee


@dataclass(slots=True)
class RoomState:
    room_id: UUID
    branch_id: UUID
    code: str
    turnover_minutes: int
    in_service: bool
    bars_required: int
    clearance_version: int
    bars: list[Bar]

    def outlook(self, moment: datetime) -> "Outlook":
        """What holds from `moment` on if nobody acts."""
        cleared, gap = foresee(self.bars, moment, bars_required=self.bars_required, in_service=self.in_service)
        return Outlook(self.room_id, cleared, gap)

    def with_bar(self, bar_id: UUID, change: Callable[[Bar], Bar]) -> "RoomState":
        """The same room, were this bar different."""
        return replace(self, bars=[change(bar) if bar.id == bar_id else bar for bar in self.bars])


@dataclass(frozen=True, slots=True)
class Outlook:
    """A room's future: a cleared period or none, and the gap behind it."""

    room_id: UUID
    cleared: Cleared | None
    gap: Gap

    @property
    def periods(self) -> list[Cleared]:
        return [self.cleared] if self.cleared else []
