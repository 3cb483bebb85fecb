"""A country changes its clock: what is to come keeps its wall time, and what cannot is put to a person."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from services.scheduling.handlers import closures, following, zones
from tests.scheduling.builders import Chain, Place, assigned, cleared, every_day, unavailable
from tests.scheduling.test_displacement import claims, now, started
from tests.scheduling.waiting import answer, join, move, offer
from tests.scheduling.zonefiles import (
    EASTERN_TIME,
    LATE_SUMMER_TIME,
    NO_SUMMER_TIME,
    SUMMER_TIME,
    write_zone,
    zones_in,
)


def coming(month: int, day: int) -> date:
    """The next such day that is at least ten days away."""
    today = datetime.now(UTC).date()
    here = date(today.year, month, day)
    return here if here > today + timedelta(days=10) else date(today.year + 1, month, day)


JULY, JANUARY = coming(7, 1), coming(1, 20)
THURSDAY = JULY + timedelta(days=(3 - JULY.weekday()) % 7)
DAY = timedelta(days=1)
SetClock = Callable[[str, str], None]


@pytest.fixture(scope="module")
def set_clock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SetClock]:
    """`set_clock("Test/Here", rule)`: as if the zone data had been replaced under the running system."""
    folder: Path = tmp_path_factory.mktemp("zones")
    with zones_in(folder):
        yield lambda key, rule: write_zone(folder / key, rule)


async def a_place(chain: Chain, zone: str, hours: list[str]) -> Place:
    """One therapist on shift while the branch is open, two rooms."""
    branch = await chain.branch(timezone=zone, hours=every_day(hours))
    therapist = await chain.therapist(branch, shift=False)
    first = datetime.now(ZoneInfo(zone)).replace(hour=int(hours[0][:2]), minute=0, second=0, microsecond=0)
    shift = {"branch_id": branch, "starts_at": first.isoformat(), "repeat": "FREQ=DAILY",
             "ends_at": (first + timedelta(hours=int(hours[1][:2]) - int(hours[0][:2]))).isoformat()}  # fmt: skip
    await chain.post(f"/v1/therapists/{therapist}/shifts", shift)
    rooms = [await chain.room(branch) for _ in range(2)]
    return Place(branch, await chain.treatment(), await chain.client(branch), [therapist], rooms)


async def book(chain: Chain, place: Place, local: str) -> dict[str, Any]:
    """Confirmed, at that time of the branch's clock."""
    wish = place.wish(datetime.now().astimezone()) | {"starts_at_local": local}
    del wish["starts_at"]
    asked = await chain.post("/v1/appointments", wish, 202, Prefer="wait=0")
    await chain.hear(cleared(asked), assigned(asked, place.room_ids[0]))
    return await now(chain, asked)


async def say_yes(chain: Chain, place: Place) -> list[str]:
    """Both services agree to whatever is asked for now. Returns the local starts of these."""
    pending = (await chain.get("/v1/appointments", branch_id=place.branch_id, status="pending"))["items"]
    for asked in pending:
        await chain.hear(cleared(asked))
        await chain.hear(assigned(asked, place.room_ids[0], asked["attempt"] + 5))
    return [asked["starts_at_local"][11:16] for asked in pending]


async def starts(chain: Chain, place: Place, day: str) -> list[str]:
    query = {"treatment_id": place.treatment_id, "branch_id": place.branch_id, "from": f"{day}T00:00:00Z",
             "to": f"{day}T23:59:59Z"}  # fmt: skip
    return [slot["starts_at"][11:16] for slot in (await chain.get("/v1/availability", **query))["slots"]]


async def test_summer_time_is_abolished_and_everything_to_come_keeps_its_wall_time(
    chain: Chain, set_clock: SetClock
) -> None:
    set_clock("Test/Abolished", SUMMER_TIME)
    place = await a_place(chain, "Test/Abolished", ["08:00", "14:00"])
    summer = [await book(chain, place, f"{JULY}T{hour:02}:00:00") for hour in (9, 10, 11, 13)]
    winter = await book(chain, place, f"{JANUARY}T09:00:00")
    running = await book(chain, place, f"{JULY}T08:00:00")
    await chain.hear(started(running, datetime.fromisoformat(running["starts_at"])))
    assert [a["starts_at"][11:16] for a in (*summer, winter)] == ["07:00", "08:00", "09:00", "11:00", "08:00"]
    path = f"/v1/branches/{place.branch_id}/closures"
    closure = await chain.post(path, {"starts_at_local": f"{JULY}T14:00:00", "ends_on": f"{JULY}"})
    held = await chain.post(
        "/v1/holds", {"branch_id": place.branch_id, "treatment_id": place.treatment_id,
                      "starts_at_local": f"{JULY + 4 * DAY}T09:00:00"}
    )  # fmt: skip
    assert await chain.run(zones.look) == 0, "the first look only notes by which rules things are"

    set_clock("Test/Abolished", NO_SUMMER_TIME)
    ops = chain.mint.bearer("ops:read", "ops:write")
    planned = await chain.http.post("/v1/ops/timezones", params={"dry_run": "true"}, headers=ops)
    assert planned.status_code == 200, planned.text
    [zone] = planned.json()["items"]
    assert {session["appointment_id"] for session in zone["sessions"]} == {a["id"] for a in summer}
    assert (zone["shifts"], zone["closures"], zone["holds"]) == (1, 1, 1)
    assert [now_["starts_at"] for now_ in [await now(chain, a) for a in summer]] == [a["starts_at"] for a in summer]
    assert (await starts(chain, place, f"{JULY + 4 * DAY}"))[0] == "06:00", "taken back"

    assert await chain.run(zones.look) == 1
    assert (await starts(chain, place, f"{JULY + 5 * DAY}"))[0] == "07:00", "eight o'clock is an hour later"
    assert (await starts(chain, place, f"{JANUARY + DAY}"))[0] == "07:00", "and in winter what it was"
    [closed] = (await chain.get(path))["items"]
    assert datetime.fromisoformat(closed["starts_at"]) - datetime.fromisoformat(closure["starts_at"]) == timedelta(
        hours=1
    )  # fmt: skip
    assert closed["starts_at_local"] == closure["starts_at_local"]
    assert (await chain.get(f"/v1/holds/{held['id']}"))["state"] == "released"
    assert await chain.run(closures.keep_closed) == 0, "the last session is yet to make way, and is not displaced"

    asked = []
    while await chain.run(following.move_on):
        asked.append(await say_yes(chain, place))
    assert [batch for batch in asked if batch] == [["11:00", "13:00"], ["10:00"], ["09:00"]], "each when it has room"
    for booked in summer:
        moved = await now(chain, booked)
        assert (moved["status"], moved["starts_at_local"]) == ("confirmed", booked["starts_at_local"])
        gained = datetime.fromisoformat(moved["starts_at"]) - datetime.fromisoformat(booked["starts_at"])
        assert gained == timedelta(hours=1)
        assert [row.at for row in await claims(chain, booked)] == [datetime.fromisoformat(moved["starts_at"])]
    assert (await now(chain, winter))["version"] == winter["version"]
    assert (await now(chain, running))["status"] == "in_progress"
    said = await chain.sql(
        "SELECT type, CAST(payload AS jsonb) AS data FROM outbox"
        " WHERE aggregateid = :id AND type LIKE '%branch.clock%' ORDER BY seq", id=place.branch_id
    )  # fmt: skip
    assert [row.data.get("moved", row.data.get("sessions")) for row in said] == [4, 4]
    assert await chain.run(zones.look) == await chain.run(following.move_on) == 0, "the same again finds nothing to do"
    assert (await chain.get("/v1/attention", branch_id=place.branch_id))["items"] == []


async def test_what_cannot_follow_stays_and_is_put_to_a_person_once(chain: Chain, set_clock: SetClock) -> None:
    set_clock("Test/Late", NO_SUMMER_TIME)
    place = await a_place(chain, "Test/Late", ["00:00", "08:00"])
    gap, roomless, fine = [await book(chain, place, f"{THURSDAY}T{clock}:00") for clock in ("02:30", "04:30", "06:30")]
    await chain.run(zones.look)
    set_clock("Test/Late", LATE_SUMMER_TIME)
    assert await chain.run(zones.look) == 1
    for _ in range(12):
        await chain.run(following.move_on)
        for asked in (await chain.get("/v1/appointments", branch_id=place.branch_id, status="pending"))["items"]:
            await chain.hear(cleared(asked))
            if asked["id"] == roomless["id"]:
                await chain.hear(unavailable(asked, "no_certified_room"))
            else:
                await chain.hear(assigned(asked, place.room_ids[0], asked["attempt"] + 5))
    assert (await now(chain, fine))["starts_at_local"] == fine["starts_at_local"]
    for left in (gap, roomless):
        stands = await now(chain, left)
        assert (stands["status"], stands["starts_at"], stands["room_id"]) == (
            "confirmed", left["starts_at"], place.room_ids[0]
        )  # fmt: skip
        assert stands["starts_at_local"][11:13] > left["starts_at_local"][11:13], "shown as the clock now has it"
    items = (await chain.get("/v1/attention", branch_id=place.branch_id, kind="conflict"))["items"]
    assert {(item["appointment_id"], item["reason"]) for item in items} == {
        (gap["id"], "zone_rules_changed"), (roomless["id"], "zone_rules_changed")
    }  # fmt: skip
    ops = chain.mint.bearer("ops:read")
    state = (await chain.http.get("/v1/ops/timezones", headers=ops)).json()
    conflicts = {one["appointment_id"]: (one["promised"][11:16], one["code"]) for one in state["conflicts"]}
    assert conflicts[gap["id"]] == ("02:30", "nonexistent_local_time")
    assert conflicts[roomless["id"]] == ("04:30", "no_certified_room")
    assert [one["rules"] == one["applied"] for one in state["items"]] == [True] * len(state["items"])
    elsewhere = chain.mint.bearer("ops:read", "ops:write", branches=[await chain.branch()])
    theirs = (await chain.http.get("/v1/ops/timezones", headers=elsewhere)).json()
    assert ([len(one["branch_ids"]) for one in theirs["items"]], theirs["conflicts"]) == ([1], [])
    refused = await chain.http.post("/v1/ops/timezones", params={"dry_run": "true"}, headers=elsewhere)
    assert (refused.status_code, refused.json()["code"]) == (403, "all_branches_needed")
    assert await chain.run(zones.look) == await chain.run(following.move_on) == 0

    set_clock("Test/Late", NO_SUMMER_TIME)  # they think better of it
    assert await chain.run(zones.look) == 1
    while await chain.run(following.move_on):
        await say_yes(chain, place)
    for booked in (gap, roomless, fine):
        assert (await now(chain, booked))["starts_at"] == booked["starts_at"]


async def test_a_process_that_has_read_older_rules_lets_sessions_follow_by_the_new_ones(
    chain: Chain, set_clock: SetClock
) -> None:
    set_clock("Test/Stale", SUMMER_TIME)
    place = await a_place(chain, "Test/Stale", ["08:00", "14:00"])
    booked = await book(chain, place, f"{JULY}T09:00:00")
    await chain.run(zones.look)
    set_clock("Test/Stale", NO_SUMMER_TIME)
    assert await chain.run(zones.look) == 1, "by another process, say"
    set_clock("Test/Stale", SUMMER_TIME)
    ZoneInfo.clear_cache(only_keys=["Test/Stale"])
    read_before = ZoneInfo("Test/Stale")
    set_clock("Test/Stale", NO_SUMMER_TIME)
    assert ZoneInfo("Test/Stale") is read_before
    while await chain.run(following.move_on):
        await say_yes(chain, place)
    moved = await now(chain, booked)
    assert (moved["status"], moved["starts_at_local"]) == ("confirmed", booked["starts_at_local"])
    gained = datetime.fromisoformat(moved["starts_at"]) - datetime.fromisoformat(booked["starts_at"])
    assert gained == timedelta(hours=1)


async def test_an_offer_whose_wall_time_is_no_more_what_was_written_is_taken_back(
    chain: Chain, set_clock: SetClock
) -> None:
    set_clock("Test/Offered", NO_SUMMER_TIME)
    place = await a_place(chain, "Test/Offered", ["08:00", "14:00"])
    place = replace(place, treatment_id=await chain.treatment(bar=False))
    entry = await join(chain, place)
    await chain.run(zones.look)
    await move(chain)
    told = await offer(chain, entry)
    set_clock("Test/Offered", EASTERN_TIME)
    assert await chain.run(zones.look) == 1
    assert (await chain.get(f"/v1/holds/{told['id']}"))["state"] == "released"
    await move(chain)
    assert (await answer(chain, told, "accept")).json()["code"] == "offer_ended"
    assert (await offer(chain, entry))["starts_at"] != told["starts_at"], "the line goes on by the new clock"


async def test_new_hours_name_the_sessions_they_leave_outside_and_displace_nobody(chain: Chain) -> None:
    place = await chain.place(hours=every_day(["08:00", "20:00"]), therapists=2)
    day = datetime.combine(JANUARY, time(), UTC)
    early, late = [await chain.confirmed(place, day.replace(hour=hour)) for hour in (9, 18)]
    path = f"/v1/branches/{place.branch_id}"
    branch = await chain.http.get(path)
    shorter = {"opening_hours": every_day(["08:00", "18:30"])}
    match = {"If-Match": branch.headers["etag"]}
    said = (await chain.http.patch(path, params={"dry_run": "true"}, json=shorter, headers=match)).json()
    assert (await chain.get(path))["opening_hours"] == branch.json()["opening_hours"]
    changed = await chain.http.patch(path, json=shorter, headers=match)
    assert [one["appointment_id"] for one in changed.json()["conflicts"]] == [late["id"]]
    assert said["conflicts"] == changed.json()["conflicts"]
    assert [(await now(chain, a))["status"] for a in (early, late)] == ["confirmed", "confirmed"]
    [item] = (await chain.get("/v1/attention", branch_id=place.branch_id))["items"]
    assert (item["appointment_id"], item["kind"], item["reason"]) == (late["id"], "conflict", "outside_opening_hours")
    longer = {"opening_hours": every_day(["08:00", "21:00"])}
    again = await chain.http.patch(path, json=longer, headers={"If-Match": changed.headers["etag"]})
    assert again.json()["conflicts"] == []
    assert (await chain.get("/v1/attention", branch_id=place.branch_id))["items"] == []
