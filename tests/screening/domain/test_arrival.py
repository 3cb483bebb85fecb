"""What is answered at the door decides this day's start."""

from datetime import UTC, datetime, timedelta

import pytest

from services.screening.domain.arrival import Arrival
from services.screening.domain.protocol import Outcome
from services.screening.domain.standing import Block
from tests.screening.builders import BACK_STEPPING, MASSAGE, arriving

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("answers", "block", "outcome"),
    [
        ({}, None, Outcome.CLEARED),
        ({"fever_today": "yes"}, Block.SCREENING_DEFERRED, Outcome.DEFERRED),
        ({"alcohol_or_drugs_today": "yes"}, Block.SCREENING_DECLINED, Outcome.DECLINED),
        ({"meal_within_30_minutes": "yes"}, Block.SCREENING_DEFERRED, Outcome.DEFERRED),
        ({"medicines_today": "yes"}, Block.CLEARANCE_REQUIRED, Outcome.CLEARANCE_REQUIRED),
        ({"fever_today": "unsure"}, Block.SCREENING_REQUIRED, Outcome.DEFERRED),
        ({"fever_today": "unsure", "alcohol_or_drugs_today": "yes"}, Block.SCREENING_DECLINED, Outcome.DECLINED),
    ],
)
def test_the_day_is_decided_by_the_strictest_answer(
    answers: dict[str, str], block: Block | None, outcome: Outcome
) -> None:
    arrival = Arrival.decided(arriving(BACK_STEPPING, **answers), NOW, ())
    assert arrival.block_at(NOW) is block
    assert arrival.outcome_at(NOW) is outcome


def test_a_meal_moves_the_start_by_thirty_minutes() -> None:
    arrival = Arrival.decided(arriving(meal_within_30_minutes="yes"), NOW, ())
    assert arrival.block_at(NOW + timedelta(minutes=29, seconds=59)) is Block.SCREENING_DEFERRED
    assert arrival.block_at(NOW + timedelta(minutes=30)) is None


def test_a_medicine_the_letter_speaks_about_needs_no_second_letter() -> None:
    taken = arriving(medicines_today="yes")
    assert Arrival.decided(taken, NOW, ["strong_painkillers"]).block_at(NOW) is None
    assert Arrival.decided(taken, NOW, ["cancer"]).block_at(NOW) is Block.CLEARANCE_REQUIRED


def test_for_massage_the_therapist_decides_about_a_medicine() -> None:
    arrival = Arrival.decided(arriving(MASSAGE, medicines_today="yes"), NOW, ())
    assert arrival.block_at(NOW) is None
    assert arrival.has_limits
