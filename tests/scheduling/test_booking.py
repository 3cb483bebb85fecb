"""Booking over HTTP: what our own rules refuse, and what the saga makes of the other services' answers."""

import asyncio
from uuid import UUID

import pytest

from shared.kit.ids import new_id
from tests.scheduling.builders import Chain, assigned, blocked, cleared, iso, tomorrow, unavailable


async def test_a_request_is_pending_until_both_have_said_yes(chain: Chain) -> None:
    place = await chain.place()
    asked = await chain.request(place, tomorrow(10))
    assert (asked["status"], asked["room_id"], asked["therapist_id"]) == ("pending", None, place.therapist_ids[0])
    await chain.hear(cleared(asked))
    assert (await chain.get(f"/v1/appointments/{asked['id']}"))["status"] == "pending"
    await chain.hear(assigned(asked, place.room_ids[0]))
    settled = await chain.get(f"/v1/appointments/{asked['id']}")
    assert (settled["status"], settled["room_id"], settled["version"]) == ("confirmed", place.room_ids[0], 2)
    assert await chain.announced(asked["id"]) == ["requested", "confirmed"]


async def test_a_room_assigned_directly_for_something_else_confirms_nothing(chain: Chain) -> None:
    place = await chain.place()
    asked = await chain.request(place, tomorrow(10))
    await chain.hear(cleared(asked))
    right = assigned(asked, place.room_ids[0])
    for other in (
        {"branch_id": new_id()},
        {"therapist_id": new_id()},
        {"starts_at": tomorrow(11)},
        {"treatment_id": new_id()},
    ):
        await chain.hear(right.model_copy(update=other))
        assert (await chain.get(f"/v1/appointments/{asked['id']}"))["status"] == "pending", other
    mine = assigned(asked, place.room_ids[0], version=2).model_copy(update={"treatment_id": UUID(place.treatment_id)})
    await chain.hear(mine)
    assert (await chain.get(f"/v1/appointments/{asked['id']}"))["status"] == "confirmed"


async def test_a_post_that_waits_is_answered_as_soon_as_the_saga_has_settled(chain: Chain) -> None:
    place = await chain.place()
    posting = asyncio.create_task(chain.http.post("/v1/appointments", json=place.wish(tomorrow(10))))
    asked = await pending_of(chain, place.branch_id)
    await chain.hear(cleared(asked), assigned(asked, place.room_ids[0]))
    answer = await asyncio.wait_for(posting, 2)
    body = answer.json()
    assert (answer.status_code, body["status"], body["room_id"]) == (201, "confirmed", place.room_ids[0])
    assert body == await chain.get(f"/v1/appointments/{body['id']}")


async def pending_of(chain: Chain, branch_id: str) -> dict[str, str]:
    """The first pending appointment of a branch, once it is committed."""
    async with asyncio.timeout(5):
        while True:
            found = (await chain.get("/v1/appointments", branch_id=branch_id, status="pending"))["items"]
            if found:
                first: dict[str, str] = found[0]
                return first
            await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    "code", ["screening_required", "screening_declined", "screening_deferred", "clearance_required"]
)
async def test_a_block_by_screening_rejects_at_once_without_alternatives(chain: Chain, code: str) -> None:
    place = await chain.place()
    posting = asyncio.create_task(chain.http.post("/v1/appointments", json=place.wish(tomorrow(10))))
    asked = await pending_of(chain, place.branch_id)
    await chain.hear(blocked(asked, code))
    problem = (await posting).json()
    assert (problem["status"], problem["code"], problem["appointment_id"]) == (409, code, asked["id"])
    assert problem["alternatives"] == []
    assert await live_rows(chain, asked["id"]) == 0


@pytest.mark.parametrize("code", ["no_room_available", "no_certified_room"])
async def test_a_refusal_for_rooms_rejects_with_other_slots(chain: Chain, code: str) -> None:
    place = await chain.place()
    posting = asyncio.create_task(chain.http.post("/v1/appointments", json=place.wish(tomorrow(10))))
    asked = await pending_of(chain, place.branch_id)
    await chain.hear(unavailable(asked, code))
    problem = (await posting).json()
    assert problem["code"] == code
    assert len(problem["alternatives"]) == 5
    assert await chain.announced(asked["id"]) == ["requested", "rejected"]
    assert await live_rows(chain, asked["id"]) == 0


async def live_rows(chain: Chain, id: str) -> int:
    [row] = await chain.sql("SELECT count(*) AS n FROM therapist_claims WHERE appointment_id = :id", id=UUID(id))
    return int(row.n)


async def test_a_named_room_that_is_not_certified_is_refused_with_the_gaps_reason_and_time(chain: Chain) -> None:
    place = await chain.place()
    at = tomorrow(10)
    asked = await chain.request(place, at, room_id=place.room_ids[0])
    await chain.hear(
        unavailable(asked, "room_not_certified", room_id=UUID(place.room_ids[0]), gap_reason="lapsed", gap_at=at)
    )
    settled = await chain.get(f"/v1/appointments/{asked['id']}")
    assert (settled["status"], settled["code"]) == ("rejected", "room_not_certified")
    again = await chain.http.post("/v1/appointments", json=place.wish(at), headers={"Prefer": "wait=0"})
    assert again.status_code == 202, "the refused one left its therapist free"


async def test_an_unnamed_therapist_whose_load_is_refused_is_replaced_by_the_next(chain: Chain) -> None:
    place = await chain.place(therapists=3)
    asked = await chain.request(place, tomorrow(10))
    tried = [asked["therapist_id"]]
    for attempt in (2, 3):
        await chain.hear(unavailable(asked, "load_rating_exceeded"))
        asked = await chain.get(f"/v1/appointments/{asked['id']}")
        assert (asked["status"], asked["attempt"]) == ("pending", attempt)
        tried.append(asked["therapist_id"])
    assert sorted(tried) == sorted(place.therapist_ids)
    await chain.hear(cleared(asked), assigned(asked, place.room_ids[0]))
    assert (await chain.get(f"/v1/appointments/{asked['id']}"))["status"] == "confirmed"
    assert await chain.announced(asked["id"]) == ["requested", "requested", "requested", "confirmed"]
    assert await live_rows(chain, asked["id"]) == 1


async def test_when_no_therapist_is_light_enough_the_refusal_stands(chain: Chain) -> None:
    place = await chain.place(therapists=2)
    asked = await chain.request(place, tomorrow(10))
    await chain.hear(unavailable(asked, "load_rating_exceeded"))
    asked = await chain.get(f"/v1/appointments/{asked['id']}")
    await chain.hear(unavailable(asked, "load_rating_exceeded"))
    settled = await chain.get(f"/v1/appointments/{asked['id']}")
    assert (settled["status"], settled["code"]) == ("rejected", "load_rating_exceeded")
    assert await live_rows(chain, asked["id"]) == 0


async def test_a_named_therapist_is_never_swapped_for_another(chain: Chain) -> None:
    place = await chain.place(therapists=2)
    asked = await chain.request(place, tomorrow(10), therapist_id=place.therapist_ids[0])
    await chain.hear(unavailable(asked, "load_profile_required"))
    settled = await chain.get(f"/v1/appointments/{asked['id']}")
    assert (settled["status"], settled["code"]) == ("rejected", "load_profile_required")


async def test_two_answers_of_one_appointment_in_one_batch_settle_it_once(chain: Chain) -> None:
    place = await chain.place()
    asked = await chain.request(place, tomorrow(10))
    answers = [assigned(asked, place.room_ids[0]), cleared(asked), cleared(asked), assigned(asked, place.room_ids[0])]
    await chain.hear(*answers)
    await chain.hear(*answers)
    history = (await chain.get(f"/v1/appointments/{asked['id']}/history"))["items"]
    assert [(entry["version"], entry["status"]) for entry in history] == [(1, "pending"), (2, "confirmed")]
    assert await chain.announced(asked["id"]) == ["requested", "confirmed"]


# --- our own rules ----------------------------------------------------------------------------------------------------


async def refused(chain: Chain, wish: dict[str, object]) -> dict[str, object]:
    """The 409 of a wish our own rules refuse; its record is rejected and holds nothing."""
    problem: dict[str, object] = await chain.post("/v1/appointments", wish, 409)
    stored = await chain.get(f"/v1/appointments/{problem['appointment_id']}")
    assert (stored["status"], stored["code"]) == ("rejected", problem["code"])
    assert await live_rows(chain, stored["id"]) == 0
    assert await chain.announced(stored["id"]) == ["rejected"]
    return problem


async def test_outside_opening_hours_is_refused_and_stored(chain: Chain) -> None:
    place = await chain.place(
        hours={day: [["10:00", "20:00"]] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}
    )
    problem = await refused(chain, place.wish(tomorrow(19, 30)))
    assert problem["code"] == "outside_opening_hours"
    alternatives = problem["alternatives"]
    assert isinstance(alternatives, list)
    assert alternatives[0]["starts_at"] == iso(tomorrow(19))
    assert alternatives[0]["therapist_ids"] == place.therapist_ids


async def test_a_closure_counts_as_closed(chain: Chain) -> None:
    place = await chain.place()
    closure = {"starts_at": iso(tomorrow(9)), "ends_at": iso(tomorrow(12)), "reason": "water damage"}
    await chain.post(f"/v1/branches/{place.branch_id}/closures", closure)
    assert (await refused(chain, place.wish(tomorrow(11, 30))))["code"] == "outside_opening_hours"
    await chain.request(place, tomorrow(12))


async def test_a_taken_therapist_is_slot_taken_when_named_and_unavailable_when_not(chain: Chain) -> None:
    place = await chain.place()
    await chain.request(place, tomorrow(10))
    named = await refused(chain, place.wish(tomorrow(10, 30), therapist_id=place.therapist_ids[0]))
    unnamed = await refused(chain, place.wish(tomorrow(10, 30)))
    assert (named["code"], unnamed["code"]) == ("slot_taken", "therapist_unavailable")
    await chain.request(place, tomorrow(11))  # half-open: the next begins when this one ends


async def test_a_therapist_off_shift_or_away_is_unavailable(chain: Chain) -> None:
    place = await chain.place()
    idle = await chain.therapist(place.branch_id, shift=False)
    assert (await refused(chain, place.wish(tomorrow(10), therapist_id=idle)))["code"] == "therapist_unavailable"
    away = {"starts_at": iso(tomorrow(10, 30)), "ends_at": iso(tomorrow(12))}
    await chain.post(f"/v1/therapists/{place.therapist_ids[0]}/time-off", away)
    wish = place.wish(tomorrow(10), therapist_id=place.therapist_ids[0])
    assert (await refused(chain, wish))["code"] == "therapist_unavailable"


async def test_a_certificate_must_reach_past_the_session(chain: Chain) -> None:
    place = await chain.place(therapists=0)
    until = tomorrow(0, days=3).date().isoformat()
    therapist = await chain.therapist(place.branch_id, until=until)
    await chain.request(place, tomorrow(23, days=3))
    named = await refused(chain, place.wish(tomorrow(1, days=4), therapist_id=therapist))
    unnamed = await refused(chain, place.wish(tomorrow(1, days=4)))
    assert (named["code"], unnamed["code"]) == ("therapist_not_certified", "therapist_not_certified")


async def test_a_therapists_time_is_chain_wide(chain: Chain) -> None:
    here, there = await chain.place(therapists=0), await chain.place(therapists=0)
    shared = await chain.therapist(here.branch_id, there.branch_id)
    await chain.request(here, tomorrow(10), therapist_id=shared)
    assert (await refused(chain, there.wish(tomorrow(10), therapist_id=shared)))["code"] == "slot_taken"


async def test_two_adjoining_shifts_carry_one_session(chain: Chain) -> None:
    place = await chain.place(therapists=0)
    therapist = await chain.therapist(place.branch_id, shift=False)
    for start, end in ((9, 13), (13, 17)):
        shift = {"branch_id": place.branch_id, "starts_at": iso(tomorrow(start)), "ends_at": iso(tomorrow(end))}
        await chain.post(f"/v1/therapists/{therapist}/shifts", shift)
    await chain.request(place, tomorrow(12, 30))
    assert (await refused(chain, place.wish(tomorrow(16, 30))))["code"] == "therapist_unavailable"


async def test_a_repeated_request_with_one_key_is_one_appointment_in_its_present_state(chain: Chain) -> None:
    place = await chain.place()
    headers = {"Idempotency-Key": f"key-{place.branch_id}", "Prefer": "wait=0"}
    first = await chain.http.post("/v1/appointments", json=place.wish(tomorrow(10)), headers=headers)
    await chain.hear(cleared(first.json()), assigned(first.json(), place.room_ids[0]))
    second = await chain.http.post("/v1/appointments", json=place.wish(tomorrow(10)), headers=headers)
    assert (first.status_code, second.status_code) == (202, 201)
    assert second.json()["id"] == first.json()["id"]
    assert second.headers["Idempotent-Replayed"] == "true"
    listed = (await chain.get("/v1/appointments", branch_id=place.branch_id))["items"]
    assert len(listed) == 1
