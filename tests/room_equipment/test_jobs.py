"""The clock: warnings of certificates that end, once each; load profiles that grow old."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from services.room_equipment.jobs import turn_stale, warn_of_ends
from tests.room_equipment.spa import Spa, soon


async def run(spa: Spa, job: Any) -> int:
    async with spa.app.state.database.transaction() as tx:
        return int(await job(tx))


async def warnings(spa: Spa, room: UUID) -> list[tuple[str, int | None]]:
    told = await spa.announced(kind="inspection-", key=room)
    return [
        (event["type"].split(".")[3], event.get("days_left"))
        for event in told
        if event["type"].endswith(("due.v1", "expired.v1"))
    ]


async def shift(spa: Spa, bar: UUID, days: int) -> None:
    """Let time pass: the bar's certificate ends that many days from today."""
    end = datetime.now(UTC) + timedelta(days=days)
    await spa.as_superuser(
        "UPDATE inspections SET valid_until = $2, certified_until = $3 WHERE bar_id = $1", bar, end.date(),
        end.replace(hour=23, minute=59),
    )  # fmt: skip


async def test_each_warning_is_said_once_and_the_end_once(app: Any, mint: Any, rooms_database: Any) -> None:
    spa = await Spa(app, mint, rooms_database).open("UTC")
    room, bar = await spa.cleared_room()
    said: list[tuple[str, int | None]] = []
    for days, expected in (
        (31, None), (30, 30), (29, None), (14, 14), (8, None), (7, 7), (3, None), (1, 1), (0, None), (-1, "expired"),
        (-2, None),
    ):  # fmt: skip
        await shift(spa, bar, days)
        for _ in range(2):
            await run(spa, warn_of_ends)
        if expected is not None:
            said.append(("inspection-expired", None) if expected == "expired" else ("inspection-due", int(expected)))
        assert await warnings(spa, room) == said, days


async def test_after_an_outage_the_newest_warning_is_said_not_all_that_were_missed(spa: Spa) -> None:
    room, bar = await spa.cleared_room()
    await shift(spa, bar, 5)
    await run(spa, warn_of_ends)
    assert await warnings(spa, room) == [("inspection-due", 7)]


async def test_a_removed_bar_and_a_superseded_certificate_warn_no_more(spa: Spa) -> None:
    room, bar = await spa.cleared_room()
    await shift(spa, bar, 5)
    assert (await spa.inspect(bar)).status_code == 201
    gone_room, gone = await spa.cleared_room()
    await shift(spa, gone, 5)
    await spa.http.patch(f"/v1/bars/{gone}", json={"removed_on": "2026-01-01"}, headers={"If-Match": "*"})
    await run(spa, warn_of_ends)
    assert await warnings(spa, room) == [] and await warnings(spa, gone_room) == []


async def test_a_profile_turns_stale_once(spa: Spa) -> None:
    therapist = await spa.therapist(60)
    await spa.as_superuser(
        "UPDATE load_profiles SET valid_until = $2 WHERE therapist_id = $1", therapist, soon(-2).date()
    )
    for _ in range(2):
        await run(spa, turn_stale)
    states = [event["state"] for event in await spa.announced(kind="load-profile", key=therapist)]
    assert states == ["valid", "stale"]
    assert (await spa.http.get(f"/v1/load-profiles/{therapist}")).json()["state"] == "stale"
