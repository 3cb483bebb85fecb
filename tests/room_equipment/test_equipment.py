"""The register of what is no bar, and the inspections of what carries a therapist."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from shared.kit.ids import new_id
from tests.room_equipment.spa import INSPECTOR, MANAGER, Spa, soon

ANY = {"If-Match": "*"}


async def strap(spa: Spa, room: UUID, **values: Any) -> dict[str, Any]:
    body = {"room_id": str(room), "kind": "strap", "name": "Strap pair", "rated_load_kg": 250} | values
    answer = await spa.http.post("/v1/equipment", json=body)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def inspect(spa: Spa, id: str, result: str = "pass", **values: Any) -> httpx.Response:
    day = (datetime.now(UTC) + timedelta(days=400)).date().isoformat()
    body = {
        "performed_at": datetime.now(UTC).isoformat(), "kind": "periodic", "result": result,
        "inspector": {"name": "Ines Pector", "credential": "LOLER-1", "credential_valid_until": day},
        "checklist": [{"item": "stitching", "result": result}],
    }  # fmt: skip
    return await spa.signed_in(*INSPECTOR).post(f"/v1/equipment/{id}/inspections", json=body | values)


async def state(spa: Spa, id: str) -> tuple[bool, str]:
    shown = (await spa.http.get(f"/v1/equipment/{id}")).json()
    return shown["in_service"], shown["status"]


async def test_a_thing_is_on_record_as_an_insurer_asks_for_it(spa: Spa) -> None:
    room, bar = await spa.cleared_room()
    whole = {
        "bar_id": str(bar), "serial": "ST-1", "manufacturer": "Strap Works", "model": "S2", "note": "left",
        "purchased_on": "2026-10-01", "installed_on": "2026-10-12", "installed_by": "Ceiling Works",
        "documents": [{"name": "Invoice", "url": "https://example.test/1.pdf", "sha256": "0" * 64}],
    }  # fmt: skip
    made = await strap(spa, room, **whole)
    assert {name: made[name] for name in whole} == whole
    assert (made["inspected"], made["rated_load_kg"], made["branch_id"]) == (True, 250, str(spa.branch_id))
    assert (await spa.http.get(f"/v1/equipment?bar_id={bar}")).json()["items"] == [made]
    assert (await spa.http.get(f"/v1/equipment?room_id={room}&kind=stool")).json()["items"] == []
    again = await spa.http.post(
        "/v1/equipment", json={"room_id": str(room), "kind": "strap", "name": "x", "serial": "ST-1"}
    )
    assert (again.status_code, again.json()["code"]) == (409, "serial_taken")
    gone = await spa.http.patch(f"/v1/equipment/{made['id']}", json={"removed_on": "2026-11-01"}, headers=ANY)
    assert gone.json()["status"] == "removed" and gone.json()["in_service"] is False
    await strap(spa, room, serial="ST-1")
    assert (await spa.http.get(f"/v1/equipment/{made['id']}")).status_code == 200


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"kind": "sling"}, "/kind"),
        ({"kind": "strap", "inspected": False}, "/inspected"),
        ({"kind": "strap", "rated_load_kg": 0}, "/rated_load_kg"),
        ({"kind": "strap", "bar_id": str(new_id())}, "/bar_id"),
        ({"kind": "stool", "purchased_on": "9999-12-31"}, "/purchased_on"),
        ({"kind": "stool", "documents": [{"name": "x", "sha256": "ABC"}]}, "/documents/0"),
    ],
)
async def test_what_cannot_be_is_refused_with_the_pointer(spa: Spa, body: dict[str, Any], pointer: str) -> None:
    room = await spa.room()
    answer = await spa.http.post("/v1/equipment", json={"room_id": str(room), "name": "x"} | body)
    assert answer.status_code == 422 and answer.json()["errors"][0]["pointer"].startswith(pointer), answer.text
    assert (await spa.http.get(f"/v1/equipment?room_id={room}")).json()["items"] == []


async def test_what_carries_a_therapist_is_in_service_only_while_its_inspection_holds(spa: Spa) -> None:
    room = await spa.room()
    id = (await strap(spa, room))["id"]
    assert await state(spa, id) == (False, "never_inspected")
    passed = await inspect(spa, id)
    assert passed.status_code == 201 and passed.json()["equipment"]["status"] == "in_service"
    assert await state(spa, id) == (True, "in_service")
    await spa.as_superuser(
        "UPDATE equipment_inspections SET certified_until = clock_timestamp() WHERE equipment_id = $1", UUID(id)
    )
    assert await state(spa, id) == (False, "lapsed")
    refused = await spa.http.patch(f"/v1/equipment/{id}", json={"in_service": True}, headers=ANY)
    assert (refused.status_code, refused.json()["code"]) == (409, "inspection_required")
    assert (await inspect(spa, id)).status_code == 201
    failed = await inspect(spa, id, "fail")
    assert (failed.json()["valid_until"], failed.json()["equipment"]["in_service"]) == (None, False)
    assert await state(spa, id) == (False, "failed")
    assert (await inspect(spa, id, kind="after_event")).status_code == 201
    assert await state(spa, id) == (True, "in_service")
    await spa.http.patch(f"/v1/equipment/{id}", json={"in_service": False}, headers=ANY)
    assert await state(spa, id) == (False, "out_of_service")
    history = (await spa.http.get(f"/v1/equipment/{id}/inspections?limit=3")).json()
    assert [item["sequence"] for item in history["items"]] == [4, 3, 2] and history["next_cursor"]
    told = [e["type"].split(".")[3] for e in await spa.announced(kind="equipment.inspection", key=room)]
    assert told == ["inspection-passed", "inspection-passed", "inspection-failed", "inspection-passed"]


async def test_a_failed_strap_does_not_touch_the_clearance_which_is_its_bars(spa: Spa) -> None:
    room, bar = await spa.cleared_room()
    id = (await strap(spa, room, bar_id=str(bar)))["id"]
    session = await spa.book(soon(1), room_id=room)
    before = await spa.clearance(room, **{"from": soon(0, 1).isoformat()})
    await inspect(spa, id, "fail")
    assert await spa.clearance(room, **{"from": soon(0, 1).isoformat()}) == before
    assert (await spa.assignment(session))["room_id"] == str(room)
    listed = (await spa.http.get(f"/v1/assets?room_id={room}")).json()["items"]
    assert [(item["asset"], item["status"]) for item in listed] == [
        ("room", "cleared"), ("bar", "certified"), ("equipment", "failed"),
    ]  # fmt: skip


async def test_an_inspection_follows_the_same_rules_as_a_bars(spa: Spa) -> None:
    room = await spa.room()
    id = (await strap(spa, room))["id"]
    expired = {"name": "Ines", "credential": "L-1", "credential_valid_until": "2020-01-01"}
    late = (datetime.now(UTC) + timedelta(days=300)).date().isoformat()
    for values, code in (
        ({"performed_at": soon(1).isoformat()}, "performed_in_the_future"),
        ({"inspector": expired}, "credential_expired"),
        ({"valid_until": late}, "valid_until_too_late"),
        ({"checklist": [{"item": "stitching", "result": "fail"}]}, "failed_item"),
    ):
        answer = await inspect(spa, id, **values)
        assert (answer.status_code, answer.json()["code"]) == (422, code), answer.text
    assert (await inspect(spa, id)).status_code == 201
    older = await inspect(spa, id, performed_at=soon(-3).isoformat())
    assert (older.status_code, older.json()["code"]) == (422, "older_than_latest")
    unrated = (await strap(spa, room, rated_load_kg=None))["id"]
    assert (await inspect(spa, unrated)).json()["code"] == "rated_load_required"
    assert (await inspect(spa, unrated, "fail")).status_code == 201
    stool = await spa.http.post("/v1/equipment", json={"room_id": str(room), "kind": "stool", "name": "Stool"})
    assert (await inspect(spa, stool.json()["id"])).json()["code"] == "not_inspected"
    assert stool.json()["status"] == "in_service"


async def test_a_strap_goes_where_its_bar_goes_and_off_it_when_it_moves_alone(spa: Spa) -> None:
    room, bar = await spa.cleared_room()
    other = await spa.room()
    id = (await strap(spa, room, bar_id=str(bar)))["id"]
    await spa.http.patch(f"/v1/bars/{bar}", json={"room_id": str(other)}, headers=ANY)
    shown = (await spa.http.get(f"/v1/equipment/{id}")).json()
    assert (shown["room_id"], shown["bar_id"], shown["version"]) == (str(other), str(bar), 2)
    alone = await spa.http.patch(f"/v1/equipment/{id}", json={"room_id": str(room)}, headers={"If-Match": '"2"'})
    assert (alone.json()["room_id"], alone.json()["bar_id"]) == (str(room), None)
    moves = (await spa.http.get(f"/v1/equipment/{id}/moves")).json()["items"]
    assert [move["to_room_id"] for move in moves] == [str(room), str(other)]
    assert [move["moved_by"] for move in moves] == ["tester", "tester"]


async def test_what_hung_on_a_removed_bar_hangs_on_none(spa: Spa) -> None:
    room, bar = await spa.cleared_room()
    id = (await strap(spa, room, bar_id=str(bar)))["id"]
    gone = await spa.http.patch(f"/v1/bars/{bar}", json={"removed_on": "2026-01-01"}, headers=ANY)
    assert gone.status_code == 200
    changed = await spa.http.patch(f"/v1/equipment/{id}", json={"note": "in the cupboard"}, headers=ANY)
    assert (changed.status_code, changed.json()["bar_id"], changed.json()["room_id"]) == (200, None, str(room))


async def test_assets_are_listed_room_by_room_by_kind_and_by_state(spa: Spa) -> None:
    first, bar = await spa.cleared_room(code="A")
    second = await spa.room(code="B")
    lone = await spa.bar(second)
    hung = (await strap(spa, first, bar_id=str(bar)))["id"]
    stool = await spa.http.post("/v1/equipment", json={"room_id": str(second), "kind": "stool", "name": "Stool"})
    removed = (await strap(spa, second))["id"]
    await spa.http.patch(f"/v1/equipment/{removed}", json={"removed_on": "2026-01-01"}, headers=ANY)
    await spa.http.post(f"/v1/bars/{bar}/lockouts", json={"reason": "bent"})
    path = f"/v1/assets?branch_id={spa.branch_id}"
    everything = (await spa.http.get(path)).json()["items"]
    assert [(item["room_code"], item["kind"], item["id"], item["status"]) for item in everything] == [
        ("A", "room", str(first), "locked_out"),
        ("A", "bar", str(bar), "locked_out"),
        ("A", "strap", hung, "never_inspected"),
        ("B", "room", str(second), "never_inspected"),
        ("B", "bar", str(lone), "never_inspected"),
        ("B", "stool", stool.json()["id"], "in_service"),
    ]
    assert everything[0]["gap_reason"] == "locked_out" and everything[1]["locked_out"] is True
    assert everything[1]["valid_until"] is not None and everything[0]["cleared_until"] is None
    paged: list[dict[str, Any]] = []
    cursor: str | None = ""
    while cursor is not None:
        page = (await spa.http.get(f"{path}&limit=2" + (f"&cursor={cursor}" if cursor else ""))).json()
        paged, cursor = paged + page["items"], page["next_cursor"]
    assert paged == everything
    for query, ids in (
        ("kind=strap", [hung]), ("kind=room&status=locked_out", [str(first)]), ("status=removed", [removed]),
        (f"room_id={second}&kind=bar", [str(lone)]),
    ):  # fmt: skip
        assert [item["id"] for item in (await spa.http.get(f"{path}&{query}")).json()["items"]] == ids, query
    assert (await spa.http.get(f"{path}&kind=sofa")).status_code == 422
    stranger = spa.signed_in(*MANAGER, branches=[new_id()])
    assert (await stranger.get(path)).json()["items"] == []
    for cursor in ("IiI", "W10", "eyJhIjoxfQ", "%00", "!!"):
        assert (await spa.http.get(f"{path}&cursor={cursor}")).status_code == 422, cursor
