"""A room, its mounted bars and its closures, as the clearance rules look at them."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from services.room_equipment.domain.clearance import Bar, Cleared, Gap, foresee
from services.room_equipment.domain.closures import Closed, cut, touches


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
    closures: list[Closed] = field(default_factory=list)

    def outlook(self, moment: datetime) -> "Outlook":
        """What holds from `moment` on if nobody acts."""
        cleared, gap = foresee(self.bars, moment, bars_required=self.bars_required, in_service=self.in_service)
        return Outlook(self.room_id, cut([cleared, gap] if cleared else [gap], self.closures, moment))

    def takes_massage(self, starts_at: datetime, until: datetime) -> bool:
        """Whether a session without bars may be here then."""
        return self.in_service and not touches(self.closures, starts_at, until)


@dataclass(frozen=True, slots=True)
class Outlook:
    """A room's future in order, without a hole: cleared periods, and the gaps between and behind them."""

    room_id: UUID
    stretches: list[Cleared | Gap]

    @property
    def periods(self) -> list[Cleared]:
        return [stretch for stretch in self.stretches if isinstance(stretch, Cleared)]

    @property
    def gaps(self) -> list[Gap]:
        return [stretch for stretch in self.stretches if isinstance(stretch, Gap)]
