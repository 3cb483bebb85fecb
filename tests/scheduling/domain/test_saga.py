"""The saga's decision table, and that late, doubled and shuffled answers change nothing."""

from datetime import timedelta
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.scheduling.domain.appointment import REVOKED, YES, Appointment, Status
from services.scheduling.domain.errors import TooEarly, WrongStatus
from services.scheduling.domain.saga import Confirm, Decision, NeedAttention, Reject, TryNextTherapist, Wait, decide
from tests.scheduling.builders import ANNA, BEN, NOON, OTHER_ROOM, ROOM, an_appointment

HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("screening", "room", "named", "expected"),
    [
        (None, None, False, Wait()),
        (YES, None, False, Wait()),
        (None, YES, False, Wait()),
        (None, REVOKED, False, Wait()),
        (YES, YES, False, Confirm()),
        (YES, REVOKED, False, NeedAttention()),
        ("screening_declined", None, False, Reject("screening_declined")),
        ("screening_required", YES, False, Reject("screening_required")),
        (None, "no_room_available", False, Reject("no_room_available")),
        (YES, "no_certified_room", False, Reject("no_certified_room")),
        (None, "load_rating_exceeded", False, TryNextTherapist("load_rating_exceeded")),
        (YES, "load_profile_required", False, TryNextTherapist("load_profile_required")),
        (YES, "load_rating_exceeded", True, Reject("load_rating_exceeded")),
        ("clearance_required", "load_rating_exceeded", False, Reject("clearance_required")),
    ],
)
def test_the_decision_table(screening: str | None, room: str | None, named: bool, expected: Decision) -> None:
    appointment = an_appointment(therapist_named=named, screening_answer=screening, room_answer=room)
    assert decide(appointment) == expected


@pytest.mark.parametrize("status", [status for status in Status if status is not Status.PENDING])
def test_a_settled_appointment_is_decided_no_more(status: Status) -> None:
    assert decide(an_appointment(status=status, screening_answer=YES, room_answer=YES)) == Wait()


def apply(appointment: Appointment, answer: str) -> None:
    match answer:
        case "cleared":
            appointment.hear_screening(1, YES)
        case "assigned":
            appointment.hear_room(1, 1, ROOM)
        case "reassigned":
            appointment.hear_room(1, 2, OTHER_ROOM)
        case "revoked":
            appointment.lose_room(1, 3)
    match decide(appointment):
        case Confirm():
            appointment.confirm()
        case NeedAttention():
            appointment.need_attention()


@given(st.lists(st.sampled_from(["cleared", "assigned", "reassigned"]), max_size=6))
def test_answers_in_any_order_and_number_end_as_if_each_came_once_in_order(extra: list[str]) -> None:
    for order in permutations(["cleared", "assigned", "reassigned"]):
        appointment = an_appointment()
        for answer in (*order, *extra):
            apply(appointment, answer)
        assert (appointment.status, appointment.room_id, appointment.assignment_version) == (
            Status.CONFIRMED, OTHER_ROOM, 2,
        )  # fmt: skip


@given(st.permutations(["cleared", "assigned", "reassigned", "revoked", "assigned"]))
def test_a_revoke_that_overtakes_its_assign_is_remembered(order: list[str]) -> None:
    appointment = an_appointment()
    for answer in order:
        apply(appointment, answer)
    assert (appointment.status, appointment.room_id) == (Status.NEEDS_ATTENTION, None)


def test_answers_to_an_older_attempt_change_nothing() -> None:
    appointment = an_appointment()
    appointment.ask_next(BEN)
    assert (appointment.attempt, appointment.therapist_id, appointment.tried_therapist_ids) == (2, BEN, [ANNA])
    assert not appointment.hear_screening(1, YES)
    assert not appointment.hear_no_room(1, "no_room_available")
    assert not appointment.hear_room(1, 1, ROOM)
    assert not appointment.lose_room(1, 9)
    assert (appointment.screening_answer, appointment.room_answer) == (None, None)


def test_an_answer_after_the_rejection_changes_nothing() -> None:
    appointment = an_appointment()
    appointment.reject("timed_out")
    version = appointment.version
    assert not appointment.hear_screening(1, YES)
    assert not appointment.hear_room(1, 1, ROOM)
    assert not appointment.lose_room(1, 2)
    assert (appointment.status, appointment.room_id, appointment.version) == (Status.REJECTED, None, version)


def test_a_refused_new_slot_falls_back_to_the_old_one() -> None:
    appointment = an_appointment(status=Status.NEEDS_ATTENTION)
    appointment.ask_for(BEN, NOON + HOUR, NOON + 2 * HOUR)
    assert (appointment.status, appointment.attempt, appointment.starts_at) == (Status.PENDING, 2, NOON + HOUR)
    appointment.reject("no_room_available")
    assert (appointment.status, appointment.starts_at, appointment.therapist_id) == (Status.NEEDS_ATTENTION, NOON, ANNA)


def test_a_session_that_started_wins_over_a_late_cancel() -> None:
    appointment = an_appointment(status=Status.CONFIRMED, room_id=ROOM, assignment_version=1)
    appointment.cancel()
    assert appointment.start(2, ROOM, ANNA, NOON)
    assert (appointment.status, appointment.room_id) == (Status.IN_PROGRESS, ROOM)
    assert not appointment.start(2, ROOM, ANNA, NOON)


def test_a_finish_that_overtakes_the_start_stays_the_last_word() -> None:
    appointment = an_appointment(status=Status.CHECKED_IN, room_id=ROOM, assignment_version=1)
    assert appointment.finish(3, NOON + HOUR)
    assert not appointment.start(2, ROOM, ANNA, NOON)
    assert appointment.status is Status.COMPLETED


@pytest.mark.parametrize("status", [Status.REJECTED, Status.CANCELLED, Status.COMPLETED, Status.NO_SHOW])
def test_what_has_ended_refuses_every_verb(status: Status) -> None:
    for verb in (Appointment.cancel, Appointment.check_in, Appointment.confirm, Appointment.need_attention):
        with pytest.raises(WrongStatus):
            verb(an_appointment(status=status))
    with pytest.raises(WrongStatus):
        an_appointment(status=status).miss(NOON)


def test_nobody_is_a_no_show_before_the_session_begins() -> None:
    with pytest.raises(TooEarly):
        an_appointment(status=Status.CONFIRMED).miss(NOON - timedelta(seconds=1))
    appointment = an_appointment(status=Status.CONFIRMED)
    appointment.miss(NOON)
    assert appointment.status is Status.NO_SHOW


def test_every_change_of_status_raises_the_version() -> None:
    appointment = an_appointment(screening_answer=YES, room_answer=YES, room_id=ROOM)
    seen = [appointment.version]
    for step in (appointment.confirm, appointment.check_in, appointment.cancel):
        step()
        seen.append(appointment.version)
    assert seen == [1, 2, 3, 4]
