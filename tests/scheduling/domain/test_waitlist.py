"""What somebody in line would take by each branch's clock, and how long an offer stands."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.scheduling.domain.grid import grid, moment
from services.scheduling.domain.localtime import wall
from services.scheduling.domain.slots import at_least
from services.scheduling.domain.waitlist import Window, Wish, may_have, offer_ends, window

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)


def starts(said: dict[str, Any], zone: ZoneInfo = BERLIN, days: tuple[date, date] | None = None) -> list[str]:
    """The starts of an hourly grid around the window that it takes, as the clock shows them."""
    found = window(said)
    first, last = days or (found.first - timedelta(days=1), found.last + timedelta(days=2))
    hours = grid(zone, first, last, 60)
    return [f"{wall(moment(s), zone):%d %H:%M}" for s in hours.set(found.mask(hours, zone))]


def test_a_window_holds_local_days_both_included_and_starts_of_those_hours_only() -> None:
    said = {
        "from": "2026-03-06",
        "to": "2026-03-09",
        "weekdays": ["fri", "sun"],
        "time_from": "17:00",
        "time_to": "19:00",
    }
    assert starts(said) == ["06 17:00", "06 18:00", "08 17:00", "08 18:00"]
    assert len(starts({"from": "2026-03-06", "to": "2026-03-06"})) == 24


def test_a_night_belongs_to_the_day_it_began() -> None:
    said = {"from": "2026-03-06", "to": "2026-03-07", "weekdays": ["sat"], "time_from": "22:00", "time_to": "02:00"}
    assert starts(said) == ["07 22:00", "07 23:00", "08 00:00", "08 01:00"]
    assert starts(said | {"weekdays": ["fri"]}) == ["06 22:00", "06 23:00", "07 00:00", "07 01:00"]
    assert starts(said | {"weekdays": ["thu", "sun"]}) == []


def test_days_of_23_and_25_hours_are_whole() -> None:
    assert len(starts({"from": "2026-03-29", "to": "2026-03-29"})) == 23
    assert len(starts({"from": "2026-10-25", "to": "2026-10-25"})) == 25
    repeated = {"from": "2026-10-25", "to": "2026-10-25", "time_from": "02:00", "time_to": "03:00"}
    assert starts(repeated) == ["25 02:00", "25 02:00"]
    assert starts(repeated | {"from": "2026-03-29", "to": "2026-03-29"}) == []
    lord_howe = ZoneInfo("Australia/Lord_Howe")
    assert len(starts({"from": "2026-04-05", "to": "2026-04-05"}, lord_howe)) >= 24


def test_a_window_says_what_it_was_made_of() -> None:
    said = {"from": "2028-02-29", "to": "2028-03-01", "weekdays": ["tue"], "time_from": "09:30", "time_to": "24:00"}
    assert window(said).json() == said
    assert not window(said | {"weekdays": ["fri"]}).has_days


def wish(**changes: Any) -> Wish:
    one = window({"from": "2026-03-06", "to": "2026-03-07"})
    values: dict[str, Any] = {"treatment_id": UUID(int=1), "branch_ids": [UUID(int=2), UUID(int=3)], "windows": (one,),
              "therapist_id": None}  # fmt: skip
    return Wish(**(values | changes))


@pytest.mark.parametrize(
    ("change", "keeps"),
    [
        ({}, True),
        ({"branch_ids": [UUID(int=3)]}, True),
        ({"therapist_id": UUID(int=9)}, True),
        ({"branch_ids": [UUID(int=2), UUID(int=4)]}, False),
        ({"treatment_id": UUID(int=5)}, False),
        ({"windows": (Window(date(2026, 3, 6), date(2026, 3, 8), frozenset(range(7)), 0, 1440),)}, False),
    ],
    ids=["same", "fewer_branches", "one_therapist", "another_branch", "another_treatment", "longer"],
)
def test_who_asks_for_nothing_more_keeps_the_place(change: dict[str, Any], keeps: bool) -> None:
    assert wish(**change).keeps_place(wish()) is keeps
    assert not wish().keeps_place(wish(therapist_id=UUID(int=9)))


@given(
    left=st.integers(0, 60 * 24 * 60), lead=st.integers(0, 600), least=st.integers(1, 60), longest=st.integers(60, 600)
)
def test_an_offer_stands_a_quarter_of_what_is_left_and_never_past_the_lead(
    left: int, lead: int, least: int, longest: int
) -> None:
    minutes = [timedelta(minutes=m) for m in (left, lead, least, longest)]
    starts_at = NOW + minutes[0]
    ends = offer_ends(NOW, starts_at, lead=minutes[1], least=minutes[2], longest=minutes[3])
    if left - lead < least:
        assert ends is None
    else:
        assert ends is not None
        assert minutes[2] <= ends - NOW <= minutes[3]
        assert ends <= starts_at - minutes[1]


@given(st.lists(st.integers(0, 255), max_size=6))
def test_at_least_so_many(masks: list[int]) -> None:
    for n, layer in enumerate(at_least(masks), start=1):
        assert layer == sum(1 << bit for bit in range(8) if sum(mask >> bit & 1 for mask in masks) >= n)


def test_only_a_known_yes_or_a_deferral_is_asked() -> None:
    found = {outcome: may_have("p", outcome, None) for outcome in ("cleared", "deferred", "declined", "expired", None)}
    assert found == {"cleared": None, "deferred": None, "declined": "screening_declined",
                     "expired": "screening_required", None: "screening_required"}  # fmt: skip
    assert may_have(None, None, None) is None
    assert may_have("p", "cleared", "screening_deferred") == "screening_deferred"
