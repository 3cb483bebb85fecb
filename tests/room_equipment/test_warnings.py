"""Each warning once: at the branch's midnight, across restarts, instances, clocks set back and nights that differ."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from services.room_equipment.domain.houserules import RuleBook
from services.room_equipment.handlers.warnings import warn
from tests.room_equipment.spa import Spa
from tests.room_equipment.test_equipment import inspect, strap

BOOK = RuleBook()  # 30, 14, 7 and 1 days


async def at(spa: Spa, now: datetime) -> int:
    """The job's work, with the clock that it would read from the database."""
    async with spa.app.state.database.transaction() as tx:
        return await warn(tx, now, BOOK)


async def said(spa: Spa, room: UUID) -> list[tuple[str, int | None]]:
    return [
        (".".join(event["type"].split(".")[2:4]), event.get("days_left"))
        for event in await spa.announced(key=room)
        if event["type"].endswith(("inspection-due.v1", "inspection-expired.v1"))
    ]


async def ending(spa: Spa, day: str, end: datetime) -> tuple[UUID, UUID]:
    """A cleared room whose bar's certificate ends with that local day."""
    room, bar = await spa.cleared_room()
    await spa.as_superuser(
        "UPDATE inspections SET valid_until = $2, certified_until = $3 WHERE bar_id = $1",
        bar, datetime.fromisoformat(day).date(), end,
    )  # fmt: skip
    return room, bar


@pytest.mark.parametrize(
    ("day", "end", "midnights"),
    [
        (  # the last day has 23 hours in Berlin
            "2027-03-28", "2027-03-28T22:00Z",
            {30: "2027-02-25T23:00Z", 14: "2027-03-13T23:00Z", 7: "2027-03-20T23:00Z", 1: "2027-03-26T23:00Z"},
        ),
        (  # the last day has 25 hours
            "2027-10-31", "2027-10-31T23:00Z",
            {30: "2027-09-30T22:00Z", 14: "2027-10-16T22:00Z", 7: "2027-10-23T22:00Z", 1: "2027-10-29T22:00Z"},
        ),
        (  # the day after a leap day
            "2028-03-01", "2028-03-01T23:00Z",
            {30: "2028-01-30T23:00Z", 14: "2028-02-15T23:00Z", 7: "2028-02-22T23:00Z", 1: "2028-02-28T23:00Z"},
        ),
    ],
)  # fmt: skip
async def test_each_warning_comes_at_the_branchs_midnight_and_once(
    spa: Spa, day: str, end: str, midnights: dict[int, str]
) -> None:
    """A service that looks around every midnight on which it must, and on which it must not, speak."""
    last = datetime.fromisoformat(end)
    expected = {left: datetime.fromisoformat(when) for left, when in midnights.items()} | {None: last}
    room, _ = await ending(spa, day, last)
    heard: list[tuple[int | None, datetime]] = []
    for moment in sorted(expected.values()):
        for hours in (-25, -24, -23, -1, -1 / 3600, 0, 1 / 3600, 1, 23, 24, 25):
            now = moment + timedelta(hours=hours)
            await at(spa, now)
            heard += [(left, now) for _, left in (await said(spa, room))[len(heard) :]]
    assert heard == sorted(expected.items(), key=lambda item: item[1])


async def test_two_instances_at_one_moment_say_it_once(spa: Spa) -> None:
    now = datetime(2027, 5, 1, 12, tzinfo=UTC)
    made = [await ending(spa, "2027-05-05", datetime(2027, 5, 5, 22, tzinfo=UTC)) for _ in range(5)]
    await asyncio.gather(*[at(spa, now) for _ in range(4)])
    for room, _ in made:
        assert await said(spa, room) == [("bar.inspection-due", 7)]


async def test_a_run_that_broke_off_says_it_in_the_next_one_and_not_twice(spa: Spa) -> None:
    now = datetime(2027, 6, 1, 12, tzinfo=UTC)
    room, _ = await ending(spa, "2027-06-14", datetime(2027, 6, 14, 22, tzinfo=UTC))
    with pytest.raises(RuntimeError, match="killed"):
        async with spa.app.state.database.transaction() as tx:
            await warn(tx, now, BOOK)
            raise RuntimeError("killed before its commit")
    assert await said(spa, room) == []
    for _ in range(3):
        await at(spa, now)
    assert await said(spa, room) == [("bar.inspection-due", 14)]


async def test_a_clock_set_back_says_nothing_again_and_nothing_farther_off(spa: Spa) -> None:
    room, _ = await ending(spa, "2027-07-30", datetime(2027, 7, 30, 22, tzinfo=UTC))
    week, end = datetime(2027, 7, 25, 12, tzinfo=UTC), datetime(2027, 7, 30, 22, tzinfo=UTC)
    for now in (week, week - timedelta(days=15), week - timedelta(days=4), week, end, week, end):
        await at(spa, now)
    assert await said(spa, room) == [("bar.inspection-due", 7), ("bar.inspection-expired", None)]


async def test_a_new_certificate_is_warned_of_anew(spa: Spa) -> None:
    room, bar = await spa.cleared_room()
    (first,) = await spa.sql("SELECT max(certified_until) AS end FROM inspections WHERE bar_id = $1", bar)
    await at(spa, first["end"] - timedelta(days=5))
    assert (await spa.inspect(bar)).status_code == 201
    await at(spa, first["end"] - timedelta(days=5))
    assert await said(spa, room) == [("bar.inspection-due", 7)] * 2


async def test_accessories_are_warned_of_too_while_they_are_in_service(spa: Spa) -> None:
    room = await spa.room()
    in_use, put_away, gone, failed = [(await strap(spa, room, name=str(n)))["id"] for n in range(4)]
    for id in (in_use, put_away, gone, failed):
        await inspect(spa, id)
    await inspect(spa, failed, "fail")
    for id, change in ((put_away, {"in_service": False}), (gone, {"removed_on": "2026-01-01"})):
        await spa.http.patch(f"/v1/equipment/{id}", json=change, headers={"If-Match": "*"})
    (row,) = await spa.sql(
        "SELECT certified_until AS end FROM equipment_inspections WHERE equipment_id = $1", UUID(in_use)
    )
    end: Any = row["end"]
    for now in (end - timedelta(days=20), end - timedelta(days=1), end, end + timedelta(days=9)):
        await asyncio.gather(at(spa, now), at(spa, now))
    assert await said(spa, room) == [
        ("equipment.inspection-due", 30), ("equipment.inspection-due", 1), ("equipment.inspection-expired", None),
    ]  # fmt: skip
    told = [e for e in await spa.announced(key=room) if e["type"].endswith("inspection-expired.v1")]
    assert [e["equipment_id"] for e in told] == [in_use]
