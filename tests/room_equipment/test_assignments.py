"""Direct assignments and load profiles over HTTP."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from services.room_equipment.domain.localdays import add_months
from shared.events import scheduling
from shared.kit.ids import new_id
from tests.room_equipment.spa import Spa, soon


async def post(spa: Spa, **changed: Any) -> httpx.Response:
    body = {
        "appointment_id": str(new_id()), "branch_id": str(spa.branch_id), "treatment_id": str(spa.bar_treatment),
        "therapist_id": str(spa.therapist_id), "starts_at": soon(1).isoformat(),
    }  # fmt: skip
    return await spa.http.post("/v1/assignments", json=body | changed)


async def test_a_walk_in_gets_a_room_at_once_or_the_code(spa: Spa) -> None:
    assert (await post(spa)).json()["code"] == "no_certified_room"
    room, _ = await spa.cleared_room()
    answer = await post(spa)
    assert answer.status_code == 201, answer.text
    body = answer.json()
    assert body["room_id"] == str(room) and body["requires_bar"] is True
    assert datetime.fromisoformat(body["blocked_until"]) == soon(1) + timedelta(minutes=75)
    assert (await post(spa)).json()["code"] == "no_room_available"
    named = await post(spa, room_id=str(room))
    assert named.json()["code"] == "slot_taken" and named.json()["room_id"] == str(room)
    twice = await post(spa, appointment_id=body["appointment_id"], starts_at=soon(3).isoformat())
    assert twice.json()["code"] == "already_assigned"


async def test_a_refused_named_room_says_why_from_when_and_what_to_do(spa: Spa) -> None:
    room = await spa.room()
    bar = await spa.bar(room)
    await spa.installed(bar, performed_at=soon(-220).isoformat())
    body = (await post(spa, room_id=str(room))).json()
    assert (body["code"], body["reason"]) == ("room_not_certified", "lapsed")
    assert datetime.fromisoformat(body["gap_at"]) == soon(1)
    assert "record a passing periodic inspection" in body["detail"]


async def test_unknown_things_are_pointed_at(spa: Spa) -> None:
    await spa.cleared_room()
    for field, code in (("treatment_id", "unknown_treatment"), ("therapist_id", "unknown_therapist")):
        answer = await post(spa, **{field: str(new_id())})
        assert (answer.status_code, answer.json()["code"]) == (422, code)
        assert answer.json()["errors"][0]["pointer"] == f"/{field}"
    answer = await post(spa, room_id=str(new_id()))
    assert (answer.status_code, answer.json()["code"]) == (422, "unknown_room")


async def test_a_therapist_of_other_branches_only_is_not_there(spa: Spa) -> None:
    await spa.cleared_room()
    elsewhere = new_id()
    await spa.hear(scheduling.TherapistRegistered(therapist_id=elsewhere, version=1, branch_ids=[new_id()]))
    await spa.measured(elsewhere, 60)
    here = spa.signed_in("rooms:operate", branches=[spa.branch_id])
    body = {
        "appointment_id": str(new_id()), "branch_id": str(spa.branch_id), "treatment_id": str(spa.bar_treatment),
        "therapist_id": str(elsewhere), "starts_at": soon(1).isoformat(),
    }  # fmt: skip
    answer = await here.post("/v1/assignments", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "unknown_therapist")


async def test_assignments_are_listed_by_time_room_and_page(spa: Spa) -> None:
    room, _ = await spa.cleared_room()
    sessions = [str(await spa.book(soon(day), room_id=room)) for day in (3, 1, 2)]
    listed = (await spa.http.get(f"/v1/assignments?room_id={room}")).json()["items"]
    assert [item["appointment_id"] for item in listed] == [sessions[1], sessions[2], sessions[0]]
    window = {"branch_id": str(spa.branch_id), "from": soon(2).isoformat(), "to": soon(3).isoformat()}
    assert [i["appointment_id"] for i in (await spa.http.get("/v1/assignments", params=window)).json()["items"]] == [
        sessions[2]
    ]
    first = (await spa.http.get(f"/v1/assignments?room_id={room}&limit=2")).json()
    rest = (await spa.http.get(f"/v1/assignments?room_id={room}&limit=2&cursor={first['next_cursor']}")).json()
    assert first["items"] + rest["items"] == listed


async def test_evidence_is_there_for_sessions_past_and_to_come(spa: Spa) -> None:
    room, _ = await spa.cleared_room()
    session = await spa.book(soon(1), room_id=room)
    to_come = (await spa.http.get(f"/v1/assignments/{session}/evidence")).json()
    assert to_come["state"] == "assigned" and to_come["load_sufficient"] is True
    assert [i["kind"] for i in to_come["inspections"]] == ["installation"]
    await spa.cancel(session)
    past = (await spa.http.get(f"/v1/assignments/{session}/evidence")).json()
    assert past["state"] == "released" and past["room_id"] == str(room)
    assert not {"mass_kg", "load_kg", "max_load_kg"} & {*past, *past["clearance"][0], *past["inspections"][0]}


async def test_a_load_profile_is_answered_without_numbers(spa: Spa) -> None:
    therapist = await spa.therapist(None)
    assert (await spa.http.get(f"/v1/load-profiles/{therapist}")).json() == {"state": "missing", "valid_until": None}
    today = datetime.now(UTC).date()
    stored = await spa.measured(therapist, 63.4)
    shown = {"state": "valid", "valid_until": add_months(today, 12).isoformat()}
    assert shown.items() <= stored.items() and not any("kg" in name for name in stored)
    assert (await spa.http.get(f"/v1/load-profiles/{therapist}")).json() == shown
    old = {"mass_kg": 60, "measured_on": (today - timedelta(days=1)).isoformat()}
    answer = await spa.http.put(f"/v1/load-profiles/{therapist}", json=old)
    assert (answer.status_code, answer.json()["code"]) == (422, "older_measurement")
    denied = await spa.signed_in("rooms:write", "rooms:inspect").put(f"/v1/load-profiles/{therapist}", json=old)
    assert denied.status_code == 403
    assert (await spa.http.put(f"/v1/load-profiles/{new_id()}", json=old)).status_code == 404


async def test_a_bad_mass_is_not_echoed(spa: Spa) -> None:
    body = {"mass_kg": 987.65, "measured_on": "2026-01-01"}
    answer = await spa.http.put(f"/v1/load-profiles/{spa.therapist_id}", json=body)
    assert answer.status_code == 422 and "987.65" not in answer.text


async def test_no_mass_or_load_leaves_the_load_tables(spa: Spa) -> None:
    """A canary: a mass nobody else has is in no event, audit line or stored answer."""
    await spa.cleared_room(300)
    therapist = await spa.therapist(73.7)
    await spa.book(soon(1), therapist_id=therapist)
    for table in ("outbox", "audit_log", "idempotency_keys", "dead_letters"):
        query = f"SELECT count(*) AS n FROM {table} t WHERE t::text LIKE '%73.7%' OR t::text LIKE '%147.4%'"
        rows = await spa.sql(query)
        assert rows[0]["n"] == 0, table


async def test_rooms_hear_who_is_over_their_limit_as_profiles_change(spa: Spa) -> None:
    room, _ = await spa.cleared_room(150)
    therapist = await spa.therapist(80)
    told = (await spa.announced(kind="clearance-changed", key=room))[-1]
    assert str(therapist) in told["periods"][0]["excluded_therapist_ids"]
    await spa.measured(therapist, 70)
    told = (await spa.announced(kind="clearance-changed", key=room))[-1]
    assert str(therapist) not in told["periods"][0]["excluded_therapist_ids"]
