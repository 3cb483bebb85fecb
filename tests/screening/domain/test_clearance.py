"""What a professional's letter can do, and what it never can."""

from datetime import date, timedelta
from typing import Any

import pytest

from services.screening.domain.clearance import Verdict, accept
from services.screening.domain.errors import AnswersUnsure, DeclineStands
from services.screening.domain.standing import Block, Standing, block_for
from shared.errors import Invalid
from tests.screening.builders import BACK_STEPPING, TODAY, decided, session

NEEDS_LETTER = Standing.decided(decided(cancer="yes"), BACK_STEPPING, TODAY)


def letter(standing: Standing = NEEDS_LETTER, **changed: Any) -> Standing:
    terms: dict[str, Any] = {
        "verdict": Verdict.NO_LIMITS, "limits": [], "issued_on": TODAY, "valid_until": None, "today": TODAY
    }  # fmt: skip
    return accept(standing, BACK_STEPPING, **(terms | changed))


def test_a_letter_opens_the_way_for_six_months() -> None:
    assert letter().letter_until == date(2026, 9, 10)
    assert block_for(letter(), session(date(2026, 9, 10))) is None
    assert block_for(letter(), session(date(2026, 9, 11))) is Block.CLEARANCE_EXPIRES_BEFORE_SESSION


def test_a_letter_ends_on_its_own_day_and_never_after_six_months() -> None:
    assert letter(valid_until=date(2026, 4, 1)).letter_until == date(2026, 4, 1)
    assert letter(valid_until=date(2030, 1, 1)).letter_until == date(2026, 9, 10)


@pytest.mark.parametrize("verdict", list(Verdict))
def test_no_letter_turns_a_decline_into_a_yes(verdict: Verdict) -> None:
    declined = Standing.decided(decided(osteoporosis="yes"), BACK_STEPPING, TODAY)
    with pytest.raises(DeclineStands):
        letter(declined, verdict=verdict, limits=["light pressure"] if verdict is Verdict.LIMITS else [])


def test_inadvisable_declines_and_a_later_letter_does_not_undo_it() -> None:
    advised_against = letter(verdict=Verdict.INADVISABLE)
    assert block_for(advised_against, session()) is Block.SCREENING_DECLINED
    with pytest.raises(DeclineStands):
        letter(advised_against)


def test_open_answers_are_asked_again_before_a_letter_counts() -> None:
    with pytest.raises(AnswersUnsure):
        letter(Standing.decided(decided(cancer="yes", aneurysm="unsure"), BACK_STEPPING, TODAY))


def test_limits_are_kept_and_bind_a_client_who_needed_no_letter() -> None:
    limited = letter(Standing.decided(decided(), BACK_STEPPING, TODAY), verdict=Verdict.LIMITS, limits=["no heels"])
    assert limited.has_limits
    assert block_for(limited, session(date(2026, 9, 11))) is Block.CLEARANCE_EXPIRES_BEFORE_SESSION


def test_a_letter_does_not_shorten_a_deferral() -> None:
    operated = Standing.decided(decided(joint_surgery="yes", joint_surgery_on=TODAY.isoformat()), BACK_STEPPING, TODAY)
    assert block_for(letter(operated), session(TODAY + timedelta(days=42))) is Block.SCREENING_DEFERRED
    assert block_for(letter(operated), session(TODAY + timedelta(days=43))) is None


@pytest.mark.parametrize(
    ("terms", "pointer"),
    [
        ({"verdict": Verdict.LIMITS}, "/limits"),
        ({"limits": ["no heels"]}, "/limits"),
        ({"issued_on": TODAY + timedelta(days=1)}, "/issued_on"),
        ({"valid_until": TODAY - timedelta(days=1)}, "/valid_until"),
        ({"issued_on": date(2025, 1, 1)}, "/valid_until"),
    ],
    ids=["limits unnamed", "limits without the verdict", "issued tomorrow", "ends before it begins", "long over"],
)
def test_a_letter_that_cannot_be_is_refused_where_it_is_wrong(terms: dict[str, Any], pointer: str) -> None:
    with pytest.raises(Invalid) as refused:
        letter(**terms)
    assert refused.value.pointer == pointer
