"""What happened to a bar: it locks out, and only an inspection of what it did, by someone else, releases it."""

from uuid import UUID

import pytest

from tests.room_equipment.spa import Spa

EVENTS = ["impact", "water", "overload", "building_work", "repair", "relocation"]


async def happened(spa: Spa, event: str) -> tuple[UUID, UUID]:
    """(room, bar) after it happened and was repaired."""
    room, bar = await spa.cleared_room()
    body = {"reason": "seen in the morning", "event": event}
    answer = await spa.http.post(f"/v1/bars/{bar}/lockouts", json=body)
    assert answer.status_code == 201 and answer.json()["lockout"]["event"] == event
    await spa.repaired(bar)
    return room, bar


@pytest.mark.parametrize("event", EVENTS)
async def test_a_bar_that_something_happened_to_is_released_by_an_inspection_after_that(spa: Spa, event: str) -> None:
    room, bar = await happened(spa, event)
    assert (await spa.clearance(room))["gaps"][0]["reason"] == "locked_out"
    periodic = await spa.inspect(bar)
    assert (periodic.status_code, periodic.json()["code"]) == (409, "after_event_required")
    assert periodic.json()["events"] == [event] and event in periodic.json()["detail"]
    after = await spa.inspect(bar, kind="after_event")
    assert after.status_code == 201, after.text
    assert after.json()["event"] == event
    assert (await spa.clearance(room))["periods"]


async def test_an_after_event_inspection_says_after_what(spa: Spa) -> None:
    _, bar = await spa.cleared_room()
    silent = await spa.inspect(bar, kind="after_event")
    assert (silent.status_code, silent.json()["code"]) == (422, "event_required")
    assert silent.json()["errors"][0]["pointer"] == "/event"
    said = await spa.inspect(bar, kind="after_event", event="water")
    assert said.json()["event"] == "water"
    assert (await spa.inspect(bar, kind="after_event", event="ghosts")).status_code == 422
    other = await spa.inspect(bar, event="water")
    assert other.json()["code"] == "event_of_another_kind"


@pytest.mark.parametrize("locked_out_before", [False, True])
async def test_a_bar_that_failed_after_an_event_is_released_by_an_inspection_after_it(
    spa: Spa, locked_out_before: bool
) -> None:
    _, bar = await spa.cleared_room()
    if locked_out_before:
        await spa.http.post(f"/v1/bars/{bar}/lockouts", json={"reason": "bent"})
    failed = await spa.inspect(bar, "fail", kind="after_event", event="water")
    assert failed.json()["lockout"]["event"] == "water"
    await spa.repaired(bar)
    assert (await spa.inspect(bar)).json()["code"] == "after_event_required"
    assert (await spa.inspect(bar, kind="after_event")).json()["event"] == "water"


async def test_after_a_repair_the_record_itself_says_that_it_was_one(spa: Spa) -> None:
    _, bar = await spa.cleared_room()
    await spa.inspect(bar, "fail")
    await spa.repaired(bar)
    assert (await spa.inspect(bar, kind="after_event")).json()["event"] == "repair"


async def test_conditions_and_their_deadline_are_on_the_certificate_and_on_the_due_list(spa: Spa) -> None:
    room, bar = await spa.cleared_room()
    until = (await spa.inspect(bar)).json()["recorded_at"][:10]
    body = (await spa.inspect(bar, "pass_with_conditions", conditions="tighten weekly", valid_until=until)).json()
    assert body["certificate"]["conditions"] == "tighten weekly" and body["certificate"]["valid_until"] == until
    assert body["certificate"]["record_hash"] == body["record_hash"] and len(body["record_hash"]) == 64
    due = (await spa.http.get(f"/v1/inspections/due?branch_id={spa.branch_id}")).json()["items"]
    assert [(d["conditions"], d["valid_until"]) for d in due if d["room_id"] == str(room)] == [
        ("tighten weekly", until)
    ]


@pytest.mark.parametrize("path", ["report", "failed inspection", "failed check", "two repairers"])
async def test_however_it_was_locked_out_the_repairer_does_not_release_it(spa: Spa, path: str) -> None:
    _, bar = await spa.cleared_room()
    if path in ("report", "two repairers"):
        await spa.http.post(f"/v1/bars/{bar}/lockouts", json={"reason": "bent"})
    elif path == "failed inspection":
        await spa.inspect(bar, "fail")
    else:
        body = {"therapist_id": str(spa.therapist_id), "result": "fail"}
        await spa.http.post(f"/v1/bars/{bar}/pre-use-checks", json=body)
    await spa.repaired(bar, subject="finn", credential="FIT-7")
    if path == "two repairers":  # a second defect, which someone else repairs: the first repairer is not the last
        await spa.http.post(f"/v1/bars/{bar}/lockouts", json={"reason": "loose"})
        await spa.repaired(bar, subject="flora", credential="FIT-8")
    for subject, credential in (("finn", "OTHER-1"), ("someone", "fit 7")):
        answer = await spa.inspect(bar, subject=subject, credential=credential)
        assert (answer.status_code, answer.json()["code"]) == (409, "inspector_is_repairer")
    assert (await spa.inspect(bar)).status_code == 201
