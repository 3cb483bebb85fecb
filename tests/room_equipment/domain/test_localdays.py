"""Local days: a certificate holds to the end of its last day where the branch is."""

from datetime import UTC, date, datetime

import pytest

from services.room_equipment.domain.localdays import add_months, end_of, local_date


@pytest.mark.parametrize(
    ("day", "zone", "end"),
    [
        (date(2026, 6, 1), "Europe/Berlin", datetime(2026, 6, 1, 22, tzinfo=UTC)),
        (date(2026, 12, 1), "Europe/Berlin", datetime(2026, 12, 1, 23, tzinfo=UTC)),
        (date(2026, 3, 29), "Europe/Berlin", datetime(2026, 3, 29, 22, tzinfo=UTC)),  # the day of 23 hours
        (date(2026, 10, 25), "Europe/Berlin", datetime(2026, 10, 25, 23, tzinfo=UTC)),  # the day of 25 hours
        (date(2026, 6, 1), "Asia/Shanghai", datetime(2026, 6, 1, 16, tzinfo=UTC)),
        (date(2026, 6, 1), "America/New_York", datetime(2026, 6, 2, 4, tzinfo=UTC)),
        (date(2026, 4, 23), "Africa/Cairo", datetime(2026, 4, 23, 22, tzinfo=UTC)),  # the clock skips 00:00 to 01:00
        (date(2028, 2, 29), "UTC", datetime(2028, 3, 1, tzinfo=UTC)),
    ],
)
def test_a_day_ends_where_the_next_begins_on_the_wall(day: date, zone: str, end: datetime) -> None:
    assert end_of(day, zone) == end
    assert local_date(end, zone) > day


@pytest.mark.parametrize(
    ("day", "months", "later"),
    [
        (date(2026, 8, 31), 6, date(2027, 2, 28)),
        (date(2027, 8, 31), 6, date(2028, 2, 29)),
        (date(2028, 2, 29), 12, date(2029, 2, 28)),
        (date(2026, 12, 15), 1, date(2027, 1, 15)),
        (date(2026, 5, 15), 6, date(2026, 11, 15)),
    ],
)
def test_months_later_is_the_same_day_or_the_last_of_the_month(day: date, months: int, later: date) -> None:
    assert add_months(day, months) == later
