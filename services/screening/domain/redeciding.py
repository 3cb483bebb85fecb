"""The same answers under another version: the standing they lead to now, and which way it changed.

The decision taken under the old version stays what it was; the new one stands beside it with its own version.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from services.screening.domain.calendar import add_months
from services.screening.domain.decision import Decision, decide
from services.screening.domain.protocol import Outcome, Protocol, Section
from services.screening.domain.standing import Standing


class Direction(StrEnum):
    """Each client of a run counts in one of these."""

    TO_STRICTER = "to_stricter"
    TO_MILDER = "to_milder"
    UNCHANGED = "unchanged"
    NEEDS_NEW_ANSWERS = "needs_new_answers"


@dataclass(frozen=True)
class LetterTerms:
    """A professional's letter, as far as a standing rests on it. `about`: the findings it was written for."""

    inadvisable: bool
    limits: bool
    issued_on: date
    until: date | None
    about: frozenset[str]


def letter_reasons(decision: Decision) -> frozenset[str]:
    """The findings that call for a letter, now or once their deferral is over."""
    return frozenset(
        finding.reason for finding in decision.findings if Outcome.CLEARANCE_REQUIRED in (finding.outcome, finding.then)
    )


def redecided(
    protocol: Protocol, answers: Mapping[str, str], day: date, letters: Sequence[LetterTerms]
) -> tuple[Standing, Decision]:
    """The standing of answers given on `day` under this version, with the letters that still speak about it.

    A letter counts as long as nothing calls for one that it was not written about; it never ends later than the
    version allows. "Inadvisable" declines whatever the version.
    """
    decision = decide(protocol, Section.STANDING, answers)
    standing = Standing.decided(decision, protocol, day)
    for letter in letters:
        until = add_months(letter.issued_on, protocol.clearance_months)
        if letter.until is not None:
            until = min(until, letter.until)
        lettered = standing.with_letter(until, inadvisable=letter.inadvisable, limits=letter.limits)
        if not letter.inadvisable and not letter_reasons(decision) <= letter.about:
            lettered = replace(lettered, letter_until=standing.letter_until)
        standing = lettered
    return standing, decision


def direction(before: Standing, after: Standing, day: date) -> Direction:
    """Which way a client's standing changed, on a local day.

    The outcome decides; where it is the same, the longer wait, then limits, then the shorter validity is the stricter.
    """
    if after.asks_again and not before.asks_again and not after.declined:
        return Direction.NEEDS_NEW_ANSWERS
    was, now = _strictness(before, day), _strictness(after, day)
    if was == now:
        return Direction.UNCHANGED
    return Direction.TO_STRICTER if now > was else Direction.TO_MILDER


def _strictness(standing: Standing, day: date) -> tuple[int, bool, int, bool, bool, int]:
    waits = standing.deferred_until is not None and standing.deferred_until >= day
    return (
        standing.outcome_on(day).severity,
        standing.until_well,
        standing.deferred_until.toordinal() if waits and standing.deferred_until else 0,
        standing.needs_clearance,
        standing.has_limits,
        -standing.holds_until().toordinal(),
    )
