"""Bars that move together: exact outcomes for both rooms, in one transaction."""

from typing import Any
from uuid import UUID

from shared.kit.ids import new_id
from tests.room_equipment.spa import MANAGER, Spa, soon


async def frame(spa: Spa, room: UUID, *bars: UUID, name: str = "Oak frame") -> dict[str, Any]:
    body = {"room_id": str(room), "name": name, "bar_ids": [str(bar) for bar in bars]}
    answer = await spa.http.post("/v1/bar-sets", json=body)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def reasons(spa: Spa, room: UUID) -> list[str]:
    """Why the room is not cleared from now on; [] when it is to the end of 90 days."""
    now = soon(0, 1).isoformat()
    return [gap["reason"] for gap in (await spa.clearance(room, **{"from": now}))["gaps"]]


async def test_a_bar_set_moves_and_both_rooms_are_settled_at_once(spa: Spa) -> None:
    first, left = await spa.cleared_room(code="A")
    right = await spa.bar(first)
    await spa.installed(right)
    second, standing = await spa.cleared_room(code="B")
    third, _ = await spa.cleared_room(code="C")
    mine, yours = await spa.book(soon(1), room_id=first), await spa.book(soon(2), room_id=second)
    too_many = await spa.book(soon(1), room_id=second)
    massage = await spa.book(
        soon(3), room_id=first, treatment_id=spa.massage, requires_bar=False, screening_protocol=None
    )
    oak = await frame(spa, first, left, right)
    strap = {"room_id": str(first), "bar_id": str(left), "kind": "strap", "name": "Strap", "rated_load_kg": 200}
    hanging = (await spa.http.post("/v1/equipment", json=strap)).json()["id"]
    answer = await spa.http.post(f"/v1/bar-sets/{oak['id']}/move", json={"room_id": str(second)})
    body = answer.json()
    assert answer.status_code == 200, answer.text
    assert (body["room_id"], set(body["bar_ids"])) == (str(second), {str(left), str(right)})
    assert set(body["displaced"]) == {str(s) for s in (mine, yours, too_many)}
    moved = {m["appointment_id"]: m["room_id"] for m in body["moved"]}
    assert len(moved) == 2 and set(moved.values()) == {str(third)} and str(yours) in moved
    assert len(body["revoked"]) == 1 and body["revoked"][0] in (str(mine), str(too_many))
    assert (await spa.assignment(massage))["room_id"] == str(first)
    assert await reasons(spa, first) == ["no_bar"] and await reasons(spa, second) == ["never_inspected"]
    assert (await spa.http.get(f"/v1/rooms/{second}")).json()["bars_required"] == 3
    assert (await spa.http.get(f"/v1/equipment/{hanging}")).json()["room_id"] == str(second)
    for path in (f"bar-sets/{oak['id']}", f"bars/{left}", f"bars/{right}", f"equipment/{hanging}"):
        (line,) = (await spa.http.get(f"/v1/{path}/moves")).json()["items"]
        assert (line["from_room_id"], line["to_room_id"]) == (str(first), str(second)), path
    # A periodic inspection is not enough there, and one of two is not enough either.
    assert (await spa.inspect(left)).json()["code"] == "installation_required"
    await spa.installed(left)
    assert await reasons(spa, second) == ["never_inspected"]
    await spa.installed(right)
    assert await reasons(spa, second) == []
    assert (await spa.http.get(f"/v1/bars/{standing}")).json()["bar_set_id"] is None


async def test_a_bar_of_a_set_does_not_move_alone_and_leaves_it_when_removed(spa: Spa) -> None:
    room, bar = await spa.cleared_room()
    other = await spa.room()
    oak = await frame(spa, room, bar)
    alone = await spa.http.patch(f"/v1/bars/{bar}", json={"room_id": str(other)}, headers={"If-Match": "*"})
    assert (alone.status_code, alone.json()["code"]) == (409, "bar_is_in_a_set")
    gone = await spa.http.patch(f"/v1/bars/{bar}", json={"removed_on": "2026-01-01"}, headers={"If-Match": "*"})
    assert gone.status_code == 200 and gone.json()["bar_set_id"] is None
    moved = await spa.http.post(f"/v1/bar-sets/{oak['id']}/move", json={"room_id": str(other)})
    assert moved.status_code == 200 and moved.json()["bar_ids"] == []
    assert (await spa.http.get(f"/v1/bars/{bar}")).json()["room_id"] == str(room)


async def test_a_set_takes_bars_of_its_room_that_are_no_other_sets(spa: Spa) -> None:
    room, bar = await spa.cleared_room()
    _, elsewhere = await spa.cleared_room()
    oak = await frame(spa, room, bar)
    for bars, name, status, code in (
        ([elsewhere], "X", 422, "unknown_bar"),
        ([new_id()], "X", 422, "unknown_bar"),
        ([bar], "X", 422, "bar_is_in_a_set"),
        ([bar], "Oak frame", 409, "name_taken"),
    ):
        body = {"room_id": str(room), "name": name, "bar_ids": [str(b) for b in bars]}
        answer = await spa.http.post("/v1/bar-sets", json=body)
        assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    path = f"/v1/bar-sets/{oak['id']}"
    assert (await spa.http.patch(path, json={"name": "Pine"})).status_code == 428
    second = await spa.bar(room)
    change = {"name": "Pine", "bar_ids": [str(second)]}
    changed = await spa.http.patch(path, json=change, headers={"If-Match": '"1"'})
    assert (changed.json()["name"], changed.json()["bar_ids"], changed.json()["version"]) == ("Pine", [str(second)], 2)
    assert (await spa.http.patch(path, json=change, headers={"If-Match": '"1"'})).status_code == 412
    assert (await spa.http.get(f"/v1/bars/{bar}")).json()["bar_set_id"] is None
    assert [s["id"] for s in (await spa.http.get(f"/v1/bar-sets?room_id={room}")).json()["items"]] == [oak["id"]]
    stranger = spa.signed_in(*MANAGER, branches=[new_id()])
    assert (await stranger.get(path)).status_code == 404
    assert (await stranger.post(f"{path}/move", json={"room_id": str(room)})).status_code == 404


async def test_a_set_moves_to_another_branch_unless_a_serial_is_taken_there(spa: Spa) -> None:
    there = await Spa(spa.app, spa.mint, spa.database).open("America/New_York")
    room, bar = await spa.cleared_room()
    serial = (await spa.http.get(f"/v1/bars/{bar}")).json()["serial"]
    oak = await frame(spa, room, bar)
    target = await there.room()
    taken = await there.bar(target, serial=serial)
    path = f"/v1/bar-sets/{oak['id']}/move"
    refused = await spa.http.post(path, json={"room_id": str(target)})
    assert (refused.status_code, refused.json()["serials"]) == (409, [serial])
    await there.http.patch(f"/v1/bars/{taken}", json={"serial": "other"}, headers={"If-Match": "*"})
    moved = await spa.http.post(path, json={"room_id": str(target)})
    assert moved.status_code == 200 and moved.json()["branch_id"] == str(there.branch_id)
    assert (await spa.http.get(f"/v1/bars/{bar}")).json()["branch_id"] == str(there.branch_id)


async def test_a_bar_taken_out_of_service_closes_its_room_until_it_is_removed_or_put_back(spa: Spa) -> None:
    room, _ = await spa.cleared_room()
    second = await spa.bar(room)
    await spa.installed(second)
    session = await spa.book(soon(1), room_id=room)
    match = {"If-Match": "*"}
    out = await spa.http.patch(f"/v1/bars/{second}", json={"in_service": False}, headers=match)
    assert (out.json()["displaced"], out.json()["revoked"]) == ([str(session)], [str(session)])
    assert await reasons(spa, room) == ["out_of_service"]
    back = await spa.http.patch(f"/v1/bars/{second}", json={"in_service": True}, headers=match)
    assert back.status_code == 200 and "out_of_service" not in await reasons(spa, room)
    await spa.book(soon(1), room_id=room)
    await spa.http.patch(f"/v1/bars/{second}", json={"in_service": False}, headers=match)
    gone = await spa.http.patch(f"/v1/bars/{second}", json={"removed_on": "2026-01-01"}, headers=match)
    assert gone.status_code == 200 and await reasons(spa, room) == ["too_few_bars"]
    lower = await spa.http.patch(f"/v1/rooms/{room}", json={"bars_required": 1}, headers=match)
    assert lower.status_code == 200 and await reasons(spa, room) == []


async def test_a_second_bar_that_nobody_inspected_closes_a_cleared_room(spa: Spa) -> None:
    room, _ = await spa.cleared_room(code="A")
    other, _ = await spa.cleared_room(code="B")
    kept, stuck = await spa.book(soon(1), room_id=room), await spa.book(soon(2), room_id=room, room_flexible=False)
    body = {"room_id": str(room), "serial": f"N-{new_id().hex[-8:]}", "rated_load_kg": 300}
    answer = (await spa.http.post("/v1/bars", json=body)).json()
    assert set(answer["displaced"]) == {str(kept), str(stuck)} and answer["revoked"] == [str(stuck)]
    assert answer["moved"] == [{"appointment_id": str(kept), "room_id": str(other)}]
    assert await reasons(spa, room) == ["never_inspected"]
    await spa.installed(UUID(answer["id"]))
    assert "never_inspected" not in await reasons(spa, room)
