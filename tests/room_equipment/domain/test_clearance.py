"""When a room is cleared, and exactly why not."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from services.room_equipment.domain.clearance import Bar, Certificate, Cleared, Gap, foresee, limit_over

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
END = NOW + timedelta(days=100)


def bar(n: int = 1, **changed: object) -> Bar:
    good = Bar(UUID(int=n), Decimal(300), True, True, False, Certificate(UUID(int=100 + n), END))
    return replace(good, **changed)  # type: ignore[arg-type]


def test_a_room_is_cleared_until_its_first_certificate_ends_and_lapsed_from_then_on() -> None:
    sooner = END - timedelta(days=40)
    cleared, gap = foresee([bar(1), bar(2, latest=Certificate(UUID(int=9), sooner))], NOW, bars_required=2)
    assert cleared == Cleared(NOW, sooner, Decimal(300), (UUID(int=9), UUID(int=101)))
    assert gap == Gap(sooner, None, "lapsed", UUID(int=2))


def test_the_limit_is_the_least_rating_never_a_sum() -> None:
    cleared, _ = foresee([bar(1, rated_load_kg=Decimal(200)), bar(2)], NOW)
    assert cleared is not None and cleared.max_load_kg == 200


@pytest.mark.parametrize(
    ("bars", "required", "in_service", "reason"),
    [
        ([], 1, True, "no_bar"),
        ([bar()], 2, True, "too_few_bars"),
        ([bar(latest=None)], 1, True, "never_inspected"),
        ([bar(proven=False)], 1, True, "never_inspected"),
        ([bar(latest=Certificate(UUID(int=1), NOW))], 1, True, "lapsed"),
        ([bar(latest=Certificate(UUID(int=1), None), locked_out=True)], 1, True, "failed"),
        ([bar(locked_out=True)], 1, True, "locked_out"),
        ([bar(in_service=False, locked_out=True)], 1, True, "out_of_service"),
        ([bar(1), bar(2, latest=None)], 1, True, "never_inspected"),
        ([bar(1, latest=Certificate(UUID(int=1), NOW)), bar(2, locked_out=True)], 1, True, "locked_out"),
        ([bar()], 1, False, "out_of_service"),
    ],
)
def test_each_gap_has_its_gravest_reason(bars: list[Bar], required: int, in_service: bool, reason: str) -> None:
    cleared, gap = foresee(bars, NOW, bars_required=required, in_service=in_service)
    assert cleared is None
    assert (gap.starts_at, gap.ends_at, gap.reason) == (NOW, None, reason)


def period(start: int, end: int, limit: int = 300) -> Cleared:
    return Cleared(NOW + timedelta(hours=start), NOW + timedelta(hours=end), Decimal(limit), ())


@pytest.mark.parametrize(
    ("periods", "start", "end", "expected"),
    [
        ([period(0, 10)], 2, 3, 300),
        ([period(0, 10)], 9, 10, 300),  # half-open: to the very end
        ([period(0, 10)], 9, 11, 10),
        ([period(0, 5), period(5, 10, 200)], 4, 6, 200),  # two that adjoin cover together, at the lesser limit
        ([period(0, 5), period(5, 10, 200)], 5, 6, 200),
        ([period(0, 5, 200), period(5, 10)], 5, 6, 300),
        ([period(0, 5), period(6, 10)], 4, 7, 5),
        ([], 1, 2, 1),
        ([period(3, 4)], 1, 2, 1),
    ],
)
def test_the_limit_over_an_interval_or_the_first_uncleared_instant(
    periods: list[Cleared], start: int, end: int, expected: int
) -> None:
    found = limit_over(periods, NOW + timedelta(hours=start), NOW + timedelta(hours=end))
    assert found == (Decimal(expected) if expected >= 100 else NOW + timedelta(hours=expected))
