"""When a standing lets a session be booked, to the day."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from services.screening.domain.calendar import Session
from services.screening.domain.protocol import Outcome
from services.screening.domain.standing import Block, Standing, block_for
from tests.screening.builders import BACK_STEPPING, TODAY, decided, session

CLEARED = Standing.decided(decided(), BACK_STEPPING, TODAY)


def standing(**answers: str) -> Standing:
    return Standing.decided(decided(**answers), BACK_STEPPING, TODAY)


def test_nobody_books_unscreened() -> None:
    assert block_for(None, session()) is Block.SCREENING_REQUIRED


def test_answers_hold_twelve_months_and_their_last_day() -> None:
    assert CLEARED.valid_until == date(2027, 3, 10)
    assert block_for(CLEARED, session(date(2027, 3, 10))) is None
    assert block_for(CLEARED, session(date(2027, 3, 11))) is Block.SCREENING_REQUIRED


def test_a_decline_blocks() -> None:
    assert block_for(standing(osteoporosis="yes"), session()) is Block.SCREENING_DECLINED


def test_an_expired_decline_asks_again_and_confirms_nothing() -> None:
    assert block_for(standing(osteoporosis="yes"), session(date(2028, 1, 1))) is Block.SCREENING_REQUIRED


def test_unsure_asks_again() -> None:
    assert block_for(standing(aneurysm="unsure"), session()) is Block.SCREENING_REQUIRED


def test_a_deferral_blocks_sessions_up_to_its_last_day_and_none_after() -> None:
    deferred = standing(eye_surgery="yes", eye_surgery_on=TODAY.isoformat())
    assert block_for(deferred, session(TODAY + timedelta(days=3))) is Block.SCREENING_DEFERRED
    assert block_for(deferred, session(TODAY + timedelta(days=4))) is None


def test_after_surgery_the_wait_is_followed_by_a_letter() -> None:
    operated = standing(joint_surgery="yes", joint_surgery_on=TODAY.isoformat())
    assert block_for(operated, session(TODAY + timedelta(days=42))) is Block.SCREENING_DEFERRED
    assert block_for(operated, session(TODAY + timedelta(days=43))) is Block.CLEARANCE_REQUIRED


def test_until_well_waits_for_new_answers_however_late_the_session() -> None:
    assert block_for(standing(concussion="yes"), session(date(2027, 3, 1))) is Block.SCREENING_DEFERRED


def test_a_letter_must_reach_the_day_the_session_ends() -> None:
    lettered = replace(standing(cancer="yes"), letter_until=date(2026, 4, 1))
    assert block_for(lettered, session(date(2026, 4, 1))) is None
    late = Session(datetime(2026, 4, 1, 23, 30, tzinfo=UTC), datetime(2026, 4, 2, 0, 30, tzinfo=UTC), ZoneInfo("UTC"))
    assert block_for(lettered, late) is Block.CLEARANCE_EXPIRES_BEFORE_SESSION
    assert block_for(lettered, session(date(2026, 4, 2))) is Block.CLEARANCE_EXPIRES_BEFORE_SESSION


def test_days_are_the_branchs_own() -> None:
    until_10th = replace(standing(cancer="yes"), letter_until=date(2026, 4, 10))
    evening_in_berlin = datetime(2026, 4, 10, 21, tzinfo=UTC)  # 23:00 there, the 11th in Shanghai
    for zone, expected in (("Europe/Berlin", None), ("Asia/Shanghai", Block.CLEARANCE_EXPIRES_BEFORE_SESSION)):
        asked = Session(evening_in_berlin, evening_in_berlin + timedelta(minutes=45), ZoneInfo(zone))
        assert block_for(until_10th, asked) is expected


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Etc/GMT+12", "Asia/Shanghai", "America/Los_Angeles"])
@pytest.mark.parametrize("hour", [0, 9, 13, 23])
def test_an_unknown_zone_is_never_milder_than_the_true_one(zone: str, hour: int) -> None:
    starts_at = datetime(2026, 4, 10, hour, tzinfo=UTC)
    known = Session(starts_at, starts_at + timedelta(hours=1), ZoneInfo(zone))
    unknown = replace(known, zone=None)
    for day in (9, 10, 11):
        edge = date(2026, 4, day)
        for edged in (
            replace(CLEARED, valid_until=edge),
            replace(CLEARED, deferred_until=edge),
            replace(CLEARED, needs_clearance=True, letter_until=edge),
        ):
            if block_for(edged, known):
                assert block_for(edged, unknown)


def test_the_desk_reads_the_outcome_of_the_day() -> None:
    operated = standing(joint_surgery="yes", joint_surgery_on=TODAY.isoformat())
    assert operated.outcome_on(TODAY) is Outcome.DEFERRED
    assert operated.outcome_on(TODAY + timedelta(days=43)) is Outcome.CLEARANCE_REQUIRED
    lettered = operated.with_letter(TODAY + timedelta(days=60), inadvisable=False, limits=False)
    assert lettered.outcome_on(TODAY + timedelta(days=43)) is Outcome.CLEARED
    assert lettered.outcome_on(TODAY + timedelta(days=61)) is Outcome.CLEARANCE_REQUIRED
    assert lettered.holds_until() == TODAY + timedelta(days=60)
