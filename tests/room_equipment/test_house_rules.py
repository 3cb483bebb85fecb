"""House rules of the chain and of branches: where each value comes from, who sets it, and what a change does."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
import pytest_asyncio

from services.room_equipment.domain.localdays import add_months
from services.room_equipment.jobs import warn_of_ends
from tests.room_equipment.door import Door
from tests.room_equipment.spa import INSPECTOR, MANAGER, Spa, soon
from tests.room_equipment.test_due import ends, listed
from tests.room_equipment.test_jobs import run, shift, warnings


async def put(spa: Spa, path: str = "", *, http: httpx.AsyncClient | None = None, **rules: Any) -> httpx.Response:
    """Set the branch's own rules, or those at `path`, from the version that is there."""
    path = path or f"/v1/branches/{spa.branch_id}/house-rules"
    tag = (await spa.http.get(path)).headers["ETag"]
    return await (http or spa.http).put(path, json=rules, headers={"If-Match": tag})


@pytest_asyncio.fixture(loop_scope="session", autouse=True)
async def the_chain_as_it_was(spa: Spa) -> AsyncIterator[None]:
    yield
    assert (await put(spa, "/v1/house-rules")).status_code == 200


async def test_each_value_says_where_it_comes_from_and_that_it_is_no_standard(spa: Spa) -> None:
    await put(spa, "/v1/house-rules", early_start_minutes=20, inspection_interval_months=5)
    answer = await put(spa, early_start_minutes=30)
    rules = answer.json()["rules"]
    assert {name: (rule["value"], rule["source"]) for name, rule in rules.items()} == {
        "inspection_interval_months": (5, "chain"),
        "safety_factor": (2.0, "default"),
        "load_profile_months": (12, "default"),
        "turnover_minutes": (15, "default"),
        "early_start_minutes": (30, "branch"),
        "check_minutes": (60, "default"),
        "warning_days": ([30, 14, 7, 1], "default"),
        "overdue_days": (7, "default"),
    }
    assert {rule["label"] for rule in rules.values()} == {"house rule, not a standard"}
    assert (await put(spa)).json()["rules"]["early_start_minutes"]["source"] == "chain"


async def test_the_chains_are_set_with_a_token_of_the_chain_and_a_branchs_with_one_of_the_branch(spa: Spa) -> None:
    of_branch = spa.signed_in(*INSPECTOR, branches=[spa.branch_id])
    refused = await put(spa, "/v1/house-rules", http=of_branch, check_minutes=30)
    assert (refused.status_code, refused.json()["code"]) == (403, "chain_token_required")
    assert (await put(spa, http=of_branch, check_minutes=30)).status_code == 200
    therapist = spa.signed_in("rooms:read", "rooms:operate")
    assert (await put(spa, http=therapist, check_minutes=30)).json()["code"] == "insufficient_scope"
    stranger = spa.signed_in(*MANAGER, branches=[spa.bar_treatment])
    assert (await put(spa, http=stranger, check_minutes=30)).status_code == 404


async def test_a_change_names_the_version_it_was_made_from_and_stays_on_record(spa: Spa) -> None:
    path = f"/v1/branches/{spa.branch_id}/house-rules"
    assert (await spa.http.put(path, json={})).status_code == 428
    assert (await put(spa, check_minutes=30)).headers["ETag"] == '"1"'
    stale = await spa.http.put(path, json={"check_minutes": 45}, headers={"If-Match": '"0"'})
    assert (stale.status_code, stale.json()["code"]) == (412, "version_mismatch")
    await put(spa, turnover_minutes=20)
    kept = (await spa.http.get(f"/v1/house-rules/versions?branch_id={spa.branch_id}")).json()["items"]
    assert [(v["version"], v["rules"]) for v in kept] == [(2, {"turnover_minutes": 20}), (1, {"check_minutes": 30})]
    audited = await spa.sql("SELECT actor, action FROM audit_log WHERE branch_id = $1", spa.branch_id)
    assert [tuple(row) for row in audited] == [("tester", "changed_house_rules")] * 2


@pytest.mark.parametrize(
    ("rules", "code", "pointer"),
    [
        ({"safety_factor": 0.9}, "", "/safety_factor"),
        ({"safety_factor": 11}, "", "/safety_factor"),
        ({"inspection_interval_months": 25}, "", "/inspection_interval_months"),
        ({"load_profile_months": 6}, "chain_rule", "/load_profile_months"),
        ({"warning_days": [7, 7]}, "warning_days_repeat", "/warning_days"),
        ({"warning_days": []}, "", "/warning_days"),
        ({"colour": "red"}, "", "/colour"),
    ],
)
async def test_a_value_that_cannot_be_is_refused_with_its_place(
    spa: Spa, rules: dict[str, Any], code: str, pointer: str
) -> None:
    answer = await put(spa, **rules)
    assert answer.status_code == 422, answer.text
    error = answer.json()["errors"][0]
    assert error["pointer"] == pointer and code in ("", error["code"])


async def load_of(spa: Spa, session: UUID) -> float:
    (row,) = await spa.sql("SELECT load_kg FROM assignments WHERE appointment_id = $1", session)
    return float(row["load_kg"])


async def test_a_raised_safety_factor_displaces_what_its_bars_no_longer_carry(spa: Spa) -> None:
    """60 kg at factor 2 is 120, at 2.5 it is 150: the weak room's sessions go to the strong one, or to a person."""
    weak, _ = await spa.cleared_room(140)
    strong, _ = await spa.cleared_room(200)
    at = soon(2)
    stays = await spa.book(at, room_id=strong)
    moves, lost = await spa.book(at + timedelta(hours=3), room_id=weak), await spa.book(at, room_id=weak)
    body = (await put(spa, safety_factor=2.5)).json()
    assert sorted(body["displaced"]) == sorted(map(str, (moves, lost)))
    assert body["moved"] == [{"appointment_id": str(moves), "room_id": str(strong)}]
    assert body["revoked"] == [str(lost)] and body["optimal"] is True
    assert await load_of(spa, stays) == await load_of(spa, moves) == 150
    told = [event["type"].split(".")[3] for event in await spa.announced(key=lost)]
    assert told[-1] == "revoked"
    excluded = (await spa.announced(kind="clearance-changed", key=weak))[-1]["periods"][0]["excluded_therapist_ids"]
    assert str(spa.therapist_id) in excluded
    again = spa.request(at + timedelta(days=1), room_id=weak)
    assert (await spa.hear(again))[0]["code"] == "load_rating_exceeded"


async def test_a_lowered_safety_factor_moves_nobody_and_opens_the_weak_room(spa: Spa) -> None:
    weak, _ = await spa.cleared_room(100)
    refused = spa.request(soon(2), room_id=weak)
    assert (await spa.hear(refused))[0]["code"] == "load_rating_exceeded"
    body = (await put(spa, safety_factor=1.5)).json()
    assert body["displaced"] == []
    session = await spa.book(soon(2), room_id=weak)
    assert await load_of(spa, session) == 90


async def test_the_chains_safety_factor_reaches_all_branches_but_those_with_their_own(spa: Spa) -> None:
    other = await Spa(spa.app, spa.mint, spa.database).open()
    (mine, _), (theirs, _) = await spa.cleared_room(140), await other.cleared_room(140)
    here, there = await spa.book(soon(2), room_id=mine), await other.book(soon(2), room_id=theirs)
    await put(other, safety_factor=2)
    body = (await put(spa, "/v1/house-rules", safety_factor=3)).json()
    assert str(here) in body["revoked"] and str(there) not in body["displaced"]
    assert await load_of(other, there) == 120


async def test_a_measurement_is_planned_with_the_factor_of_each_branch(spa: Spa) -> None:
    """Mass 60.004 at 2.5 is 150.01, so a bar of 150 no longer carries it: the last gram counts, to the safe side."""
    room, _ = await spa.cleared_room(150)
    await put(spa, safety_factor=2.5)
    session = await spa.book(soon(2), room_id=room)
    await spa.measured(spa.therapist_id, 60.004)
    assert (await spa.http.get(f"/v1/assignments/{session}")).json()["state"] == "revoked"


async def test_the_start_takes_the_branchs_factor_and_its_minutes(door: Door) -> None:
    spa = door.spa
    await put(spa, early_start_minutes=0)
    assert (await door.refused("too_early"))["opens_at"]
    await put(spa, early_start_minutes=30, safety_factor=4)
    assert (await door.start()).status_code == 200
    assert await load_of(spa, door.session) == 240


async def test_a_running_session_keeps_the_load_it_was_started_with(door: Door) -> None:
    assert (await door.start()).status_code == 200
    body = (await put(door.spa, safety_factor=9)).json()
    assert body["displaced"] == body["at_risk"] == []
    assert await load_of(door.spa, door.session) == 120


async def test_a_certificate_keeps_its_end_and_the_next_has_the_new_interval(spa: Spa) -> None:
    room, bar = await spa.cleared_room()
    before = (await spa.clearance(room, to=soon(300).isoformat()))["periods"]
    await put(spa, inspection_interval_months=2)
    assert [p["ends_at"] for p in (await spa.clearance(room, to=soon(300).isoformat()))["periods"]] == [
        p["ends_at"] for p in before
    ]
    today = datetime.now(UTC).astimezone().date()
    body = (await spa.inspect(bar)).json()
    assert abs(date.fromisoformat(body["certificate"]["valid_until"]) - add_months(today, 2)) <= timedelta(days=1)
    late = await spa.inspect(bar, valid_until=add_months(today, 3).isoformat())
    assert late.json()["code"] == "valid_until_too_late" and "2 months" in late.json()["detail"]


async def test_a_room_that_names_no_turnover_gets_its_branchs(spa: Spa) -> None:
    before = await spa.room()
    await put(spa, turnover_minutes=25)
    made = [(await spa.http.get(f"/v1/rooms/{id}")).json() for id in (before, await spa.room())]
    assert [room["turnover_minutes"] for room in made] == [15, 25]


async def test_a_branch_is_warned_on_its_own_days(app: Any, mint: Any, rooms_database: Any) -> None:
    early = await Spa(app, mint, rooms_database).open("UTC")
    usual = await Spa(app, mint, rooms_database).open("UTC")
    await put(early, warning_days=[60, 2])
    (early_room, early_bar), (room, bar) = await early.cleared_room(), await usual.cleared_room()
    for days in (59, 20, 2):
        for spa, of in ((early, early_bar), (usual, bar)):
            await shift(spa, of, days)
        await run(early, warn_of_ends)
    assert await warnings(early, early_room) == [("inspection-due", 60), ("inspection-due", 2)]
    assert await warnings(usual, room) == [("inspection-due", 30), ("inspection-due", 7)]


async def test_a_lapse_is_overdue_after_the_branchs_own_days(app: Any, mint: Any, rooms_database: Any) -> None:
    patient = await Spa(app, mint, rooms_database).open()
    usual = await Spa(app, mint, rooms_database).open()
    await put(patient, "/v1/house-rules", overdue_days=3)
    await put(patient, overdue_days=10)
    for spa in (patient, usual):
        _, bar = await spa.cleared_room()
        await ends(spa, bar, -5)
    assert [item["status"] for item in await listed(patient)] == ["lapsed"]
    assert [item["status"] for item in await listed(usual)] == ["overdue"]
