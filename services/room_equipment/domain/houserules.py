"""House rules, not standards: no source gives these numbers, so each is a setting with this default (domain notes)."""

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class HouseRules:
    """Months, minutes and the factor on a therapist's mass. `check_minutes`: how old a check before use may be."""

    inspection_interval_months: int = 6
    safety_factor: Decimal = Decimal(2)
    load_profile_months: int = 12
    turnover_minutes: int = 15
    early_start_minutes: int = 10
    check_minutes: int = 60
    warning_days: tuple[int, ...] = (30, 14, 7, 1)
    overdue_days: int = 7
