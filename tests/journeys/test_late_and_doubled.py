"""An answer that comes late, twice, out of order or for an older attempt changes nothing."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from shared.events.codes import Refusal
from shared.events.room_equipment import RoomAssigned, RoomReassigned, RoomRevoked, RoomUnavailable
from shared.events.scheduling import AppointmentConfirmed, AppointmentRejected
from shared.events.screening import AppointmentBlocked, AppointmentCleared
from tests.audit import settle
from tests.journeys.chain import Chain, Json, Spa, at
from tests.journeys.forging import about, forge, heard, repeat
from tests.journeys.mailbox import mails_to
from tests.journeys.system import Whole, until


def assigned(spa: Spa, booked: Json, *, attempt: int = 1, version: int = 1, room: int = 0) -> RoomAssigned:
    return RoomAssigned(
        appointment_id=UUID(booked["id"]), attempt=attempt, assignment_version=version,
        branch_id=UUID(spa.branch["id"]), room_id=UUID(spa.rooms[room]["id"]),
        therapist_id=UUID(spa.therapists[0]["id"]),
        starts_at=booked["starts_at"], ends_at=booked["ends_at"], blocked_until=at() + timedelta(hours=2),
    )  # fmt: skip


def revoked(spa: Spa, id: str, *, attempt: int = 1, version: int = 1) -> RoomRevoked:
    return RoomRevoked(
        appointment_id=UUID(id), attempt=attempt, assignment_version=version, branch_id=UUID(spa.branch["id"]),
        room_id=UUID(spa.rooms[0]["id"]), reason="forged",
    )  # fmt: skip


async def rejected(spa: Spa) -> Json:
    """Refused for want of a screening."""
    spa.client = await spa.chain.client(spa.branch, screened=None)
    answer = await spa.ask()
    assert answer.status_code == 409
    return await spa.look(answer.json()["appointment_id"])


async def test_yes_after_the_rejection_changes_nothing(chain: Chain, whole: Whole, forged: set[str]) -> None:
    spa = await chain.spa()
    was = await rejected(spa)
    late = AppointmentCleared(appointment_id=UUID(was["id"]), attempt=1, client_id=UUID(was["client_id"]))
    await heard(whole, "scheduling", await forge(whole, forged, late, assigned(spa, was, version=9)))
    assert await spa.look(was["id"]) == was
    assert (
        await whole.value("scheduling", "SELECT count(*) FROM therapist_claims WHERE appointment_id = $1", was["id"])
        == 0
    )


async def test_no_after_the_confirmation_changes_nothing(chain: Chain, whole: Whole, forged: set[str]) -> None:
    spa = await chain.spa()
    booked = await spa.book()
    events = (
        AppointmentBlocked(
            appointment_id=UUID(booked["id"]),
            attempt=1,
            client_id=UUID(booked["client_id"]),
            code=Refusal.SCREENING_DECLINED,
        ),
        RoomUnavailable(
            appointment_id=UUID(booked["id"]),
            attempt=1,
            branch_id=UUID(spa.branch["id"]),
            code=Refusal.NO_ROOM_AVAILABLE,
        ),
    )
    await heard(whole, "scheduling", await forge(whole, forged, *events))
    assert await spa.look(booked["id"]) == booked


async def test_an_answer_to_an_older_attempt_or_version_changes_nothing(
    chain: Chain, whole: Whole, forged: set[str]
) -> None:
    spa = await chain.spa(rooms=2)
    booked = await spa.book(room_id=spa.rooms[0]["id"])
    older = (
        assigned(spa, booked, attempt=0, version=7, room=1),
        assigned(spa, booked, version=1, room=1),
        revoked(spa, booked["id"]),
    )
    await heard(whole, "scheduling", await forge(whole, forged, *older))
    assert await spa.look(booked["id"]) == booked


async def test_every_event_of_a_booking_twice_has_one_effect(chain: Chain, whole: Whole) -> None:
    spa = await chain.spa()
    booked = await spa.book()
    await mails_to(whole, spa.client["email"])
    await settle(whole)
    history = await chain.desk.get("scheduling", f"/v1/appointments/{booked['id']}/history")
    before, once = await whole.row_counts(), await about(whole, booked["id"])
    assert len(once) >= 4
    await repeat(whole, [*once, *reversed(once)])
    await settle(whole)
    after = await whole.row_counts()
    assert {table for table in after if after[table] != before[table]} == set()
    assert {record.id for record in await about(whole, booked["id"])} == {record.id for record in once}
    assert await spa.look(booked["id"]) == booked
    assert await chain.desk.get("scheduling", f"/v1/appointments/{booked['id']}/history") == history
    assert len(await mails_to(whole, spa.client["email"])) == 1


async def test_a_rejection_of_something_never_asked_releases_nothing(
    chain: Chain, whole: Whole, forged: set[str]
) -> None:
    spa = await chain.spa()
    booked = await spa.book()
    never = AppointmentRejected(
        appointment_id=uuid4(), version=2, attempt=1, branch_id=UUID(spa.branch["id"]),
        client_id=UUID(spa.client["id"]), treatment_id=UUID(spa.treatment["id"]),
        therapist_id=UUID(spa.therapists[0]["id"]), room_id=UUID(booked["room_id"]),
        starts_at=booked["starts_at"], ends_at=booked["ends_at"], code=Refusal.SLOT_TAKEN,
    )  # fmt: skip
    ids = await forge(whole, forged, never)
    await heard(whole, "room_equipment", ids)
    found = await chain.desk.get("room_equipment", "/v1/assignments", branch_id=spa.branch["id"])
    assert [row["appointment_id"] for row in found["items"]] == [booked["id"]]


async def test_a_revoke_that_overtakes_its_assign_is_remembered(chain: Chain, whole: Whole, forged: set[str]) -> None:
    """Version 2 (revoked) comes while room-equipment's own version 1 (assigned) is still on its way."""
    spa = await chain.spa()
    async with whole.frozen("room_equipment"), whole.frozen("screening"):
        asked = await spa.ask(wait=0)
        assert asked.status_code == 202
        id = asked.json()["id"]
        await heard(whole, "scheduling", await forge(whole, forged, revoked(spa, id, version=2)))

    async def settled() -> Any:
        return (await spa.look(id))["status"] != "pending"

    await until(settled, "the saga ends")
    assert (await spa.look(id))["status"] == "needs_attention"
    # What was forged is put right, so that the auditor finds both sides agreeing.
    await chain.desk.post("scheduling", f"/v1/appointments/{id}/cancel")


async def test_a_confirmation_nobody_committed_sends_no_mail_for_an_unknown_appointment(
    chain: Chain, whole: Whole, forged: set[str]
) -> None:
    """Notification asks scheduling before it sends; scheduling knows of no such appointment."""
    spa = await chain.spa()
    claim = AppointmentConfirmed(
        appointment_id=uuid4(), version=2, attempt=1, branch_id=UUID(spa.branch["id"]),
        client_id=UUID(spa.client["id"]), treatment_id=UUID(spa.treatment["id"]),
        therapist_id=UUID(spa.therapists[0]["id"]),
        room_id=UUID(spa.rooms[0]["id"]), starts_at=at(), ends_at=at() + timedelta(hours=1), assignment_version=1,
    )  # fmt: skip
    await forge(whole, forged, claim)
    state = "SELECT state FROM messages WHERE appointment_id = $1 AND state NOT IN ('queued', 'sending')"
    assert await until(lambda: whole.value("notification", state, claim.appointment_id), "it was judged") == "dropped"


async def test_a_forged_move_of_a_version_already_seen_changes_nothing(
    chain: Chain, whole: Whole, forged: set[str]
) -> None:
    """A higher version would be believed by scheduling: keeping strangers off the topics is for broker ACLs."""
    spa = await chain.spa(rooms=2)
    booked = await spa.book(room_id=spa.rooms[0]["id"])
    move = RoomReassigned(
        appointment_id=UUID(booked["id"]), attempt=1, assignment_version=1, branch_id=UUID(spa.branch["id"]),
        room_id=UUID(spa.rooms[1]["id"]), previous_room_id=UUID(spa.rooms[0]["id"]), starts_at=booked["starts_at"],
        ends_at=booked["ends_at"], blocked_until=at() + timedelta(hours=2), reason="forged",
    )  # fmt: skip
    await heard(whole, "scheduling", await forge(whole, forged, move))
    assert (await spa.look(booked["id"]))["room_id"] == spa.rooms[0]["id"], "not a higher version: not applied"
