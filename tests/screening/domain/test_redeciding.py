"""The same answers under another version: which way a standing changes, and what a letter still speaks about."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.screening.domain.decision import decide
from services.screening.domain.protocol import Outcome, Section
from services.screening.domain.redeciding import Direction, LetterTerms, direction, letter_reasons, redecided
from services.screening.domain.standing import Standing
from tests.screening.builders import BACK_STEPPING, MASSAGE, TODAY, declaring
from tests.screening.domain.test_floor import with_rule

CLEARED = Standing(valid_until=TODAY + timedelta(days=300))
LETTER = LetterTerms(False, False, TODAY, TODAY + timedelta(days=90), frozenset({"epilepsy"}))


@pytest.mark.parametrize(
    ("before", "after", "way"),
    [
        (CLEARED, CLEARED, Direction.UNCHANGED),
        (CLEARED, replace(CLEARED, declined=True), Direction.TO_STRICTER),
        (replace(CLEARED, declined=True), CLEARED, Direction.TO_MILDER),
        (CLEARED, replace(CLEARED, needs_clearance=True), Direction.TO_STRICTER),
        (CLEARED, replace(CLEARED, deferred_until=TODAY), Direction.TO_STRICTER),
        (CLEARED, replace(CLEARED, deferred_until=TODAY - timedelta(days=1)), Direction.UNCHANGED),
        (replace(CLEARED, deferred_until=TODAY + timedelta(days=9)), replace(CLEARED, deferred_until=TODAY),
         Direction.TO_MILDER),
        (CLEARED, replace(CLEARED, has_limits=True), Direction.TO_STRICTER),
        (CLEARED, replace(CLEARED, valid_until=TODAY), Direction.TO_STRICTER),
        (CLEARED, replace(CLEARED, asks_again=True), Direction.NEEDS_NEW_ANSWERS),
        (CLEARED, replace(CLEARED, asks_again=True, declined=True), Direction.TO_STRICTER),
        (replace(CLEARED, asks_again=True), CLEARED, Direction.TO_MILDER),
    ],
)  # fmt: skip
def test_each_client_counts_in_one_direction(before: Standing, after: Standing, way: Direction) -> None:
    assert direction(before, after, TODAY) is way


def test_validity_runs_from_the_day_of_the_answers_not_of_the_run() -> None:
    shorter = replace(BACK_STEPPING, standing_months=6)
    standing, _ = redecided(shorter, declaring(), date(2026, 1, 31), [])
    assert standing.valid_until == date(2026, 7, 31)


def test_a_letter_ends_with_what_the_new_version_allows_it() -> None:
    short = replace(BACK_STEPPING, clearance_months=1)
    standing, _ = redecided(short, declaring(epilepsy="yes"), TODAY, [LETTER])
    assert standing.letter_until == date(2026, 4, 10)
    assert standing.outcome_on(TODAY) is Outcome.CLEARED


def test_a_letter_covers_only_what_it_was_written_about() -> None:
    standing, _ = redecided(BACK_STEPPING, declaring(epilepsy="yes", cancer="yes"), TODAY, [LETTER])
    assert standing.outcome_on(TODAY) is Outcome.CLEARANCE_REQUIRED


def test_no_letter_turns_a_decline_of_the_new_version_into_a_yes() -> None:
    stricter = with_rule(BACK_STEPPING, "epilepsy", outcome=Outcome.DECLINED)
    standing, _ = redecided(stricter, declaring(epilepsy="yes"), TODAY, [LETTER])
    assert standing.outcome_on(TODAY) is Outcome.DECLINED


def test_inadvisable_stays_a_decline_under_a_milder_version() -> None:
    milder = with_rule(BACK_STEPPING, "epilepsy", outcome=Outcome.CLEARED)
    standing, _ = redecided(milder, declaring(epilepsy="yes"), TODAY, [replace(LETTER, inadvisable=True)])
    assert standing.outcome_on(TODAY) is Outcome.DECLINED


@given(st.sets(st.sampled_from([q.id for q in MASSAGE.asked(Section.STANDING) if q.asked_when is None])))
@settings(max_examples=100, deadline=None)
def test_redeciding_under_the_same_version_changes_nobody(declared: set[str]) -> None:
    answers = declaring(MASSAGE, **dict.fromkeys(declared, "yes"))
    decision = decide(MASSAGE, Section.STANDING, answers)
    before = Standing.decided(decision, MASSAGE, TODAY)
    terms = replace(LETTER, about=letter_reasons(decision))
    lettered = before.with_letter(TODAY + timedelta(days=90), inadvisable=False, limits=False)
    assert direction(before, redecided(MASSAGE, answers, TODAY, [])[0], TODAY) is Direction.UNCHANGED
    assert direction(lettered, redecided(MASSAGE, answers, TODAY, [terms])[0], TODAY) is Direction.UNCHANGED
