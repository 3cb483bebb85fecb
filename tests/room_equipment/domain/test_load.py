"""Load: mass times the safety factor, for twelve months, and older measurements never over newer ones."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from services.room_equipment.domain.houserules import HouseRules
from services.room_equipment.domain.load import load_of, measure, state_of
from shared.errors import Invalid

TODAY = date(2026, 11, 22)
RULES = HouseRules()


def test_the_load_is_the_mass_times_the_safety_factor_rounded_to_the_safe_side() -> None:
    profile = measure(Decimal("61.02"), TODAY, TODAY, None, RULES)
    assert profile.load_on(TODAY, RULES.safety_factor) == Decimal("122.1")
    assert load_of(Decimal("61.02"), Decimal("2.25")) == Decimal("137.3")


def test_a_profile_holds_twelve_months_inclusive() -> None:
    profile = measure(Decimal(60), TODAY, TODAY, None, RULES)
    assert profile.valid_until == date(2027, 11, 22)
    assert profile.load_on(profile.valid_until, Decimal(2)) == 120
    assert profile.load_on(profile.valid_until + timedelta(days=1), Decimal(2)) is None
    assert state_of(profile, profile.valid_until) == "valid"
    assert state_of(profile, profile.valid_until + timedelta(days=1)) == "stale"
    assert state_of(None, TODAY) == "missing"


def test_a_measurement_lies_neither_ahead_nor_behind_the_last() -> None:
    with pytest.raises(Invalid, match="measured_in_the_future"):
        measure(Decimal(60), TODAY + timedelta(days=2), TODAY, None, RULES)
    with pytest.raises(Invalid, match="older_measurement"):
        measure(Decimal(60), TODAY - timedelta(days=1), TODAY, TODAY, RULES)
