"""Rooms, bars and equipment over HTTP: shapes, versions, scopes and branches."""

from typing import Any
from uuid import UUID

import pytest

from shared.kit.ids import new_id
from tests.room_equipment.spa import MANAGER, Spa, soon


async def test_a_room_is_registered_announced_and_read_back(spa: Spa) -> None:
    body = {"branch_id": str(spa.branch_id), "code": "R1", "name": "Lotus"}
    answer = await spa.http.post("/v1/rooms", json=body)
    assert answer.status_code == 201
    room = answer.json()
    assert (room["turnover_minutes"], room["bars_required"], room["version"]) == (15, 1, 1)
    shown = await spa.http.get(answer.headers["location"])
    assert shown.json() == room and shown.headers["etag"] == answer.headers["etag"]
    told = await spa.announced(key=UUID(room["id"]))
    assert [event["type"].split(".")[3] for event in told] == ["registered", "clearance-changed"]
    assert told[1]["periods"] == [] and told[1]["version"] == 1
    again = await spa.http.post("/v1/rooms", json=body)
    assert (again.status_code, again.json()["code"]) == (409, "room_code_taken")


async def test_a_room_of_an_unknown_branch_is_refused_after_a_short_wait(spa: Spa) -> None:
    answer = await spa.http.post("/v1/rooms", json={"branch_id": str(new_id()), "code": "R1"})
    assert answer.status_code == 422
    assert answer.json()["code"] == "unknown_branch"
    assert answer.json()["errors"][0]["pointer"] == "/branch_id"


async def test_updates_need_the_version_they_were_made_from(spa: Spa) -> None:
    room, bar = await spa.cleared_room()
    for path, change in ((f"/v1/rooms/{room}", {"name": "X"}), (f"/v1/bars/{bar}", {"material": "steel"})):
        assert (await spa.http.patch(path, json=change)).status_code == 428
        assert (await spa.http.patch(path, json=change, headers={"If-Match": '"99"'})).status_code == 412
        tag = (await spa.http.get(path)).headers["etag"]
        changed = await spa.http.patch(path, json=change, headers={"If-Match": tag})
        assert changed.status_code == 200 and changed.json()["displaced"] == []
        assert (await spa.http.patch(path, json=change, headers={"If-Match": tag})).status_code == 412
    assert (await spa.clearance(room))["periods"]


async def test_what_a_thing_must_have_cannot_be_removed(spa: Spa) -> None:
    room, _ = await spa.cleared_room()
    answer = await spa.http.patch(f"/v1/rooms/{room}", json={"name": None}, headers={"If-Match": "*"})
    assert answer.status_code == 422 and answer.json()["errors"][0]["pointer"] == "/name"


async def test_a_serial_is_one_bar_of_the_branch(spa: Spa) -> None:
    room = await spa.room()
    await spa.bar(room, serial="S-1")
    other = await spa.bar(room, serial="S-2")
    again = await spa.http.post("/v1/bars", json={"room_id": str(room), "serial": "S-1", "rated_load_kg": 300})
    assert (again.status_code, again.json()["code"]) == (409, "serial_taken")
    renamed = await spa.http.patch(f"/v1/bars/{other}", json={"serial": "S-1"}, headers={"If-Match": "*"})
    assert (renamed.status_code, renamed.json()["code"]) == (409, "serial_taken")


@pytest.mark.parametrize(
    ("change", "scope"),
    [
        ({"material": "steel"}, "rooms:write"),
        ({"in_service": False}, "rooms:write"),
        ({"rated_load_kg": 200}, "rooms:inspect"),
        ({"removed_on": "2026-01-01"}, "rooms:inspect"),
    ],
)
async def test_each_change_of_a_bar_needs_its_scope(spa: Spa, change: dict[str, Any], scope: str) -> None:
    _, bar = await spa.cleared_room()
    wrong = {"rooms:write": "rooms:inspect", "rooms:inspect": "rooms:write"}[scope]
    match = {"If-Match": "*"}
    denied = await spa.signed_in("rooms:read", wrong).patch(f"/v1/bars/{bar}", json=change, headers=match)
    assert (denied.status_code, denied.json()["required"]) == (403, [scope])
    allowed = await spa.signed_in("rooms:read", scope).patch(f"/v1/bars/{bar}", json=change, headers=match)
    assert allowed.status_code == 200


async def test_putting_a_bar_back_into_service_is_an_inspectors_word(spa: Spa) -> None:
    _, bar = await spa.cleared_room()
    match = {"If-Match": "*"}
    await spa.http.patch(f"/v1/bars/{bar}", json={"in_service": False}, headers=match)
    back = spa.signed_in("rooms:read", "rooms:write").patch(f"/v1/bars/{bar}", json={"in_service": True}, headers=match)
    assert (await back).status_code == 403


async def test_another_branch_looks_as_if_it_were_not_there(spa: Spa) -> None:
    room, bar = await spa.cleared_room()
    session = await spa.book(soon(1))
    stranger = spa.signed_in(*MANAGER, branches=[new_id()])
    for path in (
        f"/v1/rooms/{room}", f"/v1/rooms/{room}/clearance", f"/v1/bars/{bar}", f"/v1/bars/{bar}/inspections",
        f"/v1/bars/{bar}/lockouts", f"/v1/assignments/{session}", f"/v1/assignments/{session}/evidence",
        f"/v1/load-profiles/{spa.therapist_id}",
    ):  # fmt: skip
        assert (await stranger.get(path)).status_code == 404, path
    for path in ("/v1/rooms", "/v1/bars", "/v1/assignments", "/v1/work-orders", "/v1/inspections/due", "/v1/equipment"):
        listed = await stranger.get(path, params={"branch_id": str(spa.branch_id)})
        assert listed.json() == {"items": [], "next_cursor": None}, path
    for path, body in (
        (f"/v1/bars/{bar}/lockouts", {"reason": "x"}),
        (f"/v1/bars/{bar}/pre-use-checks", {"therapist_id": str(new_id()), "result": "fail"}),
        (f"/v1/assignments/{session}/finish", {"result": "complete"}),
        ("/v1/rooms", {"branch_id": str(spa.branch_id), "code": "X"}),
    ):
        assert (await stranger.post(path, json=body)).status_code == 404, path
    assert (await stranger.post("/v1/bars", json={"room_id": str(room), "serial": "x", "rated_load_kg": 1})).json()[
        "code"
    ] == "unknown_room"


async def test_equipment_stands_in_a_room(spa: Spa) -> None:
    room = await spa.room()
    body = {"room_id": str(room), "kind": "strap", "name": "Left strap", "serial": "T-1"}
    answer = await spa.http.post("/v1/equipment", json=body)
    assert answer.status_code == 201
    path = answer.headers["location"]
    changed = await spa.http.patch(path, json={"note": "worn", "serial": None}, headers={"If-Match": '"1"'})
    assert (changed.json()["note"], changed.json()["serial"], changed.json()["version"]) == ("worn", None, 2)
    listed = await spa.http.get("/v1/equipment", params={"room_id": str(room)})
    assert [item["id"] for item in listed.json()["items"]] == [answer.json()["id"]]


async def test_lists_are_paged_and_a_foreign_cursor_is_a_mistake(spa: Spa) -> None:
    rooms = sorted([str(await spa.room()) for _ in range(3)])
    first = (await spa.http.get(f"/v1/rooms?branch_id={spa.branch_id}&limit=2")).json()
    second = (await spa.http.get(f"/v1/rooms?branch_id={spa.branch_id}&limit=2&cursor={first['next_cursor']}")).json()
    assert [item["id"] for item in first["items"] + second["items"]] == rooms
    assert second["next_cursor"] is None
    for path in ("/v1/rooms", "/v1/bars", "/v1/assignments", "/v1/inspections/due", "/v1/work-orders"):
        for cursor in ("IiI", "W10", "eyJhIjoxfQ", "%00", "!!"):
            assert (await spa.http.get(f"{path}?cursor={cursor}")).status_code == 422, (path, cursor)


async def test_the_clearance_of_an_impossible_range_is_refused(spa: Spa) -> None:
    room = await spa.room()
    for start, end in ((soon(2), soon(1)), (soon(1), soon(1)), (soon(1), soon(5000))):
        params = {"from": start.isoformat(), "to": end.isoformat()}
        assert (await spa.http.get(f"/v1/rooms/{room}/clearance", params=params)).status_code == 422
    assert (await spa.http.get(f"/v1/rooms/{room}/clearance?from=2026-01-01T10:00:00")).status_code == 422


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/rooms", {"branch_id": "x", "code": "R"}),
        ("/v1/rooms", {"code": "R"}),
        ("/v1/bars", {"room_id": str(new_id()), "serial": "s", "rated_load_kg": 0}),
        ("/v1/bars", {"room_id": str(new_id()), "serial": "s", "rated_load_kg": 1e30}),
        ("/v1/bars", {"room_id": str(new_id()), "serial": "s", "rated_load_kg": 300, "colour": "red"}),
        ("/v1/bars", {"room_id": str(new_id()), "serial": "s" * 101, "rated_load_kg": 300}),
        ("/v1/assignments", {"appointment_id": str(new_id()), "starts_at": "2026-12-01T10:00:00"}),
        ("/v1/equipment", {"room_id": 7, "kind": "", "name": ""}),
    ],
)
async def test_bad_bodies_are_named_and_store_nothing(spa: Spa, path: str, body: dict[str, Any]) -> None:
    answer = await spa.http.post(path, json=body)
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["errors"][0]["pointer"].startswith("/")


async def test_what_was_done_to_a_bar_and_by_whom_is_in_the_audit(spa: Spa) -> None:
    _, bar = await spa.cleared_room()
    await spa.http.patch(f"/v1/bars/{bar}", json={"rated_load_kg": 200}, headers={"If-Match": "*"})
    await spa.inspect(bar, "fail", subject="ines")
    await spa.repaired(bar, subject="finn")
    rows = await spa.sql("SELECT actor, action, reason FROM audit_log WHERE subject_id = $1 ORDER BY id", str(bar))
    assert [tuple(row) for row in rows] == [
        ("tester", "mounted_bar", ""),
        ("inspector", "recorded_inspection", "pass"),
        ("tester", "changed_bar", "rated_load_kg"),
        ("ines", "recorded_inspection", "fail"),
        ("ines", "locked_out_bar", "inspection"),
        ("finn", "completed_repair", ""),
    ]


async def test_work_orders_are_assigned_logged_and_completed_once(spa: Spa) -> None:
    _, bar = await spa.cleared_room()
    lockout = (await spa.http.post(f"/v1/bars/{bar}/lockouts", json={"reason": "bent"})).json()["lockout"]
    path = f"/v1/work-orders/{lockout['work_order_id']}"
    assert (await spa.http.post(f"{path}/assign", json={"assigned_to": "Finn"})).json()["status"] == "assigned"
    entry = {"entry": "new bolts", "parts": ["M8"]}
    assert (await spa.http.post(f"{path}/log", json=entry)).status_code == 201
    done = await spa.http.post(f"{path}/complete", json={"completed_by": "FIT-9"})
    assert done.json()["status"] == "completed" and done.json()["repairer_credential"] == "FIT-9"
    shown = (await spa.http.get(path)).json()
    assert [line["entry"] for line in shown["log"]] == ["new bolts"]
    assert (await spa.http.post(f"{path}/log", json=entry)).json()["code"] == "work_order_completed"


async def test_who_only_reads_makes_no_version_not_even_by_changing_nothing(spa: Spa) -> None:
    room, bar = await spa.cleared_room()
    reader = spa.signed_in("rooms:read")
    before = {path: (await spa.http.get(path)).headers["ETag"] for path in (f"/v1/rooms/{room}", f"/v1/bars/{bar}")}
    for path, etag in before.items():
        answer = await reader.patch(path, json={}, headers={"If-Match": etag})
        assert (answer.status_code, answer.json()["code"]) == (403, "insufficient_scope")
        assert (await spa.http.get(path)).headers["ETag"] == etag
