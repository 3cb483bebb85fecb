from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from services.notification.domain.messages import (
    LONGEST_RETRY,
    MOST_ATTEMPTS,
    Appointment,
    Occasion,
    Purpose,
    masked,
    no_longer_true,
    retry_after,
)

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
ROOM, OTHER_ROOM = uuid4(), uuid4()
START = NOW + timedelta(days=1)
APPOINTMENT = Appointment(uuid4(), "confirmed", START, ROOM)


def occasion(purpose: Purpose) -> Occasion:
    return Occasion(purpose, START, ROOM)


@pytest.mark.parametrize(
    ("purpose", "status", "reason"),
    [
        (Purpose.CONFIRMED, "confirmed", None),
        (Purpose.CONFIRMED, "cancelled", "now_cancelled"),
        (Purpose.CONFIRMED, "needs_attention", "now_needs_attention"),
        (Purpose.CONFIRMED, "completed", "now_completed"),
        (Purpose.CANCELLED, "cancelled", None),
        (Purpose.CANCELLED, "confirmed", "now_confirmed"),
        (Purpose.MOVED, "confirmed", None),
        (Purpose.MOVED, "cancelled", "now_cancelled"),
        (Purpose.NEEDS_CHANGE, "needs_attention", None),
        (Purpose.NEEDS_CHANGE, "confirmed", "now_confirmed"),
        (Purpose.ATTENTION, "needs_attention", None),
        (Purpose.ATTENTION, "cancelled", "now_cancelled"),
        (Purpose.AT_RISK, "in_progress", None),
        (Purpose.AT_RISK, "completed", None),
    ],
)
def test_a_message_holds_only_while_the_appointment_is_what_it_says(
    purpose: Purpose, status: str, reason: str | None
) -> None:
    assert no_longer_true(occasion(purpose), replace(APPOINTMENT, status=status), NOW) == reason


def test_a_confirmation_of_a_time_that_was_changed_since_is_not_sent() -> None:
    moved = replace(APPOINTMENT, starts_at=START + timedelta(hours=1))
    assert no_longer_true(occasion(Purpose.CONFIRMED), moved, NOW) == "rescheduled"


def test_a_confirmation_that_comes_after_the_start_is_not_sent() -> None:
    assert no_longer_true(occasion(Purpose.CONFIRMED), APPOINTMENT, START) == "started"


def test_only_the_last_of_two_moves_is_told() -> None:
    again = replace(APPOINTMENT, room_id=OTHER_ROOM)
    assert no_longer_true(occasion(Purpose.MOVED), again, NOW) == "moved_again"
    assert no_longer_true(occasion(Purpose.CONFIRMED), again, NOW) is None


def test_what_scheduling_does_not_know_is_not_written_about_but_what_is_urgent_is() -> None:
    for purpose in Purpose:
        reason = no_longer_true(occasion(purpose), None, NOW)
        gone = "asset_gone" if purpose.is_about_assets else "appointment_gone"
        gone = {Purpose.INVITED: "invitation_over", Purpose.WAITLIST_OFFER: "offer_gone"}.get(purpose, gone)
        assert reason == (None if purpose.is_urgent else gone)


def test_waits_between_attempts_double_up_to_a_bound_and_end() -> None:
    waits = [retry_after(attempts, 0.5) for attempts in range(1, MOST_ATTEMPTS)]
    assert waits[:3] == [timedelta(seconds=2), timedelta(seconds=4), timedelta(seconds=8)]
    assert max(wait for wait in waits if wait) <= LONGEST_RETRY
    assert retry_after(MOST_ATTEMPTS, 0.5) is None


def test_waits_are_spread_by_a_quarter_either_way() -> None:
    assert retry_after(3, 0.0) == timedelta(seconds=6)
    assert retry_after(3, 1.0) == timedelta(seconds=10)


@pytest.mark.parametrize(
    ("address", "kept"),
    [("ana.lopez@example.org", "a…@e….org"), ("x@mail.example.co.uk", "x…@m….uk"), ("nonsense", "…"), ("@a.b", "…")],
)
def test_what_is_kept_of_an_address_does_not_lead_to_anyone(address: str, kept: str) -> None:
    assert masked(address) == kept
