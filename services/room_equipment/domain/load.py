"""The load a therapist puts on a bar (rules: Load).

Mass is restricted data: the numbers made here stay in this service's database. No answer, event, log or refusal
carries one; others learn "valid", "stale", "missing", or that a rating is not sufficient.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_UP, Decimal
from typing import Literal

from services.room_equipment.domain.houserules import HouseRules
from services.room_equipment.domain.localdays import add_months
from shared.errors import Invalid

State = Literal["valid", "stale", "missing"]


def load_of(mass_kg: Decimal, safety_factor: Decimal) -> Decimal:
    """In kg, to the safe side. SQL that plans loads anew (store.load_profiles) rounds the same way."""
    return (mass_kg * safety_factor).quantize(Decimal("0.1"), ROUND_UP)


@dataclass(frozen=True, slots=True)
class Profile:
    """A measured mass, usable through `valid_until` (local day)."""

    mass_kg: Decimal
    valid_until: date

    def load_on(self, day: date, safety_factor: Decimal) -> Decimal | None:
        """The load to plan a session of that local day with, or None when the profile is too old by then.

        `safety_factor` is the branch's: a house rule.
        """
        return load_of(self.mass_kg, safety_factor) if day <= self.valid_until else None


def state_of(profile: Profile | None, today: date) -> State:
    if profile is None:
        return "missing"
    return "valid" if today <= profile.valid_until else "stale"


def measure(mass_kg: Decimal, measured_on: date, today: date, last: date | None, rules: HouseRules) -> Profile:
    """The profile a measurement gives; `last` is when this therapist was measured before.

    Raises:
        Invalid: a date in the future (`today` is UTC's; a branch may be a day ahead), or older than the last one.
    """
    if measured_on > today + timedelta(days=1):
        raise Invalid("measured_in_the_future", "A measurement cannot lie in the future.", pointer="/measured_on")
    if last is not None and measured_on < last:
        raise Invalid(
            "older_measurement", "A newer measurement is on record; give one at least as new.", pointer="/measured_on"
        )
    return Profile(mass_kg, add_months(measured_on, rules.load_profile_months))
