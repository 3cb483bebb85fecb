"""Offers: who is asked for what has become free, and what becomes of their answer."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.events.codes import Refusal
from shared.kit.testing import TokenMint
from tests.scheduling.builders import Chain, assigned, cleared, tomorrow, unavailable
from tests.scheduling.test_holds import held as hold
from tests.scheduling.waiting import (
    answer,
    cancel,
    entry,
    join,
    let_lapse,
    move,
    offer,
    only_slot,
    states,
    window,
)


async def test_a_cancelled_hour_is_offered_to_the_first_in_line_and_booked_with_the_offers_id(chain: Chain) -> None:
    place, booked = await only_slot(chain)
    first, second = [await join(chain, place) for _ in range(2)]
    await move(chain)
    assert await states(chain, first, second) == ["waiting", "waiting"]
    await cancel(chain, booked)
    await move(chain)
    assert await states(chain, first, second) == ["offered", "waiting"]
    asked = await offer(chain, first)
    assert (asked["state"], asked["starts_at"], asked["therapist_id"]) == (
        "open", booked["starts_at"], place.therapist_ids[0],
    )  # fmt: skip
    refused = await chain.http.post("/v1/appointments", json=place.wish(tomorrow(10)))
    assert refused.json()["code"] == "therapist_unavailable"  # it is held, as any hold holds
    [listed] = (await chain.get("/v1/holds", branch_id=place.branch_id))["items"]
    assert (listed["id"], listed["client_id"]) == (asked["id"], first["client_id"])
    said = (await answer(chain, asked, "accept")).json()
    assert (said["id"], said["status"], said["client_id"]) == (asked["id"], "pending", first["client_id"])
    await chain.hear(cleared(said), assigned(said, place.room_ids[0]))
    await move(chain)
    assert await states(chain, first, second) == ["booked", "waiting"]
    assert (await chain.get(f"/v1/waitlist/offers/{asked['id']}"))["state"] == "booked"
    assert (await chain.get(f"/v1/appointments/{asked['id']}"))["status"] == "confirmed"
    again = await answer(chain, asked, "accept")
    assert (again.status_code, again.json()["code"]) == (409, "offer_ended")


async def test_a_no_and_silence_go_to_the_next_at_once_and_with_nobody_left_it_is_free(chain: Chain) -> None:
    place, booked = await only_slot(chain)
    first, second, third = [await join(chain, place) for _ in range(3)]
    await cancel(chain, booked)
    await move(chain)
    declined = await answer(chain, await offer(chain, first), "decline")
    assert (declined.status_code, declined.json()["state"]) == (200, "declined")
    assert await states(chain, first, second, third) == ["waiting", "offered", "waiting"]  # no clock had to turn
    lapsed = await offer(chain, second)
    await let_lapse(chain, lapsed)
    assert (await chain.get(f"/v1/waitlist/offers/{lapsed['id']}"))["state"] == "lapsed"
    late = await answer(chain, lapsed, "accept")
    assert (late.status_code, late.json()["current_status"]) == (409, "lapsed")
    taken = await chain.http.post("/v1/appointments", json=place.wish(tomorrow(10)))
    assert taken.json()["code"] == "therapist_unavailable"  # not anybody's before the next in line was asked
    await move(chain)
    assert await states(chain, first, second, third) == ["waiting", "waiting", "offered"]
    assert (await entry(chain, second))["missed"] == 1
    last = await offer(chain, third)
    assert (await answer(chain, last, "decline")).status_code == 200
    assert (await answer(chain, last, "decline")).status_code == 200
    await move(chain)
    assert await states(chain, first, second, third) == ["waiting"] * 3
    assert [each["position"] for each in [await entry(chain, one) for one in (first, second, third)]] == [1, 2, 3]
    await chain.request(place, tomorrow(10))


async def test_who_leaves_the_line_hands_the_offer_on(chain: Chain) -> None:
    place, booked = await only_slot(chain)
    first, second = [await join(chain, place) for _ in range(2)]
    await cancel(chain, booked)
    await move(chain)
    for _ in range(2):
        assert (await chain.http.delete(f"/v1/waitlist/{first['id']}")).status_code == 204
    assert await states(chain, first, second) == ["withdrawn", "offered"]


@pytest.mark.parametrize("code", [Refusal.NO_ROOM_AVAILABLE, Refusal.SCREENING_REQUIRED])
async def test_a_refused_booking_gives_the_place_back_and_the_next_is_asked(chain: Chain, code: Refusal) -> None:
    place, booked = await only_slot(chain)
    first, second = [await join(chain, place) for _ in range(2)]
    await cancel(chain, booked)
    await move(chain)
    said = (await answer(chain, await offer(chain, first), "accept")).json()
    await chain.hear(cleared(said), unavailable(said, code))
    await move(chain)
    assert await states(chain, first, second) == ["waiting", "offered"]
    now = await entry(chain, first)
    assert now["position"] == 1
    assert now["passed_over_for"] == (code.value if code is Refusal.SCREENING_REQUIRED else None)


async def test_a_hold_of_an_offer_confirmed_or_released_as_a_hold_is_its_answer(chain: Chain) -> None:
    place, booked = await only_slot(chain)
    first, second = [await join(chain, place) for _ in range(2)]
    await cancel(chain, booked)
    await move(chain)
    asked = await offer(chain, first)
    assert (await chain.http.delete(f"/v1/holds/{asked['id']}")).status_code == 204
    await move(chain)
    assert await states(chain, first, second) == ["waiting", "offered"]
    asked = await offer(chain, second)
    said = await chain.post(f"/v1/holds/{asked['id']}/confirm", {}, 202, Prefer="wait=0")
    await chain.hear(cleared(said), assigned(said, place.room_ids[0]))
    await move(chain)
    assert await states(chain, first, second) == ["waiting", "booked"]


async def test_an_offer_gets_shorter_as_its_slot_comes_near_and_none_is_made_past_the_lead(chain: Chain) -> None:
    place = await chain.place(bar=False)
    far = await join(chain, place, window(20))
    await move(chain)
    assert left(await offer(chain, far)) == pytest.approx(120, abs=1)
    soon = await chain.place(bar=False)
    near = await join(chain, soon, window(0, 1))
    await move(chain)
    asked = await offer(chain, near)
    starts_in = (datetime.fromisoformat(asked["starts_at"]) - datetime.now(UTC)) / timedelta(minutes=1)
    assert 70 <= starts_in < 70 + 16  # the first of the grid that leaves ten minutes before the hour's lead
    assert left(asked) == pytest.approx(10, abs=1)


def left(asked: dict[str, Any]) -> float:
    return (datetime.fromisoformat(asked["expires_at"]) - datetime.now(UTC)) / timedelta(minutes=1)


async def test_whoever_cannot_or_would_not_is_passed_over_and_keeps_the_place(chain: Chain) -> None:
    """Other days, hours, therapists, a session of their own at that time: the next who fits is asked."""
    place, booked = await only_slot(chain, hour=10)
    weekday = tomorrow().strftime("%a").lower()
    others = [d for d in ("mon", "tue", "wed", "thu", "fri", "sat", "sun") if d != weekday]
    elsewhere = await chain.place(bar=False)
    busy = await chain.client(place.branch_id, elsewhere.branch_id)
    await chain.request(elsewhere, tomorrow(10, 30), client_id=busy)
    colleague = await chain.therapist(place.branch_id, shift=False)
    passed = [
        await join(chain, place, window(1, 3, weekdays=others)),
        await join(chain, place, window(time_from="10:15")),
        await join(chain, place, window(time_to="10:00")),
        await join(chain, place, window(2, 5)),
        await join(chain, place, therapist_id=colleague),
        await join(chain, place, client=busy),
    ]
    fits = await join(chain, place, window(weekdays=[weekday], time_from="10:00", time_to="10:15"))
    await cancel(chain, booked)
    await move(chain)
    assert await states(chain, *passed, fits) == ["waiting"] * 6 + ["offered"]


async def test_one_room_is_offered_to_one_at_a_time_however_many_therapists_are_free(chain: Chain) -> None:
    place = await chain.place(therapists=3, rooms=1, bar=False)
    entries = [await join(chain, place, window(5, time_from="10:00", time_to="10:15")) for _ in range(3)]
    await move(chain)
    assert await states(chain, *entries) == ["offered", "waiting", "waiting"]
    await chain.room(place.branch_id)
    await move(chain)
    assert await states(chain, *entries) == ["offered", "offered", "waiting"]


async def test_holds_are_listed_as_they_stand_by_branch_and_page(chain: Chain) -> None:
    place, other = await chain.place(bar=False), await chain.place(bar=False)
    made = [await hold(chain, place, tomorrow(hour)) for hour in (8, 10, 12)]
    await hold(chain, other, tomorrow(8))
    await chain.http.delete(f"/v1/holds/{made[0]['id']}")
    first = await chain.get("/v1/holds", branch_id=place.branch_id, limit=1)
    rest = await chain.get("/v1/holds", branch_id=place.branch_id, limit=1, cursor=first["next_cursor"])
    assert [each["id"] for page in (first, rest) for each in page["items"]] == [each["id"] for each in made[1:]]
    assert rest["next_cursor"] is None
    [gone] = (await chain.get("/v1/holds", branch_id=place.branch_id, state="released"))["items"]
    assert gone["id"] == made[0]["id"]
    headers = chain.mint.bearer("scheduling:read", branches=[other.branch_id])
    seen = (await chain.http.get("/v1/holds", headers=headers)).json()["items"]
    assert {each["branch_id"] for each in seen} == {other.branch_id}


async def test_an_offer_of_another_branch_is_not_there(chain: Chain, mint: TokenMint) -> None:
    place, booked = await only_slot(chain)
    waits = await join(chain, place)
    await cancel(chain, booked)
    await move(chain)
    asked = await offer(chain, waits)
    headers = mint.bearer("scheduling:read", "scheduling:write", branches=[await chain.branch()])
    path = f"/v1/waitlist/offers/{asked['id']}"
    assert (await chain.http.get(path, headers=headers)).status_code == 404
    for verb in ("accept", "decline"):
        assert (await chain.http.post(f"{path}/{verb}", headers=headers)).status_code == 404
    assert (await chain.http.get("/v1/waitlist/offers", headers=headers)).json()["items"] == []
    listed = await chain.get("/v1/waitlist/offers", branch_id=place.branch_id, state="open")
    assert [each["id"] for each in listed["items"]] == [asked["id"]]
