"""The last gate, code by code. No broker runs in these tests; scheduling and screening answer, or do not."""

from datetime import UTC, datetime, timedelta

import pytest

from shared.kit.ids import new_id
from tests.room_equipment.door import Door
from tests.room_equipment.spa import Spa, back_date_clearance, soon


async def test_a_proved_session_starts_now_by_the_databases_clock(door: Door) -> None:
    answer = await door.start()
    body = answer.json()
    assert answer.status_code == 200, answer.text
    assert body["state"] == "running"
    started = datetime.fromisoformat(body["started_at"])
    assert abs(started - datetime.now(UTC)) < timedelta(seconds=20)
    assert datetime.fromisoformat(body["ends_at"]) == started + timedelta(minutes=60)
    assert datetime.fromisoformat(body["blocked_until"]) == started + timedelta(minutes=75)
    (told,) = await door.spa.announced(kind="session.started", key=door.session)
    assert told["assignment_version"] == 2 and told["therapist_id"] == str(door.therapist)
    assert [(peer, timeout <= 1) for peer, _, _, timeout in door.peers.asked] == [
        ("scheduling", True), ("screening", True)
    ]  # fmt: skip
    evidence = (await door.spa.http.get(f"/v1/assignments/{door.session}/evidence")).json()
    assert evidence["load_sufficient"] is True and evidence["cleared_to_the_end"] is True
    assert [check["result"] for check in evidence["pre_use_checks"]] == ["pass"]
    assert evidence["fitness"][0]["fit"] is True and len(evidence["inspections"]) == 1


async def test_no_answer_is_no_proof(door: Door) -> None:
    door.peers.away = {"scheduling"}
    await door.refused("appointment_unproven")
    door.peers.away = {"screening"}
    await door.refused("screening_unproven")
    door.peers.away = {"scheduling", "screening"}
    await door.refused("appointment_unproven")


@pytest.mark.parametrize("status", ["pending", "rejected", "needs_attention", "cancelled", "no_show", "completed"])
async def test_only_a_confirmed_or_checked_in_appointment_starts(door: Door, status: str) -> None:
    door.peers.appointment["status"] = status
    assert status in (await door.refused("appointment_unproven"))["detail"]


async def test_a_back_stepping_session_scheduling_does_not_know_cannot_start(door: Door) -> None:
    door.peers.appointment_status, door.peers.appointment = 404, {"code": "not_found"}
    await door.refused("appointment_unproven")


async def test_a_massage_scheduling_does_not_know_can_start(door: Door) -> None:
    door.room = await door.spa.room()
    await door.booked(treatment_id=door.spa.massage, requires_bar=False, screening_protocol=None)
    door.peers.appointment_status = 404
    assert (await door.start(checks=[])).status_code == 200


async def test_a_room_assigned_for_a_massage_starts_no_back_stepping(door: Door) -> None:
    """A direct assignment overtook the request of a back-stepping session: same id, therapist and time, no bars."""
    door.room = await door.spa.room()
    await door.booked(treatment_id=door.spa.massage, requires_bar=False, screening_protocol=None)
    door.peers.appointment["treatment_id"] = str(door.spa.bar_treatment)
    await door.refused("appointment_unproven", checks=[])
    door.peers.appointment |= {"treatment_id": str(door.spa.massage), "branch_id": str(new_id())}
    await door.refused("appointment_unproven", checks=[])


async def test_an_appointment_moved_in_scheduling_waits_for_its_new_room(door: Door) -> None:
    door.peers.appointment["starts_at"] = soon(2).isoformat()
    await door.refused("appointment_unproven")


@pytest.mark.parametrize(
    "code",
    ["screening_required", "screening_declined", "screening_deferred", "clearance_required",
     "clearance_expires_before_session", "limits_not_acknowledged"],
)  # fmt: skip
async def test_screenings_own_refusal_is_passed_on(door: Door, code: str) -> None:
    door.peers.standing = {"allowed_to_start": False, "code": code, "deferred_until": "2030-01-01"}
    assert "2030" not in str(await door.refused(code))


async def test_a_client_screening_does_not_know_is_not_proved(door: Door) -> None:
    door.peers.standing_status = 404
    await door.refused("screening_unproven")


async def test_another_therapist_than_assigned_is_a_mismatch(door: Door) -> None:
    other = await door.spa.therapist()
    await door.refused("therapist_mismatch", therapist=other)
    await door.refused("therapist_mismatch", therapist_id=other)  # her own token, naming the assigned one
    door.peers.appointment["therapist_id"] = str(other)
    await door.refused("therapist_mismatch")
    door.peers.appointment["therapist_id"] = str(door.therapist)
    assert (await door.start(therapist_id=door.therapist)).status_code == 200


async def test_more_than_ten_minutes_early_is_too_early(door: Door) -> None:
    await door.booked(datetime.now(UTC) + timedelta(hours=3))
    opens = datetime.fromisoformat((await door.refused("too_early"))["opens_at"])
    assert opens == datetime.fromisoformat(door.peers.appointment["starts_at"]) - timedelta(minutes=10)


async def test_a_session_not_finished_keeps_the_room_whatever_the_clock_says(door: Door) -> None:
    spa = door.spa
    await back_date_clearance(spa, door.room)
    overrun = await spa.book(soon(0, -3), room_id=door.room, therapist_id=await spa.therapist())
    await spa.as_superuser("UPDATE assignments SET started_at = lower(during) WHERE appointment_id = $1", overrun)
    assert (await door.refused("room_occupied"))["running_appointment_id"] == str(overrun)
    finished = await spa.http.post(f"/v1/assignments/{overrun}/finish", json={"result": "complete"})
    assert finished.json()["result"] == "completed"
    assert (await door.start()).status_code == 200


async def test_a_therapist_runs_one_session_at_a_time(door: Door) -> None:
    spa = door.spa
    other, _ = await spa.cleared_room()
    elsewhere = await spa.book(datetime.now(UTC) + timedelta(minutes=6), room_id=other)
    await spa.as_superuser("UPDATE assignments SET started_at = lower(during) WHERE appointment_id = $1", elsewhere)
    await door.refused("therapist_unavailable")


async def test_a_session_that_ends_as_the_next_begins_starts(door: Door) -> None:
    await door.spa.book(datetime.now(UTC) + timedelta(minutes=81), room_id=door.room)
    assert (await door.start()).status_code == 200


async def test_a_late_start_that_would_run_into_the_next_session_is_refused(door: Door) -> None:
    spa = door.spa
    await back_date_clearance(spa, door.room)
    await spa.cancel(door.session)
    await door.booked(datetime.now(UTC) - timedelta(minutes=30))
    following = datetime.now(UTC) + timedelta(minutes=50)
    await spa.book(following, room_id=door.room)
    body = await door.refused("slot_taken")
    assert datetime.fromisoformat(body["next_starts_at"]) == following


async def test_a_room_not_cleared_to_the_end_is_refused_with_its_gap(door: Door) -> None:
    await door.spa.cancel(door.session)
    await back_date_clearance(door.spa, door.room)
    await door.booked(datetime.now(UTC) - timedelta(minutes=30))
    # Its certificate now ends half an hour before a session begun this late would.
    await door.spa.as_superuser(
        "UPDATE room_clearances SET valid_during = tstzrange(lower(valid_during), $2) WHERE room_id = $1",
        door.room, datetime.now(UTC) + timedelta(minutes=46),
    )  # fmt: skip
    await door.spa.as_superuser(
        "UPDATE room_gaps SET during = tstzrange($2, NULL) WHERE room_id = $1 AND upper_inf(during)",
        door.room, datetime.now(UTC) + timedelta(minutes=46),
    )  # fmt: skip
    body = await door.refused("room_not_certified")
    assert body["reason"] == "lapsed" and body["gap_at"]


async def test_a_stale_profile_or_a_weak_bar_is_refused(door: Door) -> None:
    spa = door.spa
    await spa.as_superuser(
        "UPDATE load_profiles SET valid_until = $2 WHERE therapist_id = $1", door.therapist, soon(-3).date()
    )
    await door.refused("load_profile_required")
    await spa.as_superuser(
        "UPDATE load_profiles SET valid_until = $2, mass_kg = 150.6, load_kg = 302 WHERE therapist_id = $1",
        door.therapist, soon(3).date(),
    )  # fmt: skip
    await door.refused("load_rating_exceeded")


async def test_a_session_starts_once_and_ends_once(door: Door) -> None:
    early = await door.spa.http.post(f"/v1/assignments/{door.session}/finish", json={"result": "complete"})
    assert (early.status_code, early.json()["code"]) == (409, "not_started")
    assert (await door.start()).status_code == 200
    await door.refused("already_started")
    ended = await door.spa.http.post(f"/v1/assignments/{door.session}/finish", json={"result": "complete"})
    assert ended.status_code == 200
    (told,) = await door.spa.announced(kind="session.finished", key=door.session)
    assert (told["result"], told["assignment_version"]) == ("completed", 3)
    body = await door.refused("not_assigned")
    assert body["outcome"] == "completed"


async def test_a_late_cancel_does_not_take_the_room_from_a_running_session(door: Door) -> None:
    assert (await door.start()).status_code == 200
    assert await door.spa.cancel(door.session) == []
    assert (await door.spa.assignment(door.session))["state"] == "running"


async def test_a_session_of_another_branch_is_not_there(door: Door) -> None:
    answer = await door.start(branches=[new_id()])
    assert (answer.status_code, answer.json()["code"]) == (404, "assignment_not_found")


async def test_a_check_in_another_branch_is_no_evidence_of_this_session(door: Door) -> None:
    other = await Spa(door.spa.app, door.spa.mint, door.spa.database).open()
    _, bar = await other.cleared_room()
    stranger = other.signed_in("rooms:operate", branches=[other.branch_id])
    body = {"therapist_id": str(door.therapist), "appointment_id": str(door.session), "result": "pass", "note": "seen"}
    assert (await stranger.post(f"/v1/bars/{bar}/pre-use-checks", json=body)).status_code == 201
    evidence = (await door.spa.http.get(f"/v1/assignments/{door.session}/evidence")).json()
    assert evidence["pre_use_checks"] == []


async def test_a_look_from_before_a_lockout_is_no_look_before_this_session(door: Door) -> None:
    """Checked, then locked out, repaired and inspected within the hour: it is looked at again before it is used."""
    spa = door.spa
    body = {"therapist_id": str(door.therapist), "appointment_id": str(door.session), "result": "pass"}
    assert (await spa.http.post(f"/v1/bars/{door.bar}/pre-use-checks", json=body)).status_code == 201
    assert (await spa.http.post(f"/v1/bars/{door.bar}/lockouts", json={"reason": "crack seen"})).status_code == 201
    await spa.repaired(door.bar)
    assert (await spa.inspect(door.bar)).status_code == 201
    again = spa.request(
        datetime.now(UTC) + timedelta(minutes=5), appointment_id=door.session, attempt=2, version=5, room_id=door.room
    )
    await spa.hear(again)
    door.peers.appointment["starts_at"] = again.starts_at.isoformat()
    assert (await door.refused("pre_use_check_required", checks=[]))["bar_ids"] == [str(door.bar)]
    assert (await door.start()).status_code == 200
