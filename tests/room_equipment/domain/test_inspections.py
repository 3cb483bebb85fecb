"""What releases a locked-out bar: an inspection of the bar as it is after its repair."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest

from services.room_equipment.domain.errors import InspectionBeforeRepair, InspectionTooEarly
from services.room_equipment.domain.houserules import HouseRules
from services.room_equipment.domain.inspections import Certificate, History, OpenLockout, Report, judge

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def pass_at(performed_at: datetime) -> Certificate | None:
    """A pass of a bar that was locked out at noon and whose repair was completed at two."""
    lockout = OpenLockout(uuid4(), NOON, uuid4(), NOON + timedelta(hours=2))
    history = History(Decimal(300), True, NOON - timedelta(days=9), [lockout], ("fit7", "fitter"))
    report = Report(performed_at, "after_event", "pass", "LOLER 1", date(2027, 1, 1), "inspector", 9, 0, Decimal(300))
    return judge(report, history, now=NOON + timedelta(hours=9), timezone="Europe/Berlin", rules=HouseRules())


def test_an_inspection_after_the_repair_releases() -> None:
    assert pass_at(NOON + timedelta(hours=3)) is not None


def test_an_inspection_between_lockout_and_completed_repair_releases_nothing() -> None:
    with pytest.raises(InspectionBeforeRepair) as refused:
        pass_at(NOON + timedelta(hours=1))
    assert refused.value.code == "inspection_before_repair"


def test_an_inspection_before_the_lockout_releases_nothing() -> None:
    with pytest.raises(InspectionTooEarly):
        pass_at(NOON - timedelta(hours=1))
