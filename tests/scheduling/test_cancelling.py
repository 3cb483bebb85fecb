"""What a cancellation costs, and under which policy: a flag, kept with the booking."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from services.scheduling.domain.cancelling import fixed, terms
from shared.events.room_equipment import RoomRevoked
from tests.scheduling.builders import Chain, Place, assigned, assignment, cleared, iso, tomorrow
from tests.scheduling.test_reschedule import asked_to_move

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
PRICE = {"amount": 8901, "currency": "EUR"}


def a_policy(**changed: Any) -> dict[str, Any]:
    return {"free_until_minutes": 60, "fee_percent": None, "fee_amount": None, "fee_currency": None} | changed


@pytest.mark.parametrize(
    ("policy", "price", "fee"),
    [
        (a_policy(fee_percent=50), PRICE, {"amount": 4451, "currency": "EUR"}),
        (a_policy(fee_percent=100), PRICE, PRICE),
        (a_policy(fee_percent=50), None, None),
        (a_policy(fee_percent=50), {"amount": 0, "currency": "EUR"}, None),
        (a_policy(fee_amount=1500, fee_currency="CHF"), PRICE, {"amount": 1500, "currency": "CHF"}),
        (a_policy(), PRICE, None),
    ],
)
def test_a_fee_is_an_amount_or_a_share_of_the_price_half_up(
    policy: dict[str, Any], price: dict[str, Any] | None, fee: dict[str, Any] | None
) -> None:
    assert fixed(policy, price, 0) == {"free_until_minutes": 60, "fee": fee}


@pytest.mark.parametrize(
    ("status", "now", "free"),
    [
        ("confirmed", NOON - timedelta(minutes=60), True),
        ("confirmed", NOON - timedelta(minutes=60) + timedelta(microseconds=1), False),
        ("checked_in", NOON, False),
        ("needs_attention", NOON, True),
        ("pending", NOON, True),
    ],
)
def test_it_is_late_after_the_last_free_moment_and_never_for_who_waits_for_us(
    status: str, now: datetime, free: bool
) -> None:
    assert terms(fixed(a_policy(), PRICE, 0), status, NOON, now).free is free


async def policy(chain: Chain, place: Place, **more: Any) -> dict[str, Any]:
    body = {"branch_id": place.branch_id, "free_until_minutes": 40_000, "fee": {"amount": 2000, "currency": "EUR"}}
    answer = await chain.http.put("/v1/cancellation-policies", json=body | more)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def cancelled(chain: Chain, booked: dict[str, Any], **body: Any) -> dict[str, Any]:
    found: dict[str, Any] = await chain.post(f"/v1/appointments/{booked['id']}/cancel", body, 200)
    return found


async def test_a_late_cancel_is_marked_with_the_fee_and_who_and_why(chain: Chain) -> None:
    place = await chain.place()
    await policy(chain, place)
    booked = await chain.confirmed(place, tomorrow(10))
    asked = booked["cancellation"]
    assert (asked["free_now"], asked["late_fee"]) == (False, {"amount": 2000, "currency": "EUR"})
    ended = await cancelled(chain, booked, code="illness")
    assert ended["cancelled"] == {
        "reason": "client", "code": "illness", "by": "tester", "late": True,
        "fee": {"amount": 2000, "currency": "EUR"},
    }  # fmt: skip
    assert ended["cancellation"] is None
    [said] = await chain.sql(
        "SELECT payload FROM outbox WHERE aggregateid = :id ORDER BY seq DESC LIMIT 1", id=booked["id"]
    )
    assert '"late":true' in str(said.payload)


async def test_what_the_branch_cancels_is_free(chain: Chain) -> None:
    place = await chain.place()
    await policy(chain, place)
    ended = await cancelled(chain, await chain.confirmed(place, tomorrow(10)), reason="branch", code="staff")
    assert (ended["cancelled"]["late"], ended["cancelled"]["fee"]) == (False, None)


async def test_who_lost_the_room_cancels_free(chain: Chain) -> None:
    place = await chain.place()
    await policy(chain, place)
    booked = await chain.confirmed(place, tomorrow(10))
    await chain.hear(RoomRevoked(**assignment(booked, place.room_ids[0], 2), reason="failed"))
    assert (await chain.get(f"/v1/appointments/{booked['id']}"))["cancellation"]["free_now"] is True
    assert (await cancelled(chain, booked))["cancelled"]["late"] is False


async def test_a_booking_keeps_the_policy_it_was_booked_under_even_when_it_moves(chain: Chain) -> None:
    place = await chain.place()
    await policy(chain, place, free_until_minutes=60, fee_percent=50, fee=None)
    booked = await chain.confirmed(place, tomorrow(10))
    kept = await policy(chain, place)
    assert kept["version"] == 2
    assert (await chain.get(f"/v1/appointments/{booked['id']}"))["cancellation"]["free_now"] is True
    asked = await asked_to_move(chain, booked, starts_at=iso(tomorrow(12)))
    await chain.hear(cleared(asked), assigned(asked, place.room_ids[0], 2))
    moved = (await chain.get(f"/v1/appointments/{booked['id']}"))["cancellation"]
    assert moved["free_until"] == iso(tomorrow(11))


async def test_while_a_new_slot_is_asked_for_the_old_one_says_what_it_costs(chain: Chain) -> None:
    place = await chain.place()
    await policy(chain, place, free_until_minutes=3 * 1440)
    booked = await chain.confirmed(place, tomorrow(10, days=2))
    await asked_to_move(chain, booked, starts_at=iso(tomorrow(10, days=20)))
    assert (await cancelled(chain, booked))["cancelled"]["late"] is True


async def test_the_most_exact_policy_counts(chain: Chain) -> None:
    place = await chain.place()
    of_branch = await policy(chain, place, free_until_minutes=100)
    await policy(chain, place, branch_id=None, treatment_id=place.treatment_id, free_until_minutes=200)
    exact = await policy(chain, place, treatment_id=place.treatment_id, free_until_minutes=300)
    for expected, remove in ((300, exact), (100, of_branch), (200, None)):
        booked = await chain.confirmed(place, tomorrow(10, days=expected // 50))
        free_until = datetime.fromisoformat(booked["cancellation"]["free_until"])
        assert datetime.fromisoformat(booked["starts_at"]) - free_until == timedelta(minutes=expected)
        if remove:
            assert (await chain.http.delete(f"/v1/cancellation-policies/{remove['id']}")).status_code == 204
    listed = (await chain.get("/v1/cancellation-policies"))["items"]
    assert [item["branch_id"] for item in listed if item["treatment_id"] == place.treatment_id] == [None]


async def test_a_policy_with_two_fees_or_for_nowhere_is_refused(chain: Chain) -> None:
    place = await chain.place()
    good = {"branch_id": place.branch_id, "free_until_minutes": 60}
    for change, pointer in (
        ({"fee_percent": 5, "fee": PRICE}, ""),
        ({"branch_id": place.treatment_id}, "/branch_id"),
        ({"treatment_id": place.branch_id}, "/treatment_id"),
        ({"free_until_minutes": -1}, "/free_until_minutes"),
    ):
        answer = await chain.http.put("/v1/cancellation-policies", json=good | change)
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)


async def test_who_walks_in_starts_this_minute_and_goes_the_way_of_all(chain: Chain) -> None:
    place = await chain.place()
    wish = {name: value for name, value in place.wish(tomorrow(10)).items() if name != "starts_at"}
    before = datetime.now(UTC).replace(second=0, microsecond=0)
    asked = await chain.post("/v1/appointments", wish | {"walk_in": True}, 202, Prefer="wait=0")
    starts_at = datetime.fromisoformat(asked["starts_at"])
    assert before <= starts_at <= datetime.now(UTC) and starts_at.second == 0
    assert asked["walk_in"] is True
    await chain.hear(cleared(asked), assigned(asked, place.room_ids[0]))
    assert await chain.announced(asked["id"]) == ["requested", "confirmed"]
    both = await chain.http.post("/v1/appointments", json=place.wish(tomorrow(10), walk_in=True))
    assert both.status_code == 422
    second = await chain.http.post("/v1/appointments", json=wish | {"walk_in": True})
    assert (second.status_code, second.json()["code"]) == (409, "therapist_unavailable")
    assert UUID(second.json()["appointment_id"])
