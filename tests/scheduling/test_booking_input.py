"""What a booking names: unknown ids, other branches, bad times; and the list of bookings."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest

from shared.kit.ids import new_id
from tests.scheduling.builders import Chain, iso, tomorrow


@pytest.mark.parametrize(
    ("field", "code"),
    [
        ("branch_id", "unknown_branch"), ("treatment_id", "unknown_treatment"), ("client_id", "unknown_client"),
        ("therapist_id", "unknown_therapist"),
    ],
)  # fmt: skip
async def test_an_unknown_id_is_422_with_its_pointer_and_stores_nothing(chain: Chain, field: str, code: str) -> None:
    place = await chain.place()
    unknown = "0198c0de-0000-7000-8000-000000000000"
    problem = await chain.post("/v1/appointments", place.wish(tomorrow(10), **{field: unknown}), 422)
    assert (problem["code"], problem["errors"][0]["pointer"]) == (code, f"/{field}")
    assert (await chain.get("/v1/appointments", branch_id=place.branch_id))["items"] == []


async def test_a_room_not_heard_of_yet_is_waited_for(chain: Chain) -> None:
    place = await chain.place(rooms=0)
    from shared.events.room_equipment import RoomRegistered

    room = new_id()
    wish = place.wish(tomorrow(10), room_id=str(room))
    posting = asyncio.create_task(chain.http.post("/v1/appointments", json=wish, headers={"Prefer": "wait=0"}))
    await asyncio.sleep(0.05)
    await chain.hear(
        RoomRegistered(room_id=room, version=1, branch_id=UUID(place.branch_id), code="R1", turnover_minutes=15)
    )
    assert (await posting).status_code == 202
    problem = await chain.post("/v1/appointments", place.wish(tomorrow(12), room_id=str(new_id())), 422)
    assert (problem["code"], problem["errors"][0]["pointer"]) == ("unknown_room", "/room_id")


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"starts_at": "2030-01-01T10:00:00"}, "/starts_at"),
        ({"starts_at": "2001-01-01T10:00:00Z"}, "/starts_at"),
        ({"starts_at": None}, ""),
        ({"starts_at_local": "2030-01-01T10:00:00"}, ""),
        ({"client_id": None}, "/client_id"),
        ({"colour": "blue"}, "/colour"),
        ({"notes": "x" * 5000}, "/notes"),
    ],
)
async def test_bad_input_is_422_with_its_pointer(chain: Chain, change: dict[str, object], pointer: str) -> None:
    place = await chain.place()
    problem = await chain.post("/v1/appointments", place.wish(tomorrow(10)) | change, 422)
    assert problem["errors"][0]["pointer"] == pointer


async def test_what_lies_in_another_branch_does_not_exist(chain: Chain) -> None:
    place, other = await chain.place(), await chain.place()
    booked = await chain.confirmed(place, tomorrow(10))
    stranger = chain.mint.bearer("scheduling:read", "scheduling:write", branches=[other.branch_id])
    for path in (
        f"/v1/appointments/{booked['id']}", f"/v1/appointments/{booked['id']}/history",
        f"/v1/branches/{place.branch_id}", f"/v1/clients/{place.client_id}",
        f"/v1/therapists/{place.therapist_ids[0]}", f"/v1/therapists/{place.therapist_ids[0]}/shifts",
    ):  # fmt: skip
        assert (await chain.http.get(path, headers=stranger)).status_code == 404
    for path in ("/v1/appointments", "/v1/branches", "/v1/clients", "/v1/therapists", "/v1/attention"):
        seen = (await chain.http.get(path, headers=stranger)).json()["items"]
        assert all(place.branch_id not in str(item) for item in seen)
    for action in ("cancel", "check-in", "no-show"):
        answer = await chain.http.post(f"/v1/appointments/{booked['id']}/{action}", headers=stranger)
        assert answer.status_code == 404
    wish = place.wish(tomorrow(12))
    assert (await chain.http.post("/v1/appointments", json=wish, headers=stranger)).json()["code"] == "unknown_branch"


async def test_a_list_is_paged_by_start_and_filtered(chain: Chain) -> None:
    place = await chain.place(therapists=2)
    asked = [await chain.request(place, tomorrow(10) + timedelta(hours=n)) for n in range(5)]
    first = await chain.get("/v1/appointments", branch_id=place.branch_id, limit=3)
    second = await chain.get("/v1/appointments", branch_id=place.branch_id, limit=3, cursor=first["next_cursor"])
    assert [item["id"] for item in first["items"] + second["items"]] == [item["id"] for item in asked]
    assert second["next_cursor"] is None
    between: dict[str, str] = {"from": iso(tomorrow(11)), "to": iso(tomorrow(13))}
    some = await chain.get("/v1/appointments", branch_id=place.branch_id, **between)
    assert [item["id"] for item in some["items"]] == [item["id"] for item in asked[1:3]]
