"""The evidence of a session is of that minute: what changes later does not change it."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from shared.kit.ids import new_id
from tests.room_equipment.door import Door
from tests.room_equipment.spa import Spa, soon
from tests.shared.kit.printed import read, words


async def evidence(spa: Spa, appointment_id: UUID) -> dict[str, Any]:
    answer = await spa.http.get(f"/v1/assignments/{appointment_id}/evidence")
    found: dict[str, Any] = answer.raise_for_status().json()
    return found


async def patch(spa: Spa, bar: UUID, **values: Any) -> None:
    tag = (await spa.http.get(f"/v1/bars/{bar}")).headers["etag"]
    answer = await spa.http.patch(f"/v1/bars/{bar}", json=values, headers={"If-Match": tag})
    assert answer.status_code == 200, answer.text


async def test_a_finished_session_keeps_its_bars_and_inspections_whatever_happens_to_them_later(door: Door) -> None:
    spa = door.spa
    assert (await door.start()).status_code == 200
    (await spa.http.post(f"/v1/assignments/{door.session}/finish", json={"result": "complete"})).raise_for_status()
    before = await evidence(spa, door.session)
    assert [bar["bar_id"] for bar in before["bars"]] == [str(door.bar)]
    assert before["standing"]["proved_at_start"] is True
    assert before["standing"]["at"] == before["started_at"]

    # As if it had been yesterday, and the bar had been rated lower, renumbered, failed and hung elsewhere since.
    for table, column in (
        ("assignment_history", "during"),
        ("room_clearances", "valid_during"),
        ("bar_states", "during"),
    ):
        key = "bar_id" if table == "bar_states" else "room_id"
        upper = f"upper({column})" if table != "assignment_history" else f"upper({column}) - interval '1 day'"
        await spa.as_superuser(
            f"UPDATE {table} SET {column} = tstzrange(lower({column}) - interval '1 day', {upper}) WHERE {key} = $1",
            door.bar if key == "bar_id" else door.room,
        )
    await spa.as_superuser(
        "UPDATE inspections SET recorded_at = recorded_at - interval '1 day', performed_at = performed_at"
        " - interval '1 day' WHERE bar_id = $1",
        door.bar,
    )
    then = await evidence(spa, door.session)
    elsewhere = await spa.room()
    await patch(spa, door.bar, rated_load_kg=100)
    await patch(spa, door.bar, room_id=str(elsewhere), serial="renumbered")
    await spa.inspect(door.bar, "fail")
    await spa.bar(door.room)
    after = await evidence(spa, door.session)
    assert [p["inspection_ids"] for p in after["clearance"]] == [p["inspection_ids"] for p in then["clearance"]]
    for part in ("gaps", "inspections", "load_sufficient", "cleared_to_the_end", "pre_use_checks", "fitness"):
        assert after[part] == then[part], part
    assert after["load_sufficient"] is True
    (bar,) = after["bars"]
    assert (bar["bar_id"], bar["serial"], bar["rated_load_kg"]) == (str(door.bar), before["bars"][0]["serial"], 300)
    assert bar["until"] is not None


async def test_every_fact_names_its_record_and_the_records_time(door: Door) -> None:
    assert (await door.start()).status_code == 200
    found = await evidence(door.spa, door.session)
    (check,), (fit,), (inspection,) = found["pre_use_checks"], found["fitness"], found["inspections"]
    assert UUID(check["id"]) and check["checked_at"] and check["therapist_id"] == str(door.therapist)
    assert UUID(fit["id"]) and fit["stated_at"]
    assert inspection["in_clearance"] is True
    assert inspection["inspector_name"] == "Ines Pector"
    assert found["clearance"][0]["inspection_ids"] == [inspection["id"]]
    assert found["assignment_version"] >= 2
    assert found["gaps"] == []


async def test_a_bar_that_fails_during_the_session_is_in_it_with_its_lockout_and_the_gap(door: Door) -> None:
    assert (await door.start()).status_code == 200
    failed = (await door.spa.inspect(door.bar, "fail", kind="after_event")).json()
    found = await evidence(door.spa, door.session)
    assert found["state"] == "at_risk"
    assert [inspection["result"] for inspection in found["inspections"]] == ["pass", "fail"]
    assert found["inspections"][1]["id"] == failed["id"]
    assert [lockout["cause"] for lockout in found["lockouts"]] == ["inspection"]
    assert found["lockouts"][0]["work_order_id"]
    assert [gap["reason"] for gap in found["gaps"]] == ["failed"]


async def test_a_moved_a_revoked_and_a_released_session_have_their_evidence(spa: Spa) -> None:
    first, bar = await spa.cleared_room()
    session = await spa.book(soon(2), room_id=first)
    other = await spa.book(soon(3), room_id=first)
    await spa.cancel(other)
    second, _ = await spa.cleared_room()
    flexible = await spa.book(soon(4), room_id=None)
    assert (await evidence(spa, flexible))["room_id"] in (str(first), str(second))
    await spa.inspect(bar, "fail")
    moved = await evidence(spa, session)
    assert (moved["state"], moved["room_id"]) == ("assigned", str(second))
    assert [(change["outcome"], change["room_id"]) for change in moved["history"]] == [("moved", str(first))]
    assert (await evidence(spa, other))["state"] == "released"
    for lockout_bar in (await spa.http.get(f"/v1/bars?room_id={second}")).json()["items"]:
        await spa.http.post(f"/v1/bars/{lockout_bar['id']}/lockouts", json={"reason": "noise"})
    revoked = await evidence(spa, session)
    assert revoked["state"] == "revoked"
    assert revoked["cleared_to_the_end"] is False
    assert [lockout["reason"] for lockout in revoked["lockouts"]] == ["noise"]  # still open then


async def test_a_room_with_two_bars_shows_both_and_a_bar_replaced_meanwhile_with_its_times(spa: Spa) -> None:
    room = await spa.room()
    bars = [await spa.bar(room), await spa.bar(room, 250)]
    for bar, load in zip(bars, (300, 250), strict=True):
        await spa.installed(bar, load)
    session = await spa.book(soon(1), room_id=room)
    assert {bar["bar_id"] for bar in (await evidence(spa, session))["bars"]} == {str(bar) for bar in bars}
    await patch(spa, bars[1], rated_load_kg=200)
    assert {bar["rated_load_kg"] for bar in (await evidence(spa, session))["bars"]} == {300, 200}


async def test_no_mass_no_load_and_no_health_answer_is_in_it(door: Door) -> None:
    assert (await door.start()).status_code == 200
    text = (await door.spa.http.get(f"/v1/assignments/{door.session}/evidence")).text
    pdf = await door.spa.http.get(f"/v1/assignments/{door.session}/evidence.pdf")
    for said in (text, words(pdf.content)):
        assert "120.0" not in said
        assert "mass" not in said.lower()
        for word in ('load_kg":12', "client_id", 'answers"', "deferred"):
            assert word not in said


async def test_it_is_a_paper_too_by_its_address_or_by_what_is_accepted(door: Door) -> None:
    assert (
        await door.start(checks=[{"bar_id": str(door.bar), "result": "pass", "note": "<b>x</b> & 踩背"}])
    ).status_code == 200
    url = f"/v1/assignments/{door.session}/evidence"
    one = await door.spa.http.get(f"{url}.pdf")
    other = await door.spa.http.get(url, headers={"Accept": "application/pdf"})
    for answer in (one, other):
        assert answer.headers["content-type"] == "application/pdf"
        said = words(answer.content)
        for part in (
            "CLEARED to its very end",
            "Ines Pector",
            "<b>x</b> & 踩背",
            str(door.session),
            "Fitness to perform",
        ):
            assert part in said, part
    assert read(one.content).metadata["/Title"] == "Evidence of a session"  # type: ignore[index]
    assert (await door.spa.http.get(url, headers={"Accept": "*/*"})).headers["content-type"] == "application/json"


async def test_another_branch_has_no_evidence_of_it(door: Door) -> None:
    elsewhere = door.spa.signed_in("rooms:read", branches=[new_id()])
    for path in ("evidence", "evidence.pdf"):
        answer = await elsewhere.get(f"/v1/assignments/{door.session}/{path}")
        assert (answer.status_code, answer.json()["code"]) == (404, "assignment_not_found")


async def test_what_a_bar_was_is_kept_by_the_database_and_by_nobody_else(spa: Spa) -> None:
    room, bar = await spa.cleared_room()
    since = datetime.now(UTC)
    await patch(spa, bar, material="steel")
    await patch(spa, bar, rated_load_kg=200)
    await patch(spa, bar, removed_on=(datetime.now(UTC) - timedelta(days=1)).date().isoformat())
    states = await spa.sql("SELECT *, lower(during) AS at FROM bar_states WHERE bar_id = $1 ORDER BY during", bar)
    assert [(int(s["rated_load_kg"]), s["mounted"], s["room_id"]) for s in states] == [
        (300, True, room), (200, True, room), (200, False, room),
    ]  # fmt: skip
    assert states[1]["at"] > since
