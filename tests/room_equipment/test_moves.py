"""A session moved to another slot: its one assignment changes in place, or nothing changes."""

from datetime import timedelta
from typing import Any

from shared.events.scheduling import AppointmentMoveRequested, AppointmentRequested
from tests.room_equipment.spa import Spa, cancelled, soon
from tests.room_equipment.test_requests import kinds


def move(request: AppointmentRequested, **changed: Any) -> AppointmentMoveRequested:
    """The same session asked for at another slot, by the next attempt."""
    later = {"attempt": request.attempt + 1, "version": request.version + 2, "not_after": soon(1)}
    values = request.model_dump() | later | changed
    if "starts_at" in changed:
        values["ends_at"] = changed["starts_at"] + (request.ends_at - request.starts_at)
    return AppointmentMoveRequested(**values)


async def test_a_session_moves_in_place_even_over_its_own_time(spa: Spa) -> None:
    room, _ = await spa.cleared_room()
    request = spa.request(soon(1))
    await spa.hear(request)
    answer: dict[str, Any] = {}
    for version, minutes in ((2, 15), (3, 30), (4, -30)):
        starts_at = soon(1) + timedelta(minutes=minutes)
        (answer,) = await spa.hear(
            move(request, starts_at=starts_at, attempt=version, version=version * 2, not_after=soon(2))
        )
        assert (answer["type"], answer["assignment_version"]) == ("caibei.room-equipment.room.assigned.v1", version)
        assert answer["treatment_id"] == str(spa.bar_treatment)
    shown = await spa.assignment(request.appointment_id)
    assert (shown["room_id"], shown["starts_at"]) == (str(room), answer["starts_at"])
    rows = await spa.sql("SELECT count(*) AS n FROM assignments WHERE appointment_id = $1", request.appointment_id)
    assert rows[0]["n"] == 1


async def test_a_refused_move_leaves_the_room_as_it_was(spa: Spa) -> None:
    await spa.cleared_room()
    request = spa.request(soon(1))
    await spa.hear(request)
    before = await spa.assignment(request.appointment_id)
    await spa.book(soon(2))
    (answer,) = await spa.hear(move(request, starts_at=soon(2), not_after=soon(3)))
    assert (answer["code"], answer["attempt"]) == ("no_room_available", 2)
    assert await spa.assignment(request.appointment_id) == before
    (gone,) = await spa.hear(cancelled(request.appointment_id, 2, 9, spa.branch_id))
    assert kinds([gone]) == ["room.released"]


async def test_a_move_heard_too_late_is_refused_and_changes_nothing(spa: Spa) -> None:
    await spa.cleared_room()
    request = spa.request(soon(1))
    await spa.hear(request)
    before = await spa.assignment(request.appointment_id)
    (answer,) = await spa.hear(move(request, starts_at=soon(2), not_after=soon(-1)))
    assert answer["code"] == "timed_out"
    assert await spa.assignment(request.appointment_id) == before


async def test_a_move_that_comes_twice_is_answered_once(spa: Spa) -> None:
    await spa.cleared_room()
    request = spa.request(soon(1))
    await spa.hear(request)
    asked = move(request, starts_at=soon(2), not_after=soon(3))
    assert len(await spa.hear(asked)) == 1
    assert await spa.hear(asked) == []


async def test_many_moves_to_one_slot_in_one_batch_leave_one_there(spa: Spa) -> None:
    await spa.cleared_room()
    requests = [spa.request(soon(1 + n)) for n in range(4)]
    await spa.hear(*requests)
    answers = await spa.hear(*[move(request, starts_at=soon(6), not_after=soon(7)) for request in requests])
    assert sorted(kinds(answers)) == ["room.assigned"] + ["room.unavailable"] * 3
    rows = await spa.sql("SELECT count(*) AS n FROM assignments WHERE branch_id = $1", spa.branch_id)
    assert rows[0]["n"] == 4


async def test_a_session_moves_to_another_branch_and_leaves_the_old_room_free(spa: Spa) -> None:
    await spa.cleared_room()
    request = spa.request(soon(1))
    await spa.hear(request)
    away = await Spa(spa.app, spa.mint, spa.database).open()
    room, _ = await away.cleared_room()
    moved = move(request, branch_id=away.branch_id, therapist_id=away.therapist_id, starts_at=soon(1))
    (answer,) = await spa.hear(moved.model_copy(update={"not_after": soon(2)}))
    assert (answer["room_id"], answer["branch_id"]) == (str(room), str(away.branch_id))
    await spa.book(soon(1))
