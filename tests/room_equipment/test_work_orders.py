"""Work orders: planned by hand, assigned, logged with parts, found again; and what work on a mounting does."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from shared.kit.ids import new_id
from tests.room_equipment.spa import Spa, soon


def day(days: int) -> str:
    return (datetime.now(UTC).date() + timedelta(days=days)).isoformat()


async def planned(spa: Spa, bar: UUID | None = None, **values: Any) -> dict[str, Any]:
    body = {"bar_id": str(bar) if bar else None, "title": "Tighten the anchors"} | values
    answer = await spa.http.post("/v1/work-orders", json=body)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    assert (await spa.http.get(answer.headers["Location"])).json() == found | {"log": []}
    return found


async def completed(spa: Spa, order: dict[str, Any], **values: Any) -> dict[str, Any]:
    body = {"completed_by": {"name": "Finn", "credential": "FIT-7"}} | values
    http = spa.signed_in("rooms:operate", subject="finn")
    answer = await http.post(f"/v1/work-orders/{order['id']}/complete", json=body)
    found: dict[str, Any] = answer.raise_for_status().json()
    return found


async def listed(spa: Spa, **params: Any) -> list[str]:
    answer = await spa.http.get("/v1/work-orders", params={"branch_id": str(spa.branch_id), **params})
    return [item["id"] for item in answer.raise_for_status().json()["items"]]


async def equipment(spa: Spa) -> str:
    body = {"room_id": str(await spa.room()), "kind": "table", "name": "Table 1"}
    return str((await spa.http.post("/v1/equipment", json=body)).json()["id"])


async def test_parts_have_a_quantity_and_one_that_says_none_is_one(spa: Spa) -> None:
    _, bar = await spa.cleared_room()
    path = f"/v1/work-orders/{(await planned(spa, bar))['id']}"
    parts = [{"name": "M12 anchor", "quantity": 4}, {"name": "cable, m", "quantity": 0.5}, "washer"]
    answer = await spa.http.post(f"{path}/log", json={"entry": "replaced", "parts": parts})
    expected = [("M12 anchor", 4), ("cable, m", 0.5), ("washer", 1)]
    assert [(p["name"], p["quantity"]) for p in answer.json()["parts"]] == expected
    shown = (await spa.http.get(path)).json()["log"][0]
    assert [(p["name"], p["quantity"]) for p in shown["parts"]] == expected
    bad = await spa.http.post(f"{path}/log", json={"entry": "x", "parts": [{"name": "bolt", "quantity": 0}]})
    assert (bad.status_code, bad.json()["errors"][0]["pointer"]) == (422, "/parts/0/quantity")


async def test_a_line_from_before_parts_had_quantities_is_still_read(spa: Spa) -> None:
    _, bar = await spa.cleared_room()
    order = await planned(spa, bar)
    await spa.sql(
        "INSERT INTO work_order_log (id, work_order_id, by_subject, entry, parts) VALUES ($1, $2, 'x', 'old', $3)",
        new_id(), UUID(order["id"]), '["M8"]',
    )  # fmt: skip
    shown = (await spa.http.get(f"/v1/work-orders/{order['id']}")).json()["log"]
    assert shown[0]["parts"] == [{"name": "M8", "quantity": 1}]


async def test_orders_are_found_by_bar_equipment_status_and_whether_they_are_late(spa: Spa) -> None:
    _, bar = await spa.cleared_room()
    table = await equipment(spa)
    late = (await planned(spa, bar, due_on=day(-3)))["id"]
    later = (await planned(spa, bar, due_on=day(3)))["id"]
    of_table = (await planned(spa, equipment_id=table))["id"]
    assert await listed(spa) == [late, later, of_table]
    assert await listed(spa, bar_id=str(bar)) == [late, later]
    assert await listed(spa, equipment_id=table) == [of_table]
    assert await listed(spa, overdue=True) == [late]
    assigned = await spa.http.post(f"/v1/work-orders/{of_table}/assign", json={"assigned_to": "F", "due_on": day(-2)})
    assert assigned.json()["overdue"] is True and assigned.json()["due_on"] == day(-2)
    assert await listed(spa, overdue=True) == [late, of_table]
    await completed(spa, {"id": late})
    assert await listed(spa, overdue=True) == [of_table] and await listed(spa, status="completed") == [late]


async def test_planned_work_locks_nothing_out(spa: Spa) -> None:
    room, bar = await spa.cleared_room()
    order = await planned(spa, bar)
    assert order["lockout_id"] is None
    body = await completed(spa, order)
    assert (body["status"], body["displaced"], body["lockout_id"]) == ("completed", [], None)
    assert (await spa.clearance(room))["periods"]


async def test_work_that_touched_the_mounting_ends_the_clearance_until_an_inspection_after_it(spa: Spa) -> None:
    room, bar = await spa.cleared_room()
    session = await spa.book(soon(2), room_id=room)
    order = await planned(spa, bar)
    body = await completed(spa, order, touched_mounting=True)
    assert body["revoked"] == [str(session)] and body["touched_mounting"] is True
    assert (await spa.clearance(room))["gaps"][0]["reason"] == "locked_out"
    (lockout,) = (await spa.http.get(f"/v1/bars/{bar}/lockouts")).json()["items"]
    assert (lockout["cause"], lockout["event"], lockout["work_order_id"]) == ("repair", "repair", order["id"])
    assert body["lockout_id"] == lockout["id"]
    assert (await spa.inspect(bar)).json()["code"] == "after_event_required"
    by_himself = await spa.inspect(bar, kind="after_event", subject="finn")
    assert by_himself.json()["code"] == "inspector_is_repairer"
    assert (await spa.inspect(bar, kind="after_event")).json()["event"] == "repair"
    assert (await spa.clearance(room))["periods"]


async def test_work_on_equipment_that_is_no_bar_touches_no_clearance(spa: Spa) -> None:
    order = await planned(spa, equipment_id=await equipment(spa))
    assert (await completed(spa, order, touched_mounting=True))["lockout_id"] is None
    rows = await spa.sql("SELECT chain_id, change FROM record_entries WHERE subject_id = $1 ORDER BY sequence",
                         UUID(order["id"]))  # fmt: skip
    assert [tuple(row) for row in rows] == [(spa.branch_id, "recorded"), (spa.branch_id, "completed")]


@pytest.mark.parametrize(
    ("of", "pointer"),
    [
        ({}, "/bar_id"),
        ({"bar_id": str(new_id()), "equipment_id": str(new_id())}, "/bar_id"),
        ({"bar_id": str(new_id())}, "/bar_id"),
        ({"equipment_id": str(new_id())}, "/equipment_id"),
    ],
)
async def test_an_order_is_of_one_thing_that_is_there(spa: Spa, of: dict[str, str], pointer: str) -> None:
    answer = await spa.http.post("/v1/work-orders", json={"title": "T"} | of)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)
