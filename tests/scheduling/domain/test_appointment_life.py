"""Every verb in every status: allowed with its outcome, or refused by name."""

from collections.abc import Callable
from datetime import timedelta
from itertools import product
from typing import Any

import pytest

from services.scheduling.domain.appointment import Appointment, Status
from services.scheduling.domain.errors import WrongStatus
from shared.kit.ids import new_id
from tests.scheduling.builders import ANNA, NOON, ROOM, an_appointment

LATER = NOON + timedelta(hours=3)


def move(a: Appointment) -> None:
    a.move_to(branch_id=new_id(), therapist_id=ANNA, named=True, room_id=None, starts_at=LATER,
              ends_at=LATER + timedelta(hours=1))  # fmt: skip


VERBS: dict[str, Callable[[Appointment], Any]] = {
    "cancel": Appointment.cancel,
    "check in": Appointment.check_in,
    "no-show": lambda a: a.miss(LATER),
    "reschedule": move,
    "start": lambda a: a.start(9, ROOM, ANNA, NOON),
    "finish": lambda a: a.finish(9, LATER),
}
ALLOWED = {
    "cancel": {Status.PENDING, Status.CONFIRMED, Status.CHECKED_IN, Status.NEEDS_ATTENTION},
    "check in": {Status.CONFIRMED},
    "no-show": {Status.CONFIRMED, Status.NEEDS_ATTENTION},
    "reschedule": {Status.CONFIRMED, Status.CHECKED_IN, Status.NEEDS_ATTENTION},
    # What room-equipment reports has happened; it is taken whatever was written here, and twice changes nothing.
    "start": set(Status) - {Status.IN_PROGRESS, Status.COMPLETED},
    "finish": set(Status) - {Status.COMPLETED},
}
LEADS_TO = {
    "cancel": Status.CANCELLED, "check in": Status.CHECKED_IN, "no-show": Status.NO_SHOW,
    "reschedule": Status.PENDING, "start": Status.IN_PROGRESS, "finish": Status.COMPLETED,
}  # fmt: skip


@pytest.mark.parametrize(("verb", "status"), list(product(VERBS, Status)))
def test_a_verb_does_what_it_says_or_is_refused_and_changes_nothing(verb: str, status: Status) -> None:
    a = an_appointment(status=status, room_id=ROOM, therapist_id=ANNA)
    version = a.version
    if status in ALLOWED[verb]:
        VERBS[verb](a)
        assert (a.status, a.version) == (LEADS_TO[verb], version + 1)
        return
    if verb in ("start", "finish"):
        assert VERBS[verb](a) is False
    else:
        with pytest.raises(WrongStatus) as refused:
            VERBS[verb](a)
        assert refused.value.extra["current_status"] == status
    assert (a.status, a.version) == (status, version)


@pytest.mark.parametrize("status", [Status.CONFIRMED, Status.CHECKED_IN, Status.NEEDS_ATTENTION])
def test_a_refused_move_gives_back_every_field_of_the_slot(status: Status) -> None:
    a = an_appointment(status=status, room_id=ROOM, therapist_named=True, requested_room_id=ROOM)
    kept = ("status", "branch_id", "therapist_id", "therapist_named", "room_id", "requested_room_id", "starts_at",
            "ends_at")  # fmt: skip
    before = [getattr(a, name) for name in kept]
    move(a)
    a.reject("slot_taken")
    assert [getattr(a, name) for name in kept] == before
    assert (a.attempt, a.resume) == (2, None)
