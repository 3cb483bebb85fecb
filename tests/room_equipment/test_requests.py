"""What scheduling asks over Kafka: rooms for appointments, late, twice and out of order; and their release."""

from datetime import datetime, timedelta

from sqlalchemy import event

from shared.events import scheduling
from shared.kit.ids import new_id
from tests.room_equipment.spa import Spa, cancelled, displaced, soon


def kinds(events: list[dict[str, object]]) -> list[str]:
    return [str(e["type"]).removeprefix("caibei.room-equipment.").removesuffix(".v1") for e in events]


async def test_a_request_gets_a_room_blocked_past_its_turnover(spa: Spa) -> None:
    room, _ = await spa.cleared_room()
    request = spa.request(soon(1))
    (answer,) = await spa.hear(request)
    assert kinds([answer]) == ["room.assigned"]
    assert answer["room_id"] == str(room) and answer["attempt"] == 1 and answer["assignment_version"] == 1
    shown = await spa.assignment(request.appointment_id)
    assert shown["state"] == "assigned" and shown["blocked_until"] == answer["blocked_until"]
    assert soon(1) + timedelta(minutes=75) == datetime.fromisoformat(str(answer["blocked_until"]))


async def test_a_batch_is_placed_in_three_statements_of_ours(spa: Spa) -> None:
    for _ in range(4):
        await spa.cleared_room()
    requests = [spa.request(soon(1 + n // 4)) for n in range(16)]
    seen: list[str] = []

    def count(_c: object, _k: object, statement: str, *_: object) -> None:
        seen.append(statement)

    engine = spa.app.state.database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", count)
    try:
        answers = await spa.hear(*requests)
    finally:
        event.remove(engine, "before_cursor_execute", count)
    assert kinds(answers) == ["room.assigned"] * 16
    # lock, read, write, and the kit's outbox; the test's own two reads of the outbox beside them
    assert len([s for s in seen if "outbox" not in s]) == 3
    assert len([s for s in seen if "INSERT INTO outbox" in s]) == 1


async def test_a_batch_never_puts_two_into_one_room(spa: Spa) -> None:
    await spa.cleared_room()
    answers = await spa.hear(*[spa.request(soon(1)) for _ in range(3)])
    assert sorted(kinds(answers)) == ["room.assigned", "room.unavailable", "room.unavailable"]
    assert {a["code"] for a in answers if "code" in a} == {"no_room_available"}


async def test_a_named_room_is_refused_with_its_own_reason_and_time(spa: Spa) -> None:
    await spa.cleared_room()
    locked, bar = await spa.cleared_room()
    await spa.http.post(f"/v1/bars/{bar}/lockouts", json={"reason": "bent"})
    (answer,) = await spa.hear(spa.request(soon(1), room_id=locked))
    assert (answer["code"], answer["gap_reason"]) == ("room_not_certified", "locked_out")
    assert datetime.fromisoformat(str(answer["gap_at"])) == soon(1)
    assert answer["room_id"] == str(locked)


async def test_therapists_without_a_usable_profile_are_refused(spa: Spa) -> None:
    await spa.cleared_room(130)
    unmeasured = await spa.therapist(None)
    (answer,) = await spa.hear(spa.request(soon(1), therapist_id=unmeasured))
    assert answer["code"] == "load_profile_required"
    stale = await spa.therapist(60, measured=soon(-400).date())
    (answer,) = await spa.hear(spa.request(soon(1), therapist_id=stale))
    assert answer["code"] == "load_profile_required"
    heavy = await spa.therapist(66)
    (answer,) = await spa.hear(spa.request(soon(1), therapist_id=heavy))
    assert answer["code"] == "load_rating_exceeded"
    assert "load_kg" not in answer and "mass" not in str(answer)
    nobody = spa.request(soon(1), therapist_id=None)
    (answer,) = await spa.hear(nobody)
    assert answer["code"] == "therapist_unavailable"


async def test_a_profile_that_ends_before_the_session_is_no_profile(spa: Spa) -> None:
    await spa.cleared_room()
    ending = await spa.therapist(60, measured=soon(-360).date())
    assert (await spa.hear(spa.request(soon(1), therapist_id=ending)))[0]["type"].endswith("assigned.v1")
    (answer,) = await spa.hear(spa.request(soon(20), therapist_id=ending))
    assert answer["code"] == "load_profile_required"


async def test_the_same_request_again_changes_and_says_nothing(spa: Spa) -> None:
    await spa.cleared_room()
    request = spa.request(soon(1))
    await spa.hear(request)
    assert await spa.hear(request) == []


async def test_a_later_attempt_replaces_the_assignment_in_place(spa: Spa) -> None:
    await spa.cleared_room()
    first = spa.request(soon(1))
    await spa.hear(first)
    lighter = await spa.therapist(50)
    # over its own old slot, which a second row could not take
    second = first.model_copy(
        update={"attempt": 2, "version": 2, "therapist_id": lighter, "starts_at": soon(1) + timedelta(minutes=30),
                "ends_at": soon(1) + timedelta(minutes=90)}
    )  # fmt: skip
    (answer,) = await spa.hear(second)
    assert (kinds([answer]), answer["attempt"], answer["assignment_version"]) == (["room.assigned"], 2, 2)
    assert (await spa.assignment(first.appointment_id))["therapist_id"] == str(lighter)
    assert await spa.hear(first) == []


async def test_a_failed_later_attempt_leaves_the_old_assignment(spa: Spa) -> None:
    await spa.cleared_room()
    first = spa.request(soon(1))
    await spa.hear(first)
    second = first.model_copy(update={"attempt": 2, "version": 2, "therapist_id": await spa.therapist(None)})
    (answer,) = await spa.hear(second)
    assert (answer["code"], answer["attempt"]) == ("load_profile_required", 2)
    assert (await spa.assignment(first.appointment_id))["attempt"] == 1


async def test_a_release_frees_the_room_and_the_version_goes_on_rising(spa: Spa) -> None:
    room, _ = await spa.cleared_room()
    request = spa.request(soon(1))
    await spa.hear(request)
    (released,) = await spa.cancel(request.appointment_id, version=3)
    assert (kinds([released]), released["assignment_version"]) == (["room.released"], 2)
    assert await spa.cancel(request.appointment_id, version=4) == []
    assert (await spa.assignment(request.appointment_id))["state"] == "released"
    again = request.model_copy(update={"attempt": 2, "version": 9})
    (answer,) = await spa.hear(again)
    assert (answer["room_id"], answer["assignment_version"]) == (str(room), 3)


async def test_a_cancellation_that_overtakes_its_request_wins(spa: Spa) -> None:
    await spa.cleared_room()
    request = spa.request(soon(1))
    assert await spa.hear(cancelled(request.appointment_id, 1, 2, spa.branch_id)) == []
    assert await spa.hear(request) == []
    await spa.book(soon(1))


async def test_a_rejection_of_something_never_seen_is_nothing(spa: Spa) -> None:
    at = soon(1)
    rejected = scheduling.AppointmentRejected(
        appointment_id=new_id(), version=2, attempt=1, branch_id=spa.branch_id, treatment_id=spa.bar_treatment,
        client_id=None, therapist_id=None, room_id=None, starts_at=at, ends_at=at + timedelta(hours=1),
        code="slot_taken",
    )  # fmt: skip
    assert await spa.hear(rejected) == []


async def test_an_old_attempts_rejection_does_not_release_a_newer_one(spa: Spa) -> None:
    await spa.cleared_room()
    request = spa.request(soon(1), attempt=2, version=3)
    await spa.hear(request)
    assert await spa.hear(cancelled(request.appointment_id, 1, 2, spa.branch_id)) == []
    assert (await spa.assignment(request.appointment_id))["state"] == "assigned"


async def test_an_erased_client_is_forgotten_and_the_session_stays(spa: Spa) -> None:
    await spa.cleared_room()
    request = spa.request(soon(1))
    await spa.hear(request)
    assert request.client_id is not None
    said = await spa.hear(scheduling.ClientErased(client_id=request.client_id, version=2))
    assert [event["type"] for event in said] == ["caibei.room-equipment.client.forgotten.v1"]
    shown = await spa.assignment(request.appointment_id)
    assert shown["client_id"] is None and shown["state"] == "assigned"


async def test_an_older_version_of_a_projection_never_overwrites_a_newer(spa: Spa) -> None:
    said = {"branch_id": spa.branch_id, "code": "b", "opening_hours": {}}
    await spa.hear(scheduling.BranchChanged(version=3, timezone="Asia/Tokyo", **said))
    await spa.hear(scheduling.BranchChanged(version=2, timezone="Europe/Paris", **said))
    rows = await spa.sql("SELECT timezone FROM branches WHERE id = $1", spa.branch_id)
    assert rows[0]["timezone"] == "Asia/Tokyo"


async def test_a_closed_branchs_rooms_are_let_go_once_and_can_be_asked_for_again(spa: Spa) -> None:
    await spa.cleared_room()
    request = spa.request(soon(1))
    await spa.hear(request)
    assert await spa.hear(displaced(request, "bar_failed")) == [], "that was said here, and is no news"
    closed = displaced(request, "branch_closed")
    (released,) = await spa.hear(closed)
    assert (kinds([released]), released["assignment_version"]) == (["room.released"], 2)
    assert await spa.hear(closed) == [], "once"
    assert await spa.hear(request) == [], "nor does a late request take the room again"
    again = request.model_copy(update={"attempt": 2, "version": request.version + 3})
    (answer,) = await spa.hear(again)
    assert (kinds([answer]), answer["attempt"]) == (["room.assigned"], 2)
