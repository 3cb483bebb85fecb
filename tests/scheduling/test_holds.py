"""A slot kept for some minutes: by the database's clock, in one place with the bookings."""

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import httpx
import pytest

from services.scheduling.handlers.clocks import sweep_holds
from services.scheduling.settings import settings
from shared.events.codes import Refusal
from shared.kit.database import Transaction
from tests.scheduling.builders import Chain, Place, assigned, cleared, iso, tomorrow, unavailable


def slot(place: Place, starts_at: datetime, **more: Any) -> dict[str, Any]:
    wish = place.wish(starts_at, **more)
    return {name: value for name, value in wish.items() if name != "client_id" or "client_id" in more}


async def held(chain: Chain, place: Place, starts_at: datetime, **more: Any) -> dict[str, Any]:
    found: dict[str, Any] = await chain.post("/v1/holds", slot(place, starts_at, **more))
    return found


async def let_expire(chain: Chain, hold: dict[str, Any]) -> None:
    """Its last minute is over."""

    async def end(tx: Transaction) -> None:
        for statement in (
            "UPDATE holds SET created_at = created_at - interval '1 hour',"
            " expires_at = clock_timestamp() - interval '1 millisecond' WHERE id = :id",
            "UPDATE therapist_claims SET expires_at = clock_timestamp() - interval '1 millisecond'"
            " WHERE appointment_id = :id",
        ):
            await tx.run(statement, {"id": UUID(hold["id"])})

    await chain.run(end)


async def confirm(chain: Chain, hold: dict[str, Any], **body: Any) -> httpx.Response:
    return await chain.http.post(f"/v1/holds/{hold['id']}/confirm", json=body, headers={"Prefer": "wait=0"})


async def claims(chain: Chain, place: Place) -> list[Any]:
    return await chain.sql(
        "SELECT * FROM therapist_claims WHERE therapist_id = :id", id=UUID(place.therapist_ids[0])
    )  # fmt: skip


async def test_a_hold_keeps_the_time_from_everybody_until_it_expires(chain: Chain) -> None:
    place = await chain.place()
    hold = await held(chain, place, tomorrow(10), minutes=5)
    left = datetime.fromisoformat(hold["expires_at"]) - datetime.now(UTC)
    assert timedelta(minutes=4, seconds=50) < left <= timedelta(minutes=5)
    assert (hold["state"], hold["therapist_id"]) == ("held", place.therapist_ids[0])
    for path, body in (("/v1/appointments", place.wish(tomorrow(10, 30))), ("/v1/holds", slot(place, tomorrow(9, 30)))):
        answer = await chain.http.post(path, json=body)
        assert (answer.status_code, answer.json()["code"]) == (409, "therapist_unavailable")
        assert answer.json()["alternatives"]


async def test_a_confirmed_hold_is_a_booking_with_its_id_and_its_own_claim(chain: Chain) -> None:
    place = await chain.place()
    hold = await held(chain, place, tomorrow(10))
    asked = (await confirm(chain, hold, client_id=place.client_id, notes="by the window")).json()
    assert (asked["id"], asked["status"], asked["notes"]) == (hold["id"], "pending", "by the window")
    [claim] = await claims(chain, place)
    assert (str(claim.appointment_id), claim.expires_at) == (hold["id"], None)
    await chain.hear(cleared(asked), assigned(asked, place.room_ids[0]))
    assert (await chain.get(f"/v1/appointments/{hold['id']}"))["status"] == "confirmed"
    assert (await chain.get(f"/v1/holds/{hold['id']}"))["state"] == "confirmed"
    again = await confirm(chain, hold, client_id=place.client_id)
    assert (again.status_code, again.json()["code"]) == (409, "hold_confirmed")
    gone = await chain.http.delete(f"/v1/holds/{hold['id']}")
    assert (gone.status_code, gone.json()["code"]) == (409, "hold_confirmed")


async def test_a_booking_may_name_the_hold_and_must_ask_for_what_is_held(chain: Chain) -> None:
    place = await chain.place()
    hold = await held(chain, place, tomorrow(10))
    wrong = await chain.http.post("/v1/appointments", json=place.wish(tomorrow(11), hold_id=hold["id"]))
    assert (wrong.status_code, wrong.json()["code"]) == (422, "hold_mismatch")
    assert wrong.json()["errors"][0]["pointer"] == "/starts_at"
    asked = await chain.request(place, tomorrow(10), hold_id=hold["id"])
    assert asked["id"] == hold["id"]


async def test_an_expired_hold_blocks_nobody_and_can_no_longer_be_confirmed(chain: Chain) -> None:
    """Nothing has swept it up: its row is still there."""
    place = await chain.place()
    for days, attempt in enumerate(("confirm", "book", "hold", "move"), start=1):
        day = tomorrow(10, days=days)
        hold = await held(chain, place, day)
        await let_expire(chain, hold)
        assert (await chain.get(f"/v1/holds/{hold['id']}"))["state"] == "expired"
        if attempt == "confirm":
            late = await confirm(chain, hold, client_id=place.client_id)
            assert (late.status_code, late.json()["code"]) == (409, "hold_expired")
            assert iso(day) in [offer["starts_at"] for offer in late.json()["alternatives"]]
        elif attempt == "book":
            await chain.request(place, day + timedelta(minutes=30))
        elif attempt == "hold":
            await held(chain, place, day)
        else:
            booked = await chain.confirmed(place, day + timedelta(hours=3))
            path = f"/v1/appointments/{booked['id']}/reschedule"
            await chain.post(path, {"starts_at": iso(day)}, 202, Prefer="wait=0")


async def test_a_released_hold_is_free_at_once_and_releasing_twice_is_no_error(chain: Chain) -> None:
    place = await chain.place()
    hold = await held(chain, place, tomorrow(10))
    for _ in range(2):
        assert (await chain.http.delete(f"/v1/holds/{hold['id']}")).status_code == 204
    assert await claims(chain, place) == []
    late = await confirm(chain, hold, client_id=place.client_id)
    assert (late.status_code, late.json()["code"]) == (409, "hold_expired")
    await chain.request(place, tomorrow(10))


async def test_a_hold_whose_day_was_closed_since_is_refused_when_confirmed_and_leaves_nothing(chain: Chain) -> None:
    place = await chain.place()
    hold = await held(chain, place, tomorrow(10))
    closed = {"starts_at": iso(tomorrow(0)), "ends_at": iso(tomorrow(23))}
    await chain.post(f"/v1/branches/{place.branch_id}/closures", closed)
    answer = await confirm(chain, hold, client_id=place.client_id)
    assert (answer.status_code, answer.json()["code"]) == (409, "outside_opening_hours")
    assert await claims(chain, place) == []


async def test_a_confirmed_hold_without_a_room_is_refused_like_any_booking(chain: Chain) -> None:
    place = await chain.place()
    hold = await held(chain, place, tomorrow(10), client_id=place.client_id)
    asked = (await confirm(chain, hold)).json()
    await chain.hear(cleared(asked), unavailable(asked, Refusal.NO_CERTIFIED_ROOM))
    assert (await chain.get(f"/v1/appointments/{hold['id']}"))["code"] == "no_certified_room"
    assert await claims(chain, place) == []


async def test_one_client_or_one_caller_cannot_hold_every_slot(chain: Chain, monkeypatch: pytest.MonkeyPatch) -> None:
    place = await chain.place()
    wishes = [slot(place, tomorrow(hour), client_id=place.client_id) for hour in range(10, 18)]
    answers = await asyncio.gather(*(chain.http.post("/v1/holds", json=wish) for wish in wishes))
    assert Counter(answer.status_code for answer in answers) == {201: settings().holds_per_client, 429: 5}
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert refused.json()["code"] == "too_many_holds" and 0 < int(refused.headers["Retry-After"]) <= 301
    few = settings().model_copy(update={"holds_per_api_client": 3})
    monkeypatch.setattr("services.scheduling.handlers.holds.settings", lambda: few)
    other = await chain.http.post("/v1/holds", json=slot(place, tomorrow(20)))
    assert (other.status_code, other.json()["code"]) == (429, "too_many_holds")


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"minutes": 16}, "/minutes"),
        ({"minutes": 0}, "/minutes"),
        ({"starts_at": "2020-01-15T10:00:00Z"}, "/starts_at"),
        ({"branch_id": "01900000-0000-7000-8000-00000000dead"}, "/branch_id"),
        ({"client_id": "01900000-0000-7000-8000-00000000dead"}, "/client_id"),
    ],
)
async def test_a_wrong_hold_is_told_where_it_is_wrong(chain: Chain, change: dict[str, Any], pointer: str) -> None:
    place = await chain.place()
    answer = await chain.http.post("/v1/holds", json=slot(place, tomorrow(10)) | change)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)
    assert await claims(chain, place) == []


async def test_a_hold_for_nobody_asks_for_whom_and_one_for_somebody_stays_theirs(chain: Chain) -> None:
    place = await chain.place()
    hold = await held(chain, place, tomorrow(10))
    answer = await confirm(chain, hold)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/client_id")
    theirs = await held(chain, place, tomorrow(12), client_id=place.client_id)
    other = await chain.client(place.branch_id)
    answer = await confirm(chain, theirs, client_id=other)
    assert (answer.status_code, answer.json()["code"]) == (422, "hold_mismatch")


async def test_an_erased_clients_holds_are_released(chain: Chain) -> None:
    place = await chain.place()
    hold = await held(chain, place, tomorrow(10), client_id=place.client_id)
    assert (await chain.http.delete(f"/v1/clients/{place.client_id}")).status_code in (202, 204)
    assert (await chain.get(f"/v1/holds/{hold['id']}"))["state"] == "released"
    assert await claims(chain, place) == []


async def end_soon(tx: Transaction, id: UUID) -> None:
    soon = "UPDATE therapist_claims SET expires_at = clock_timestamp() + interval '15 ms' WHERE appointment_id = :id"
    await tx.run(soon, {"id": id})


async def test_confirming_at_the_last_moment_races_those_who_want_the_slot_and_one_has_it(chain: Chain) -> None:
    place = await chain.place()
    for round in range(8):
        starts_at = tomorrow(10, days=2 + round)
        hold = await held(chain, place, starts_at)
        await chain.run(partial(end_soon, id=UUID(hold["id"])))
        wish, headers = place.wish(starts_at), {"Prefer": "wait=0"}
        answers = await asyncio.gather(
            confirm(chain, hold, client_id=place.client_id),
            *(chain.http.post("/v1/appointments", json=wish, headers=headers) for _ in range(12)),
        )
        counted = Counter(answer.status_code for answer in answers)
        assert counted[202] <= 1 and counted[202] + counted[409] == 13
        [live] = await chain.sql(
            "SELECT count(*) AS n FROM therapist_claims WHERE therapist_id = :id AND lower(during) = :at"
            " AND expires_at IS NULL",
            id=UUID(place.therapist_ids[0]), at=starts_at,
        )  # fmt: skip
        assert live.n == counted[202]


async def test_what_expired_is_swept_up_and_forgotten_after_a_day(chain: Chain) -> None:
    place = await chain.place()
    hold = await held(chain, place, tomorrow(10))
    await let_expire(chain, hold)
    await chain.run(sweep_holds)
    assert await claims(chain, place) == []
    assert (await chain.get(f"/v1/holds/{hold['id']}"))["state"] == "expired"
    old = "UPDATE holds SET created_at = created_at - interval '2 days', expires_at = expires_at - interval '25 hours'"
    await chain.run(lambda tx: tx.run(f"{old} WHERE id = :id", {"id": UUID(hold["id"])}))
    await chain.run(sweep_holds)
    assert (await chain.http.get(f"/v1/holds/{hold['id']}")).status_code == 404
