"""A professional's letter: three outcomes (Texas 16 TAC 117.92 and physicians' forms), an issuer and an expiry."""

from collections.abc import Sequence
from datetime import date
from enum import StrEnum

from services.screening.domain.calendar import add_months
from services.screening.domain.errors import AnswersUnsure, DeclineStands
from services.screening.domain.protocol import Protocol
from services.screening.domain.standing import Standing
from shared.errors import Invalid


class Verdict(StrEnum):
    NO_LIMITS = "no_limits"
    LIMITS = "limits"
    INADVISABLE = "inadvisable"


def accept(
    standing: Standing,
    protocol: Protocol,
    *,
    verdict: Verdict,
    limits: Sequence[str],
    issued_on: date,
    valid_until: date | None,
    today: date,
) -> Standing:
    """The standing with this letter.

    The letter holds to its own end, and never longer than the protocol's `clearance_months` after its issue
    (6 months: house rule, not a standard), which is also the default.

    Raises:
        DeclineStands: the screening is declined; a letter does not turn that into a yes.
        AnswersUnsure: answers are open; they are asked again first.
        Invalid: dates that cannot be, limits that do not fit the verdict.
    """
    if standing.declined:
        raise DeclineStands
    if standing.asks_again:
        raise AnswersUnsure
    if (verdict is Verdict.LIMITS) != bool(limits):
        raise Invalid("limits_mismatch", "Name limits with the verdict limits, and only with it.", pointer="/limits")
    if issued_on > today:
        raise Invalid("date_in_future", "The letter's day has not come yet.", pointer="/issued_on")
    longest = add_months(issued_on, protocol.clearance_months)
    until = min(valid_until or longest, longest)
    if until < issued_on:
        raise Invalid("ends_before_issue", "The letter ends before it was issued.", pointer="/valid_until")
    if until < today:
        raise Invalid("letter_expired", "The letter no longer holds. Ask for a new one.", pointer="/valid_until")
    return standing.with_letter(until, inadvisable=verdict is Verdict.INADVISABLE, limits=verdict is Verdict.LIMITS)
