"""A client's standing for one protocol: the decision as bookings and the start gate use it, without any answer."""

from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from services.screening.domain.calendar import Session, add_months
from services.screening.domain.decision import Decision
from services.screening.domain.protocol import Outcome, Protocol


class Block(StrEnum):
    """Why a session may not be booked or started; the codes of the contract."""

    SCREENING_REQUIRED = "screening_required"
    SCREENING_DECLINED = "screening_declined"
    SCREENING_DEFERRED = "screening_deferred"
    CLEARANCE_REQUIRED = "clearance_required"
    CLEARANCE_EXPIRES_BEFORE_SESSION = "clearance_expires_before_session"
    LIMITS_NOT_ACKNOWLEDGED = "limits_not_acknowledged"
    SCREENING_UNPROVEN = "screening_unproven"


RENEWED_BY_ANSWERS = frozenset({Block.SCREENING_REQUIRED, Block.CLEARANCE_EXPIRES_BEFORE_SESSION})
"""What a client can mend before the session with new answers, or a new letter; they are asked for in time."""


@dataclass(frozen=True)
class Standing:
    """The latest decision on one client and protocol. All dates are local and inclusive.

    `deferred_until` is the last day that still waits, `until_well` a wait without a known end;
    `letter_until` the last day of the professional's letter, None without one.
    """

    valid_until: date
    declined: bool = False
    asks_again: bool = False
    until_well: bool = False
    deferred_until: date | None = None
    needs_clearance: bool = False
    has_limits: bool = False
    letter_until: date | None = None

    @classmethod
    def decided(cls, decision: Decision, protocol: Protocol, day: date) -> "Standing":
        """The standing that answers given on a local day lead to (12 months of validity are a house rule)."""
        return cls(
            valid_until=add_months(day, protocol.standing_months),
            declined=decision.declined,
            asks_again=bool(decision.open_questions),
            until_well=decision.until_well,
            deferred_until=decision.deferred_until,
            needs_clearance=decision.needs_clearance,
            has_limits=bool(decision.limits),
        )

    def with_letter(self, until: date, *, inadvisable: bool, limits: bool) -> "Standing":
        """The standing after a professional's letter. "Inadvisable" declines; a letter with limits must stay valid."""
        if inadvisable:
            return replace(self, declined=True, letter_until=None)
        return replace(
            self,
            letter_until=until,
            has_limits=self.has_limits or limits,
            needs_clearance=self.needs_clearance or limits,
        )

    def outcome_on(self, day: date) -> Outcome:
        """What a person at the desk reads on a local day."""
        if self.declined:
            return Outcome.DECLINED
        if self.asks_again or self.until_well or (self.deferred_until is not None and day <= self.deferred_until):
            return Outcome.DEFERRED
        if self.needs_clearance and (self.letter_until is None or day > self.letter_until):
            return Outcome.CLEARANCE_REQUIRED
        return Outcome.CLEARED

    def holds_until(self) -> date:
        """The last day on which a cleared standing still is one."""
        if self.needs_clearance and self.letter_until is not None:
            return min(self.valid_until, self.letter_until)
        return self.valid_until


def block_for(standing: Standing | None, session: Session) -> Block | None:
    """Why this standing keeps the session from being booked, or None (rules: Screening, "At booking").

    A decline outlives nothing: once the answers expired, the questions are asked again, and nothing is confirmed
    meanwhile.
    """
    if standing is None or standing.valid_until < session.start_day:
        return Block.SCREENING_REQUIRED
    if standing.declined:
        return Block.SCREENING_DECLINED
    if standing.asks_again:
        return Block.SCREENING_REQUIRED
    if standing.until_well or (standing.deferred_until is not None and session.first_day <= standing.deferred_until):
        return Block.SCREENING_DEFERRED
    if standing.needs_clearance:
        if standing.letter_until is None:
            return Block.CLEARANCE_REQUIRED
        if standing.letter_until < session.last_day:
            return Block.CLEARANCE_EXPIRES_BEFORE_SESSION
    return None
