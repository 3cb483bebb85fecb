"""What is to be inspected: which state each thing is in, in the branch's days, and what is most urgent."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from services.room_equipment.store import due
from shared.kit.ids import new_id
from tests.room_equipment.spa import Spa, soon
from tests.room_equipment.test_equipment import inspect, strap

BERLIN = ZoneInfo("Europe/Berlin")


async def ends(spa: Spa, bar: UUID, days: int, table: str = "inspections", result: str = "pass") -> None:
    """The latest certificate ends with the local day that many days from today."""
    day = datetime.now(BERLIN).date() + timedelta(days=days)
    end = datetime(day.year, day.month, day.day, tzinfo=BERLIN) + timedelta(days=1)
    column = "bar_id" if table == "inspections" else "equipment_id"
    await spa.as_superuser(
        f"UPDATE {table} SET valid_until = $2, certified_until = $3, result = $4 WHERE {column} = $1",
        bar, day, end, result,
    )  # fmt: skip


async def listed(spa: Spa, query: str = "") -> list[dict[str, Any]]:
    answer = await spa.http.get(f"/v1/inspections/due?branch_id={spa.branch_id}{query}")
    found: list[dict[str, Any]] = answer.raise_for_status().json()["items"]
    return found


async def test_what_is_due_is_listed_most_urgent_first_lapsed_and_overdue_apart(spa: Spa) -> None:
    room = await spa.room(code="R1")
    made: dict[str, UUID] = {}
    for name in ("failed", "long ago", "conditions", "lapsed", "today", "later", "healthy"):
        made[name] = await spa.bar(room, serial=name)
        await spa.installed(made[name])
    await ends(spa, made["long ago"], -8)
    await ends(spa, made["conditions"], -1, result="pass_with_conditions")
    await ends(spa, made["lapsed"], -7)
    await ends(spa, made["today"], 0)
    await ends(spa, made["later"], 30)
    assert (await spa.inspect(made["failed"], "fail")).status_code == 201
    await spa.bar(room, serial="new")
    forgotten = await spa.bar(room, serial="forgotten")
    await spa.as_superuser("UPDATE bars SET unproven_since = $2 WHERE id = $1", forgotten, soon(-9))
    found = await listed(spa)
    assert [(item["serial"], item["status"], item["days_left"], item["needs"]) for item in found] == [
        ("failed", "failed", None, "after_event"),
        ("forgotten", "overdue", None, "installation"),
        ("long ago", "overdue", -8, "periodic"),
        ("conditions", "overdue", -1, "periodic"),
        ("lapsed", "lapsed", -7, "periodic"),
        ("new", "never_inspected", None, "installation"),
        ("today", "due", 0, "periodic"),
        ("later", "due", 30, "periodic"),
    ]
    assert {item["room_code"] for item in found} == {"R1"} and found[0]["locked_out"] is True
    assert [item["serial"] for item in await listed(spa, "&within_days=29")][-1] == "today"
    paged: list[dict[str, Any]] = []
    cursor: str | None = ""
    while cursor is not None:
        path = f"/v1/inspections/due?branch_id={spa.branch_id}&limit=3"
        page = (await spa.http.get(path + (f"&cursor={cursor}" if cursor else ""))).json()
        paged, cursor = paged + page["items"], page["next_cursor"]
    assert paged == found
    (summary,) = (await spa.http.get(f"/v1/inspections/due/summary?branch_id={spa.branch_id}")).json()["items"]
    today = datetime.now(BERLIN).date().isoformat()
    assert summary == {
        "branch_id": str(spa.branch_id), "total": 8, "failed": 1, "overdue": 3, "lapsed": 1, "never_inspected": 1,
        "due": 2, "next_end": today,
    }  # fmt: skip


async def test_the_conditions_of_a_pass_stand_on_the_list(spa: Spa) -> None:
    bar = await spa.bar(await spa.room())
    until = (datetime.now(BERLIN).date() + timedelta(days=9)).isoformat()
    await spa.installed(bar, result="pass_with_conditions", conditions="Tighten the left anchor", valid_until=until)
    (item,) = await listed(spa)
    assert (item["conditions"], item["valid_until"], item["status"]) == ("Tighten the left anchor", until, "due")


async def test_a_bar_that_moved_is_due_for_an_installation_although_its_certificate_has_not_ended(spa: Spa) -> None:
    _, bar = await spa.cleared_room()
    other = await spa.room()
    assert await listed(spa) == []
    await spa.http.patch(f"/v1/bars/{bar}", json={"room_id": str(other)}, headers={"If-Match": "*"})
    (item,) = await listed(spa)
    assert (item["status"], item["needs"], item["room_id"]) == ("never_inspected", "installation", str(other))


async def test_accessories_that_carry_a_therapist_are_due_too(spa: Spa) -> None:
    room, bar = await spa.cleared_room()
    new, lapsed, failed, put_away, gone = [
        (await strap(spa, room, name=name, bar_id=str(bar)))["id"] for name in ("new", "lapsed", "failed", "away", "x")
    ]
    await spa.http.post("/v1/equipment", json={"room_id": str(room), "kind": "stool", "name": "Stool"})
    for id in (lapsed, failed, put_away):
        await inspect(spa, id)
    await ends(spa, UUID(lapsed), -1, "equipment_inspections")
    await ends(spa, UUID(put_away), -1, "equipment_inspections")
    await inspect(spa, failed, "fail")
    for id, change in ((put_away, {"in_service": False}), (gone, {"removed_on": "2026-01-01"})):
        await spa.http.patch(f"/v1/equipment/{id}", json=change, headers={"If-Match": "*"})
    found = await listed(spa)
    assert [(item["equipment_id"], item["status"], item["kind"]) for item in found] == [
        (failed, "failed", "strap"), (lapsed, "lapsed", "strap"), (new, "never_inspected", "strap"),
    ]  # fmt: skip
    assert {item["bar_id"] for item in found} == {str(bar)} and {item["asset"] for item in found} == {"equipment"}


@pytest.mark.parametrize(
    ("now", "days_left", "status"),
    [
        ("2027-03-27T22:59:59Z", 1, "due"),  # 23:59 on the 27th in Berlin
        ("2027-03-27T23:00:00Z", 0, "due"),  # the 28th begins; it has 23 hours
        ("2027-03-28T21:59:59Z", 0, "due"),
        ("2027-03-28T22:00:00Z", -1, "lapsed"),
        ("2027-04-04T21:59:59Z", -7, "lapsed"),
        ("2027-04-04T22:00:00Z", -8, "overdue"),
    ],
)
async def test_days_are_the_branchs_also_over_a_clock_change(spa: Spa, now: str, days_left: int, status: str) -> None:
    _, bar = await spa.cleared_room()
    await spa.as_superuser(
        "UPDATE inspections SET valid_until = '2027-03-28', certified_until = '2027-03-28T22:00Z' WHERE bar_id = $1",
        bar,
    )
    async with spa.app.state.database.transaction() as tx:
        (row,) = await due.page(
            tx, None, 9, now=datetime.fromisoformat(now).astimezone(UTC), within_days=30, overdue_days=7,
            branches_overdue_days={}, branches=None, branch_id=spa.branch_id,
        )  # fmt: skip
    assert (row.days_left, row.status) == (days_left, status)


async def test_the_summary_has_one_line_a_branch_the_caller_sees(spa: Spa) -> None:
    there = await Spa(spa.app, spa.mint, spa.database).open()
    for place in (spa, there):
        await place.bar(await place.room())
    both = spa.signed_in("rooms:read", branches=[spa.branch_id, there.branch_id])
    items = (await both.get("/v1/inspections/due/summary")).json()["items"]
    assert [(i["branch_id"], i["total"]) for i in items] == sorted((str(p.branch_id), 1) for p in (spa, there))
    stranger = spa.signed_in("rooms:read", branches=[new_id()])
    assert (await stranger.get("/v1/inspections/due/summary")).json()["items"] == []
