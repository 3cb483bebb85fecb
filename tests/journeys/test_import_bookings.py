"""A chain's bookings of another system: every conflict is listed first, then the saga decides, and twice is once."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from tests.caibei_run import ROOT
from tests.journeys.chain import Chain, at
from tests.journeys.system import Whole


async def imported(whole: Whole, file: Path, *options: str) -> Any:
    """The report, by the command a person would give."""
    command = (sys.executable, "-m", "deploy.cli.main", "import", str(file), "--data-dir", str(whole.folder), "--json")
    child = await asyncio.create_subprocess_exec(*command, *options, cwd=ROOT, stdout=asyncio.subprocess.PIPE)
    said, _ = await asyncio.wait_for(child.communicate(), 120)
    return json.loads(said) | {"exit": child.returncode}


def by_line(found: list[dict[str, Any]]) -> dict[int, set[tuple[str, str]]]:
    """(field, the problem's first word) by line."""
    lines: dict[int, set[tuple[str, str]]] = {}
    for fault in found:
        lines.setdefault(fault["line"], set()).add((fault["field"], fault["problem"].split(":")[0]))
    return lines


async def test_conflicts_are_listed_before_anything_is_booked_and_the_saga_refuses_the_same(
    chain: Chain, whole: Whole, tmp_path: Path
) -> None:
    hours = {day: [["08:00", "20:00"]] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}
    spa = await chain.spa(rooms=2, therapists=2, timezone="Etc/UTC", hours=hours)
    treatment, client = spa.treatment, spa.client
    other, unasked = await chain.client(spa.branch), await chain.client(spa.branch, screened=None)
    li, mei = [therapist["id"] for therapist in spa.therapists]
    taken = await spa.book(at(3, 10), therapist_id=li)
    for room in spa.rooms[1:]:
        await chain.lock_out(room["bars"][0])
    shut = {"starts_at": at(4, 8).isoformat(), "ends_at": at(4, 20).isoformat(), "reason": "holiday"}
    await chain.desk.made("scheduling", f"/v1/branches/{spa.branch['id']}/closures", shut)
    rows = [
        (at(3, 13), client["email"], li, ""),  # 2: fine
        (at(3, 13), other["email"], li, ""),  # 3: her second session then
        (at(3, 10), other["email"], li, ""),  # 4: she gives one already
        (at(3, 15), unasked["email"], mei, ""),  # 5: never screened
        (at(3, 17), other["email"], mei, spa.rooms[1]["code"]),  # 6: its bars are locked out
        (at(4, 12), other["email"], mei, ""),  # 7: closed
        (at(3, 7), other["email"], "", ""),  # 8: before it opens
    ]
    file, mapping = tmp_path / "book.csv", tmp_path / "map.yaml"
    mapping.write_text("columns: {starts: when, client: mail, therapist: who}\n")
    file.write_text("when,mail,who,room,treatment,branch,uid\n" + "".join(
        f"{when:%Y-%m-%dT%H:%M}+00:00,{mail},{who},{room},{treatment['code']},{spa.branch['code']},x-{n}\n"
        for n, (when, mail, who, room) in enumerate(rows)
    ))  # fmt: skip
    checked = await imported(whole, file, "--mapping", str(mapping), "--dry-run")
    assert (checked["complete"], checked["exit"]) == (False, 1)
    foreseen = by_line(checked["conflicts"])
    assert foreseen[3] == {("therapist", "slot_taken")}
    assert ("therapist", "slot_taken") in foreseen[4]
    assert foreseen[5] == {("client", "screening_required")}
    assert foreseen[6] == {("room", "room_not_certified")}
    assert foreseen[7] == {("starts", "outside_opening_hours")}
    assert ("starts", "outside_opening_hours") in foreseen[8]
    assert set(foreseen) == {3, 4, 5, 6, 7, 8}
    booked = await chain.desk.get("scheduling", "/v1/appointments", branch_id=spa.branch["id"])
    assert [one["id"] for one in booked["items"]] == [taken["id"]], "nothing was booked"

    report = await imported(whole, file, "--mapping", str(mapping))
    assert (report["created"], report["exit"]) == ({"appointments": 1}, 1)
    refused = {fault["line"]: fault["problem"].split()[2].rstrip(":") for fault in report["failed"]}
    assert refused.keys() == foreseen.keys()
    assert [refused[line] for line in (4, 5, 6, 7, 8)] == [
        "slot_taken", "screening_required", "room_not_certified", "outside_opening_hours", "outside_opening_hours"
    ]  # fmt: skip

    await chain.screen(unasked)  # what was in the way is put right, and the same import goes on from there
    again = await imported(whole, file, "--mapping", str(mapping))
    assert again["created"].get("appointments", 0) + again["present"]["appointments"] == 2
    assert set(by_line(again["failed"])) == {3, 4, 6, 7, 8}


async def test_a_calendar_is_imported_once_however_often_and_a_moved_event_is_not_booked_again(
    chain: Chain, whole: Whole, tmp_path: Path
) -> None:
    spa = await chain.spa(therapists=1)
    start = at(5, 9)

    def calendar(first: str) -> str:
        event = (f"BEGIN:VEVENT\nUID:{spa.branch['code']}-1\n{first}\nDURATION:PT60M\nSUMMARY:{spa.treatment['code']}\n"
                 f"ATTENDEE:mailto:{spa.client['email']}\nEND:VEVENT\n")  # fmt: skip
        daily = f"DTSTART:{at(6, 9):%Y%m%dT%H%M%S}Z\nRRULE:FREQ=DAILY;COUNT=2"
        repeated = event.replace("-1\n", "-2\n").replace(first, daily)
        past = event.replace("-1\n", "-3\n").replace(first, "DTSTART:20200101T100000Z")
        return f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\n{event}{repeated}{past}END:VCALENDAR\n"

    file = tmp_path / "book.ics"
    file.write_text(calendar(f"DTSTART:{start:%Y%m%dT%H%M%S}Z"))
    options = ("--branch", spa.branch["code"])
    done = await imported(whole, file, *options)
    assert (done["created"], done["failed"], done["skipped"], done["exit"]) == ({"appointments": 3}, [], 1, 0)
    again = await imported(whole, file, *options)
    assert (again["created"], again["present"], again["conflicts"]) == ({}, {"appointments": 3}, [])
    file.write_text(calendar(f"DTSTART:{at(5, 12):%Y%m%dT%H%M%S}Z"))
    moved = await imported(whole, file, *options)
    assert (moved["created"], moved["present"], moved["exit"]) == ({}, {"appointments": 2}, 1)
    [fault] = moved["failed"]
    assert "was imported before" in fault["problem"]
    booked = await chain.desk.get("scheduling", "/v1/appointments", branch_id=spa.branch["id"])
    assert sorted(one["starts_at"] for one in booked["items"])[0] == start.isoformat().replace("+00:00", "Z")
    assert {one["status"] for one in booked["items"]} == {"confirmed"}
    assert len(booked["items"]) == 3
