"""What room-equipment says of a session that needs a person now: nobody finished it, or its therapist stood down."""

from uuid import UUID

from shared.events.room_equipment import SessionFinished, SessionOverran, TherapistStoodDown
from shared.kit.ids import new_id
from tests.scheduling.builders import Chain, assignment, tomorrow
from tests.scheduling.test_displacement import now, started


async def test_a_session_that_overran_is_put_to_a_person_until_it_is_finished(chain: Chain) -> None:
    place = await chain.place()
    booked = await chain.confirmed(place, tomorrow(10))
    said = assignment(booked, place.room_ids[0], 2)
    overran = SessionOverran(
        **said, therapist_id=UUID(place.therapist_ids[0]), blocked_until=tomorrow(11, 15), overran_at=tomorrow(11, 15)
    )
    await chain.hear(started(booked, tomorrow(10)), overran)
    items = (await chain.get("/v1/attention", branch_id=place.branch_id, kind="overran"))["items"]
    assert [item["appointment_id"] for item in items] == [booked["id"]]
    said["assignment_version"] = 4
    await chain.hear(SessionFinished(**said, result="completed", finished_at=tomorrow(11, 30)))
    assert (await chain.get("/v1/attention", branch_id=place.branch_id))["items"] == []


async def test_a_session_whose_therapist_stood_down_is_put_to_a_person_until_another_starts_it(chain: Chain) -> None:
    place = await chain.place()
    booked = await chain.confirmed(place, tomorrow(10))
    said = assignment(booked, place.room_ids[0], 1)
    stood_down = TherapistStoodDown(**said, therapist_id=UUID(booked["therapist_id"]), stated_at=tomorrow(10))
    await chain.hear(stood_down.model_copy(update={"therapist_id": new_id()}))  # no longer hers to start
    assert (await chain.get("/v1/attention", branch_id=place.branch_id))["items"] == []
    await chain.hear(stood_down)
    await chain.hear(stood_down)
    items = (await chain.get("/v1/attention", branch_id=place.branch_id))["items"]
    assert [(item["kind"], item["reason"]) for item in items] == [("therapist_needed", "not_fit_to_perform")]
    assert (await now(chain, booked))["status"] == "confirmed"
    await chain.hear(started(booked, tomorrow(10)))
    assert (await chain.get("/v1/attention", branch_id=place.branch_id))["items"] == []
