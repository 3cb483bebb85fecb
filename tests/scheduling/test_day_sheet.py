"""What a branch works from when nothing else works: the day on paper, and on a screen."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from shared.events.codes import GapReason
from shared.events.room_equipment import ClearanceGap, ClearancePeriod, RoomClearanceChanged, RoomRevoked
from tests.scheduling.builders import Chain, Place, assignment, every_day, iso, tomorrow
from tests.shared.kit.printed import words

BERLIN = ZoneInfo("Europe/Berlin")
NIGHT = every_day(["12:00", "02:00"])


async def sheet(chain: Chain, branch: str, **params: Any) -> dict[str, Any]:
    found: dict[str, Any] = await chain.get(f"/v1/branches/{branch}/day-sheet", **params)
    return found


async def paper(chain: Chain, branch: str, **params: Any) -> str:
    answer = await chain.http.get(f"/v1/branches/{branch}/day-sheet.pdf", params=params)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf"), answer.text
    return words(answer.content)


async def night(chain: Chain) -> tuple[Place, datetime]:
    """A branch open past midnight, and half past midnight of the day after tomorrow."""
    place = await chain.place(timezone="Europe/Berlin", hours=NIGHT, name="Mitte", therapists=2)
    day = (datetime.now(UTC).astimezone(BERLIN) + timedelta(days=2)).replace(hour=0, minute=30, second=0, microsecond=0)
    return place, day.astimezone(UTC)


async def test_the_night_is_on_the_sheet_of_its_evening_and_each_session_on_one(chain: Chain) -> None:
    place, late = await night(chain)
    evening = await chain.confirmed(place, late - timedelta(hours=3))
    after_midnight = await chain.confirmed(place, late)
    next_day = await chain.confirmed(place, late + timedelta(hours=14))
    day = late.astimezone(BERLIN).date()
    first, second = [await sheet(chain, place.branch_id, date=str(day + timedelta(days=n))) for n in (-1, 0)]
    assert [s["appointment_id"] for s in first["sessions"]] == [evening["id"], after_midnight["id"]]
    assert [s["appointment_id"] for s in second["sessions"]] == [next_day["id"]]
    said = await paper(chain, place.branch_id, date=str(day - timedelta(days=1)))
    assert f"00:30 {day:%a} – 01:30 {day:%a}" in said


@pytest.mark.parametrize(("day", "hours"), [("2027-03-28", 23), ("2027-10-31", 25)])
async def test_the_days_on_which_the_clock_changes_have_their_hours_and_say_which_repeated_one(
    chain: Chain, day: str, hours: int
) -> None:
    branch = await chain.branch("Europe/Berlin", every_day(["00:00", "24:00"]))
    found = await sheet(chain, branch, date=day)
    starts, ends = (datetime.fromisoformat(found[name]) for name in ("starts_at", "ends_at"))
    assert ends - starts == timedelta(hours=hours)
    assert f"({hours} hours)" in await paper(chain, branch, date=day)
    body = {"starts_at": f"{day}T02:15:00+01:00", "ends_at": f"{day}T05:00:00+01:00", "reason": "stocktaking"}
    await chain.post(f"/v1/branches/{branch}/closures", body)
    said = await paper(chain, branch, date=day)
    expected = "02:15 (UTC+0100) – 05:00: stocktaking" if hours == 25 else "03:15 – 06:00: stocktaking"
    assert expected in said


async def test_each_rooms_bars_are_said_for_the_day_with_their_reason(chain: Chain) -> None:
    place = await chain.place(rooms=0, name="Mitte")
    ready, ends, locked, bare = [await chain.room(place.branch_id, cleared=False) for _ in range(4)]
    day, end = tomorrow(0), tomorrow(14)
    until = day + timedelta(days=100)

    async def say(room: str, periods: list[tuple[datetime, datetime]], gap: datetime, reason: GapReason) -> None:
        await chain.hear(
            RoomClearanceChanged(
                room_id=UUID(room), branch_id=UUID(place.branch_id), version=1,
                periods=[ClearancePeriod(starts_at=a, ends_at=b) for a, b in periods],
                gaps=[ClearanceGap(starts_at=gap, ends_at=None, reason=reason)],
            )
        )  # fmt: skip

    now = datetime.now(UTC)
    await say(ready, [(now, until)], until, GapReason.LAPSED)
    await say(ends, [(now, end)], end, GapReason.LAPSED)
    await say(locked, [], now, GapReason.LOCKED_OUT)
    await say(bare, [], now, GapReason.NO_BAR)
    rooms = {r["room_id"]: r for r in (await sheet(chain, place.branch_id, date=str(day.date())))["rooms"]}
    assert [rooms[id]["cleared"] for id in (ready, ends, locked, bare)] == ["all_day", "partly", "not", "not"]
    assert [rooms[id]["cleared_until"] for id in (ready, ends, locked)] == [iso(until), iso(end), None]
    assert [(b["cleared"], b["reason"], b["starts_at"]) for b in rooms[ends]["bars"]] == [
        (True, None, iso(day)), (False, "lapsed", iso(end)),
    ]  # fmt: skip
    said = await paper(chain, place.branch_id, date=str(day.date()))
    for part in ("CLEARED all day, until", "14:00 – 00:00", "NOT CLEARED, certificate lapsed",
                  "NOT CLEARED all day: locked out", "NOT CLEARED all day: no bar: massage only"):  # fmt: skip
        assert part in said, said
    [_, warned] = said.split("No back-stepping, for all or part of the day, in ")
    codes = [rooms[id]["code"] for id in (ends, locked)]
    assert sorted(warned.split(".")[0].split(", ")) == sorted(codes), "a room without bars is no news"


async def test_what_needs_a_person_comes_first_with_whom_to_call_and_nothing_of_health_is_said(chain: Chain) -> None:
    place = await chain.place(name="静安 Branch", timezone="Asia/Shanghai", address="南京西路 1618 号")
    path = f"/v1/clients/{place.client_id}"
    change = {"name": "王芳 <b>Fang</b>", "phone": "+86 21 5550", "pressure_preference": "hard"}
    assert (await chain.http.patch(path, json=change, headers={"If-Match": '"1"'})).status_code == 200
    booked = await chain.confirmed(place, tomorrow(4), notes="slipped disc")
    day = str(tomorrow(4).date())
    before = await paper(chain, place.branch_id, date=day)
    assert "+86 21 5550" not in before
    await chain.hear(RoomRevoked(**assignment(booked, place.room_ids[0], 2), reason="locked_out"))
    said = await paper(chain, place.branch_id, date=day)
    assert "1 session of this day needs a person." in said
    for part in ("+86 21 5550", "王芳 <b>Fang</b>", "lost its room", "NEEDS A PERSON", "Without a room",
                 "12:00 – 13:00", "南京西路 1618 号", "Therapist"):  # fmt: skip
        assert part in said, part
    assert not [word for word in ("disc", "wang@", "hard", "screening") if word in said]
    found = await sheet(chain, place.branch_id, date=day)
    assert [item["client_phone"] for item in found["attention"]] == ["+86 21 5550"]
    assert "client_phone" not in found["sessions"][0]
    [count] = await chain.sql(
        "SELECT count(*) AS n FROM audit_log WHERE action = 'printed_day_sheet' AND branch_id = :id",
        id=UUID(place.branch_id),
    )  # fmt: skip
    assert count.n == 2


async def test_a_sheet_is_of_the_day_in_use_and_only_for_who_sees_the_branch(chain: Chain) -> None:
    place = await chain.place()
    assert (await sheet(chain, place.branch_id))["date"] == str(datetime.now(UTC).date())
    answer = await chain.http.get(f"/v1/branches/{place.branch_id}/day-sheet.pdf")
    held = {"If-None-Match": answer.headers["etag"]}
    assert (await chain.http.get(f"/v1/branches/{place.branch_id}/day-sheet.pdf", headers=held)).status_code == 304
    elsewhere = chain.mint.bearer("scheduling:read", branches=[await chain.branch()])
    for suffix in ("", ".pdf"):
        path = f"/v1/branches/{place.branch_id}/day-sheet{suffix}"
        assert (await chain.http.get(path, headers=elsewhere)).status_code == 404
        for wrong in ("2027-02-30", "9999-12-31", "0001-01-01"):
            refused = await chain.http.get(path, params={"date": wrong})
            assert (refused.status_code, refused.json()["code"]) == (422, "invalid_input"), wrong
