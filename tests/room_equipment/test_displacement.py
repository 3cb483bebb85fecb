"""A change of bars displaces exactly the sessions that lost their room, in the transaction that records it."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from shared.kit.ids import new_id
from tests.room_equipment.spa import Spa, back_date_clearance, soon


async def test_a_failed_bar_moves_what_can_move_and_revokes_the_rest(spa: Spa) -> None:
    first, bar = await spa.cleared_room(code="A")
    sessions = [await spa.book(soon(day), room_id=first) for day in (1, 2, 3)]
    second, _ = await spa.cleared_room(code="B")
    blocker = await spa.book(soon(2), room_id=second)
    before = await outbox_end(spa)
    body = (await spa.inspect(bar, "fail")).json()
    assert set(body["displaced"]) == {str(s) for s in sessions}
    assert {m["appointment_id"]: m["room_id"] for m in body["moved"]} == {
        str(sessions[0]): str(second), str(sessions[2]): str(second),
    }  # fmt: skip
    assert body["revoked"] == [str(sessions[1])] and body["at_risk"] == [] and body["optimal"] is True
    said = [e for e in await spa.announced(before) if "appointment_id" in e]
    assert [(e["type"].split(".")[3], e["assignment_version"], e["reason"]) for e in said] == [
        ("reassigned", 2, "inspection_failed"),
        ("reassigned", 2, "inspection_failed"),
        ("revoked", 2, "inspection_failed"),
    ]
    assert (await spa.assignment(sessions[0]))["room_id"] == str(second)
    assert (await spa.assignment(sessions[1]))["state"] == "revoked"
    assert (await spa.assignment(blocker))["room_id"] == str(second)


async def test_healthy_rooms_sessions_and_massages_stay(spa: Spa) -> None:
    first, bar = await spa.cleared_room()
    massage = await spa.book(
        soon(1), room_id=first, treatment_id=spa.massage, requires_bar=False, screening_protocol=None
    )
    second, _ = await spa.cleared_room()
    other = await spa.book(soon(1), room_id=second)
    body = (await spa.inspect(bar, "fail")).json()
    assert body["displaced"] == []
    assert [(await spa.assignment(s))["room_id"] for s in (massage, other)] == [str(first), str(second)]


async def test_a_session_that_must_not_change_rooms_is_revoked(spa: Spa) -> None:
    room, bar = await spa.cleared_room()
    await spa.cleared_room()
    session = await spa.book(soon(1), room_id=room, room_flexible=False)
    body = (await spa.inspect(bar, "fail")).json()
    assert body["revoked"] == [str(session)] and body["moved"] == []


async def test_a_moved_session_needs_the_new_rooms_own_turnover(spa: Spa) -> None:
    room, bar = await spa.cleared_room()
    slow = await spa.room(turnover_minutes=60)
    await spa.installed(await spa.bar(slow))
    session = await spa.book(soon(1), room_id=room)
    (await spa.inspect(bar, "fail")).raise_for_status()
    shown = await spa.assignment(session)
    assert shown["room_id"] == str(slow)
    assert datetime.fromisoformat(shown["blocked_until"]) == soon(1) + timedelta(minutes=120)


async def test_a_dry_run_says_and_writes_nothing(spa: Spa) -> None:
    room, bar = await spa.cleared_room()
    session = await spa.book(soon(1), room_id=room)
    before = await outbox_end(spa)
    answer = await spa.http.post(f"/v1/bars/{bar}/lockouts?dry_run=true", json={"reason": "drill"})
    assert answer.status_code == 200
    assert answer.json()["revoked"] == [str(session)] and answer.json()["lockout"] is None
    assert await spa.announced(before) == []
    assert (await spa.assignment(session))["state"] == "assigned"
    real = await spa.http.post(f"/v1/bars/{bar}/lockouts", json={"reason": "bent"})
    assert real.status_code == 201
    assert {k: real.json()[k] for k in ("displaced", "moved", "revoked", "at_risk", "optimal")} == {
        k: answer.json()[k] for k in ("displaced", "moved", "revoked", "at_risk", "optimal")
    }


async def test_a_shortened_certificate_displaces_what_lies_past_it(spa: Spa) -> None:
    room, bar = await spa.cleared_room()
    near, far = [await spa.book(soon(day), room_id=room) for day in (3, 60)]
    until = (datetime.now(UTC) + timedelta(days=30)).date()
    body = (await spa.inspect(bar, valid_until=until.isoformat())).json()
    assert body["revoked"] == [str(far)]
    assert (await spa.assignment(near))["state"] == "assigned"


async def test_a_certificate_that_ends_inside_the_turnover_displaces(spa: Spa) -> None:
    room, bar = await spa.cleared_room()
    recorded = await spa.inspect(bar, valid_until=(datetime.now(UTC) + timedelta(days=30)).date().isoformat())
    end = datetime.fromisoformat(recorded.json()["certificate"]["ends_at"])
    fits = await spa.book(end - timedelta(minutes=75), room_id=room)
    await spa.cancel(fits)
    (refused,) = await spa.hear(spa.request(end - timedelta(minutes=74), room_id=room))
    assert (refused["code"], refused["gap_reason"]) == ("room_not_certified", "lapsed")
    assert datetime.fromisoformat(str(refused["gap_at"])) == end


async def test_a_renewal_carries_sessions_across_two_certificates(spa: Spa) -> None:
    room, bar = await spa.cleared_room()
    session = await spa.book(soon(1), room_id=room)
    body = (await spa.inspect(bar)).json()
    assert body["displaced"] == []
    assert (await spa.assignment(session))["room_id"] == str(room)
    periods = (await spa.clearance(room, **{"from": soon(-1).isoformat()}))["periods"]
    assert len(periods) == 2 and periods[0]["ends_at"] == periods[1]["starts_at"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"in_service": False}, "out_of_service"),
        ({"serial": "renumbered"}, "never_inspected"),
        ({"mounting": "wall"}, "never_inspected"),
        ({"rated_load_kg": 301}, "never_inspected"),
        ({"removed_on": "2026-01-01"}, "no_bar"),
    ],
)
async def test_changing_a_bar_ends_the_clearance(spa: Spa, change: dict[str, Any], reason: str) -> None:
    room, bar = await spa.cleared_room()
    session = await spa.book(soon(1), room_id=room)
    answer = await patch(spa, f"/v1/bars/{bar}", change)
    assert answer.json()["revoked"] == [str(session)], answer.text
    assert (await spa.clearance(room))["gaps"][0]["reason"] == reason


async def test_a_lowered_rating_displaces_only_who_is_too_heavy_for_it(spa: Spa) -> None:
    room, bar = await spa.cleared_room(300)
    heavy = await spa.therapist(90)
    light_session = await spa.book(soon(1), room_id=room)
    heavy_session = await spa.book(soon(2), room_id=room, therapist_id=heavy)
    body = (await patch(spa, f"/v1/bars/{bar}", {"rated_load_kg": 150})).json()
    assert body["revoked"] == [str(heavy_session)]
    assert (await spa.assignment(light_session))["room_id"] == str(room)
    changed = (await spa.announced(kind="clearance-changed", key=room))[-1]
    assert changed["periods"][0]["excluded_therapist_ids"].count(str(heavy)) == 1
    assert str(spa.therapist_id) not in changed["periods"][0]["excluded_therapist_ids"]


async def test_a_second_uninspected_bar_in_a_cleared_room_ends_its_clearance(spa: Spa) -> None:
    room, _ = await spa.cleared_room()
    session = await spa.book(soon(1), room_id=room)
    body = {"room_id": str(room), "serial": "second", "rated_load_kg": 300}
    answer = await spa.http.post("/v1/bars", json=body)
    assert answer.status_code == 201 and answer.json()["revoked"] == [str(session)]
    shown = (await spa.http.get(f"/v1/rooms/{room}")).json()
    assert shown["bars_required"] == 2


async def test_after_a_removal_the_room_waits_for_an_inspector_to_lower_what_it_requires(spa: Spa) -> None:
    room, _ = await spa.cleared_room()
    second = await spa.bar(room)
    await spa.installed(second)
    assert (await spa.clearance(room))["periods"]
    await patch(spa, f"/v1/bars/{second}", {"removed_on": "2026-01-01"})
    assert (await spa.clearance(room))["gaps"][0]["reason"] == "too_few_bars"
    denied = await patch(spa, f"/v1/rooms/{room}", {"bars_required": 1}, scopes=("rooms:read", "rooms:write"))
    assert denied.status_code == 403
    assert (await patch(spa, f"/v1/rooms/{room}", {"bars_required": 1})).status_code == 200
    assert (await spa.clearance(room))["periods"]


async def test_a_bar_that_moves_empties_one_room_and_unproves_the_other(spa: Spa) -> None:
    a, bar = await spa.cleared_room()
    b, _ = await spa.cleared_room()
    in_a = [await spa.book(soon(1), room_id=a), await spa.book(soon(2), room_id=a)]
    in_b = [await spa.book(soon(1), room_id=b), await spa.book(soon(3), room_id=b)]
    spare, _ = await spa.cleared_room()
    body = (await patch(spa, f"/v1/bars/{bar}", {"room_id": str(b)})).json()
    assert set(body["displaced"]) == {str(s) for s in in_a + in_b}
    kept = {m["appointment_id"]: m["room_id"] for m in body["moved"]}
    # one of the two that compete for the spare room at the same time, the lower id, and both others
    assert kept == {str(s): str(spare) for s in (min(in_a[0], in_b[0]), in_a[1], in_b[1])}
    assert (await spa.clearance(a))["gaps"][0]["reason"] == "no_bar"
    assert (await spa.clearance(b))["gaps"][0]["reason"] == "never_inspected"


async def test_closing_a_room_displaces_massages_too(spa: Spa) -> None:
    room, _ = await spa.cleared_room()
    massage = {"treatment_id": spa.massage, "requires_bar": False, "screening_protocol": None}
    one = await spa.book(soon(1), room_id=room)
    two = await spa.book(soon(2), room_id=room, **massage)
    plain = await spa.room()
    body = (await patch(spa, f"/v1/rooms/{room}", {"in_service": False})).json()
    assert body["revoked"] == [str(one)]
    assert body["moved"] == [{"appointment_id": str(two), "room_id": str(plain)}]


async def test_a_running_session_is_marked_at_risk_keeps_its_room_and_the_branch_hears(spa: Spa) -> None:
    room, bar = await spa.cleared_room()
    running = await run_now(spa, room)
    await spa.cleared_room()
    body = (await spa.inspect(bar, "fail")).json()
    assert body["at_risk"] == [str(running)] and body["displaced"] == []
    shown = await spa.assignment(running)
    assert (shown["state"], shown["room_id"]) == ("at_risk", str(room))
    (told,) = await spa.announced(kind="session.at-risk", key=running)
    assert told["bar_id"] == str(bar) and told["at_risk_at"] == shown["at_risk_at"]
    again = (await spa.http.post(f"/v1/bars/{bar}/lockouts", json={"reason": "still"})).json()
    assert again["at_risk"] == []
    finished = await spa.http.post(f"/v1/assignments/{running}/finish", json={"result": "abort"})
    assert finished.json()["result"] == "aborted"


async def test_a_session_that_overran_its_time_is_at_risk_too(spa: Spa) -> None:
    room, bar = await spa.cleared_room()
    await back_date_clearance(spa, room)
    overrun = await spa.book(soon(0, -3), room_id=room, therapist_id=await spa.therapist(60, new_id()))
    await spa.as_superuser("UPDATE assignments SET started_at = lower(during) WHERE appointment_id = $1", overrun)
    body = (await spa.inspect(bar, "fail")).json()
    assert body["at_risk"] == [str(overrun)]
    assert (await spa.assignment(overrun))["state"] == "at_risk"


async def test_a_session_due_now_but_not_started_is_displaced(spa: Spa) -> None:
    room, bar = await spa.cleared_room()
    await back_date_clearance(spa, room)
    session = await spa.book(soon(0), room_id=room)
    body = (await spa.inspect(bar, "fail")).json()
    assert body["revoked"] == [str(session)]


async def test_a_past_session_that_never_started_is_left_alone(spa: Spa) -> None:
    room, bar = await spa.cleared_room()
    await back_date_clearance(spa, room)
    session = await spa.book(soon(0, -5), room_id=room)
    body = (await spa.inspect(bar, "fail")).json()
    assert body["displaced"] == []
    assert (await spa.assignment(session))["room_id"] == str(room)


async def outbox_end(spa: Spa) -> int:
    rows = await spa.sql("SELECT coalesce(max(seq), 0) AS seq FROM outbox")
    return int(rows[0]["seq"])


async def run_now(spa: Spa, room: UUID) -> UUID:
    """A session that started half an hour ago."""
    await back_date_clearance(spa, room)
    begun = datetime.now(UTC) - timedelta(minutes=30)
    session = await spa.book(begun, room_id=room, therapist_id=await spa.therapist(60, new_id()))
    await spa.as_superuser("UPDATE assignments SET started_at = lower(during) WHERE appointment_id = $1", session)
    return session


async def patch(spa: Spa, path: str, body: dict[str, Any], scopes: tuple[str, ...] = ()) -> Any:
    http = spa.signed_in(*scopes) if scopes else spa.http
    tag = (await http.get(path)).headers["etag"]
    return await http.patch(path, json=body, headers={"If-Match": tag})
