"""Who gives a session, and why nobody can."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from services.scheduling.domain.candidates import Candidate, choose, why_none
from shared.kit.ids import new_id

BERLIN = ZoneInfo("Europe/Berlin")
ENDS = datetime(2026, 6, 1, 21, tzinfo=UTC)  # 23:00 in Berlin
LAST_DAY = date(2026, 6, 1)


def a_candidate(number: int = 1, **changes: Any) -> Candidate:
    values: dict[str, Any] = {"on_shift": True, "away": False, "busy": False, "certified_until": LAST_DAY} | changes
    return Candidate(therapist_id=UUID(int=number), **values)


@pytest.mark.parametrize(
    ("candidate", "refusal"),
    [
        (a_candidate(), None),
        (a_candidate(on_shift=False), "therapist_unavailable"),
        (a_candidate(away=True), "therapist_unavailable"),
        (a_candidate(busy=True), "slot_taken"),
        (a_candidate(certified_until=None), "therapist_not_certified"),
        (a_candidate(certified_until=date(2026, 5, 31)), "therapist_not_certified"),
        (a_candidate(certified_until=None, busy=True), "therapist_not_certified"),
    ],
)
def test_the_reason_a_therapist_cannot(candidate: Candidate, refusal: str | None) -> None:
    assert candidate.refusal(ENDS, BERLIN, "back-stepping") == refusal


def test_a_certificate_holds_to_the_end_of_its_last_local_day_and_must_reach_the_sessions_end() -> None:
    midnight_in_berlin = datetime(2026, 6, 1, 22, tzinfo=UTC)
    assert a_candidate().refusal(midnight_in_berlin, BERLIN, "x") is None
    assert a_candidate().refusal(midnight_in_berlin.replace(minute=1), BERLIN, "x") == "therapist_not_certified"


def test_a_treatment_without_a_skill_asks_for_no_certificate() -> None:
    assert a_candidate(certified_until=None).refusal(ENDS, BERLIN, None) is None


def test_known_load_comes_first_for_bars_then_the_least_booked() -> None:
    heavy, busy, idle = a_candidate(1, load_ready=False), a_candidate(2, sessions=4), a_candidate(3, sessions=1)
    assert choose([heavy, busy, idle], new_id(), ENDS, BERLIN, None, bar=True) == [UUID(int=n) for n in (3, 2, 1)]
    assert choose([heavy, busy, idle], new_id(), ENDS, BERLIN, None, bar=False) == [UUID(int=n) for n in (1, 3, 2)]


def test_one_request_always_tries_the_same_order_and_different_ones_spread() -> None:
    candidates = [a_candidate(n) for n in range(1, 9)]
    seed = new_id()
    orders = {tuple(choose(candidates, seed, ENDS, BERLIN, None, bar=False)) for _ in range(5)}
    assert len(orders) == 1
    firsts = {choose(candidates, new_id(), ENDS, BERLIN, None, bar=False)[0] for _ in range(100)}
    assert len(firsts) > 4


@pytest.mark.parametrize(
    ("candidates", "code"),
    [
        ([], "therapist_unavailable"),
        ([a_candidate(certified_until=None)], "therapist_not_certified"),
        ([a_candidate(certified_until=None), a_candidate(2, busy=True)], "therapist_unavailable"),
        ([a_candidate(busy=True)], "therapist_unavailable"),
    ],
)
def test_the_reason_nobody_can_when_nobody_was_named(candidates: list[Candidate], code: str) -> None:
    assert why_none(candidates, ENDS, BERLIN, "back-stepping") == code
