"""What reception does: cancel, check in, no-show."""

from datetime import timedelta
from uuid import UUID

import pytest

from tests.scheduling.builders import Chain, assigned, cleared, tomorrow


async def test_a_cancelled_session_frees_its_therapist_and_tells_room_equipment(chain: Chain) -> None:
    place = await chain.place()
    booked = await chain.confirmed(place, tomorrow(10))
    ended = await chain.post(f"/v1/appointments/{booked['id']}/cancel", {"reason": "branch"}, 200)
    assert (ended["status"], ended["cancel_reason"], ended["room_id"]) == ("cancelled", "branch", None)
    assert await chain.announced(booked["id"]) == ["requested", "confirmed", "cancelled"]
    await chain.request(place, tomorrow(10))


async def test_a_pending_request_can_be_cancelled_and_late_answers_change_nothing(chain: Chain) -> None:
    place = await chain.place()
    asked = await chain.request(place, tomorrow(10))
    answer = await chain.http.post(f"/v1/appointments/{asked['id']}/cancel")
    assert answer.json()["status"] == "cancelled"
    await chain.hear(cleared(asked), assigned(asked, place.room_ids[0]))
    assert (await chain.get(f"/v1/appointments/{asked['id']}"))["status"] == "cancelled"
    assert await chain.announced(asked["id"]) == ["requested", "cancelled"]


@pytest.mark.parametrize("action", ["cancel", "check-in", "no-show"])
async def test_a_verb_the_status_does_not_allow_is_refused(chain: Chain, action: str) -> None:
    booked = await chain.confirmed(await chain.place(), tomorrow(10))
    await chain.post(f"/v1/appointments/{booked['id']}/cancel", {}, 200)
    answer = await chain.http.post(f"/v1/appointments/{booked['id']}/{action}")
    assert (answer.status_code, answer.json()["code"]) == (409, "wrong_status")


async def test_an_action_from_an_old_version_is_refused(chain: Chain) -> None:
    booked = await chain.confirmed(await chain.place(), tomorrow(10))
    path = f"/v1/appointments/{booked['id']}/check-in"
    assert (await chain.http.post(path, headers={"If-Match": '"1"'})).status_code == 412
    assert (await chain.http.post(path, headers={"If-Match": f'"{booked["version"]}"'})).status_code == 200


async def test_nobody_is_a_no_show_before_the_start(chain: Chain) -> None:
    place = await chain.place()
    booked = await chain.confirmed(place, tomorrow(10))
    path = f"/v1/appointments/{booked['id']}/no-show"
    answer = await chain.http.post(path)
    assert (answer.status_code, answer.json()["code"]) == (409, "too_early")
    async with chain.database.transaction() as tx:
        await tx.run(
            "UPDATE appointments SET starts_at = clock_timestamp() - CAST(:ago AS interval) WHERE id = :id",
            {"id": UUID(booked["id"]), "ago": timedelta(minutes=10)},
        )
    assert (await chain.http.post(path)).json()["status"] == "no_show"
    assert (await chain.announced(booked["id"]))[-1] == "no-show"
    await chain.request(place, tomorrow(10))


async def test_the_history_names_who_did_what(chain: Chain) -> None:
    booked = await chain.confirmed(await chain.place(), tomorrow(10))
    await chain.post(f"/v1/appointments/{booked['id']}/check-in", {}, 200)
    items = (await chain.get(f"/v1/appointments/{booked['id']}/history"))["items"]
    assert [(item["status"], item["actor"]) for item in items] == [
        ("pending", "tester"), ("confirmed", "saga"), ("checked_in", "tester"),
    ]  # fmt: skip
