"""What is asked at the door: fever, alcohol, meal and medicines today. It holds for that local day only."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.screening.domain.decision import Decision
from services.screening.domain.protocol import Outcome
from services.screening.domain.standing import Block


@dataclass(frozen=True)
class Arrival:
    """The day's decision. `not_before`: the start moves to this moment (a meal needs 30 minutes)."""

    declined: bool = False
    asks_again: bool = False
    until_well: bool = False
    needs_clearance: bool = False
    has_limits: bool = False
    not_before: datetime | None = None

    @classmethod
    def decided(cls, decision: Decision, answered_at: datetime, lettered: Collection[str]) -> "Arrival":
        """`lettered`: the reasons a valid letter already speaks about; a medicine among them needs no second one."""
        open_letters = {
            finding.reason
            for finding in decision.findings
            if Outcome.CLEARANCE_REQUIRED in (finding.outcome, finding.then)
        } - set(lettered)
        return cls(
            declined=decision.declined,
            asks_again=bool(decision.open_questions),
            until_well=decision.until_well,
            needs_clearance=bool(open_letters),
            has_limits=bool(decision.limits),
            not_before=answered_at + timedelta(minutes=decision.minutes) if decision.minutes else None,
        )

    def block_at(self, now: datetime) -> Block | None:
        """Why no session may start at this moment, or None."""
        if self.declined:
            return Block.SCREENING_DECLINED
        if self.asks_again:
            return Block.SCREENING_REQUIRED
        if self.until_well or (self.not_before is not None and now < self.not_before):
            return Block.SCREENING_DEFERRED
        if self.needs_clearance:
            return Block.CLEARANCE_REQUIRED
        return None

    def outcome_at(self, now: datetime) -> Outcome:
        """The same as the four outcomes, for the person at the desk."""
        match self.block_at(now):
            case None:
                return Outcome.CLEARED
            case Block.SCREENING_DECLINED:
                return Outcome.DECLINED
            case Block.CLEARANCE_REQUIRED:
                return Outcome.CLEARANCE_REQUIRED
            case _:
                return Outcome.DEFERRED
