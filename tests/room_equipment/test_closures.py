"""A room that is closed for a time takes no session of any kind, and what was in it goes where it can."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from tests.room_equipment.door import Door
from tests.room_equipment.spa import Spa, back_date_clearance, soon

LISTS = ("displaced", "moved", "revoked", "at_risk", "optimal")


async def close(spa: Spa, room: UUID, query: str = "", **values: Any) -> Any:
    body = {"reason": "renovation"} | {
        name: value.isoformat() if isinstance(value, datetime) else value for name, value in values.items()
    }
    answer = await spa.http.post(f"/v1/rooms/{room}/closures{query}", json=body)
    assert answer.status_code == (200 if query else 201), answer.text
    return answer.json()


def massage(spa: Spa) -> dict[str, Any]:
    return {"treatment_id": spa.massage, "requires_bar": False, "screening_protocol": None}


async def outlook(spa: Spa, room: UUID) -> list[tuple[str, datetime, datetime]]:
    """The clearance of the next 30 days: (what, start, end), in order, what adjoins as one."""
    found = await spa.clearance(room, **{"from": soon(0).isoformat(), "to": soon(30).isoformat()})
    stretches = [("cleared", p["starts_at"], p["ends_at"]) for p in found["periods"]]
    stretches += [(g["reason"], g["starts_at"], g["ends_at"]) for g in found["gaps"]]
    instant = datetime.fromisoformat
    whole: list[tuple[str, datetime, datetime]] = []
    for what, start, end in sorted(stretches, key=lambda s: instant(s[1])):
        if whole and (whole[-1][0], whole[-1][2]) == (what, instant(start)):
            whole[-1] = (what, whole[-1][1], instant(end))
        else:
            whole.append((what, instant(start), instant(end)))
    return whole


async def test_a_closed_room_moves_what_can_move_and_revokes_the_rest_massages_too(spa: Spa) -> None:
    room, _ = await spa.cleared_room(code="A")
    before, within, also = [await spa.book(soon(day), room_id=room) for day in (1, 2, 3)]
    kneaded = await spa.book(soon(2, 3), room_id=room, **massage(spa))
    second, _ = await spa.cleared_room(code="B")
    await spa.book(soon(3), room_id=second)
    seen = await close(spa, room, "?dry_run=true", starts_at=soon(1, 12), ends_at=soon(4))
    assert (await spa.assignment(within))["room_id"] == str(room) and seen["dry_run"] is True
    assert await spa.announced(kind="closures-changed", key=room) == []
    body = await close(spa, room, starts_at=soon(1, 12), ends_at=soon(4))
    assert {name: body[name] for name in LISTS} == {name: seen[name] for name in LISTS}
    assert set(body["displaced"]) == {str(s) for s in (within, also, kneaded)}
    assert {m["appointment_id"]: m["room_id"] for m in body["moved"]} == {
        str(within): str(second), str(kneaded): str(second),
    }  # fmt: skip
    assert (body["revoked"], body["at_risk"], body["state"]) == ([str(also)], [], "planned")
    assert (await spa.assignment(before))["room_id"] == str(room)
    assert [e["reason"] for e in await spa.announced(kind="room.revoked")][-1] == "room_closed"
    (told,) = await spa.announced(kind="closures-changed", key=room)
    (closed,) = told["closures"]
    assert datetime.fromisoformat(closed["ends_at"]) == soon(4)


async def test_a_closure_cuts_a_certificate_in_two(spa: Spa) -> None:
    room, _ = await spa.cleared_room()
    await close(spa, room, starts_at=soon(2), ends_at=soon(4))
    await close(spa, room, starts_at=soon(3), ends_at=soon(5), reason="flood")
    found = await outlook(spa, room)
    assert [stretch[0] for stretch in found if stretch[0] != "no_bar"] == ["never_inspected", "cleared", "closed",
                                                                           "cleared"]  # fmt: skip
    assert found[-3][2] == soon(2) and found[-2][1:] == (soon(2), soon(5)) and found[-1][1] == soon(5)
    for start, free in ((soon(1, 22.75), True), (soon(1, 23), False), (soon(4, 23), False), (soon(5), True)):
        (answer,) = await spa.hear(spa.request(start, room_id=room))
        assert answer["type"].endswith("assigned.v1") is free, (start, answer)
        if not free:
            assert (answer["code"], answer["gap_reason"]) == ("room_not_certified", "closed")


async def test_no_massage_is_placed_in_a_closed_room_named_or_not(spa: Spa) -> None:
    room = await spa.room()
    await close(spa, room, starts_at=soon(1))
    (named,) = await spa.hear(spa.request(soon(2), room_id=room, **massage(spa)))
    assert (named["code"], named["gap_reason"]) == ("room_closed", "closed")
    assert datetime.fromisoformat(named["gap_at"]) == soon(2)
    (free,) = await spa.hear(spa.request(soon(2), **massage(spa)))
    assert free["code"] == "no_room_available"
    (running_in,) = await spa.hear(spa.request(soon(0, 23), room_id=room, **massage(spa)))
    assert datetime.fromisoformat(running_in["gap_at"]) == soon(1)  # its turnover would lie in the closure
    body = {
        "appointment_id": str(running_in["appointment_id"]), "branch_id": str(spa.branch_id), "room_id": str(room),
        "treatment_id": str(spa.massage), "therapist_id": str(spa.therapist_id), "starts_at": soon(2).isoformat(),
    }  # fmt: skip
    direct = await spa.http.post("/v1/assignments", json=body | {"appointment_id": str(UUID(int=soon().toordinal()))})
    assert (direct.status_code, direct.json()["code"], direct.json()["reason"]) == (409, "room_closed", "closed")


@pytest.mark.parametrize(
    ("last_day", "end"),
    [
        ("2027-03-28", datetime(2027, 3, 28, 22, tzinfo=UTC)),  # 23 hours long in Berlin
        ("2027-10-31", datetime(2027, 10, 31, 23, tzinfo=UTC)),  # 25 hours long
        ("2028-02-29", datetime(2028, 2, 29, 23, tzinfo=UTC)),
    ],
)
async def test_a_closure_ends_with_the_branchs_day_however_long_it_is(spa: Spa, last_day: str, end: datetime) -> None:
    room, bar = await spa.cleared_room()
    await spa.as_superuser(
        "UPDATE inspections SET valid_until = '2028-12-31', certified_until = '2028-12-31T23:00Z' WHERE bar_id = $1",
        bar,
    )
    body = await close(spa, room, starts_at=datetime(2027, 3, 26, 7, tzinfo=UTC), ends_on=last_day)
    assert datetime.fromisoformat(body["ends_at"]) == end
    for start, free in ((end - timedelta(minutes=1), False), (end, True)):
        (answer,) = await spa.hear(spa.request(start, room_id=room, **massage(spa)))
        assert answer["type"].endswith("assigned.v1") is free
        (answer,) = await spa.hear(spa.request(start + timedelta(hours=3), room_id=room))
        assert answer.get("gap_reason") != "closed"


async def test_a_room_is_opened_early_and_what_was_moved_stays_where_it_is(spa: Spa) -> None:
    room, _ = await spa.cleared_room(code="A")
    session = await spa.book(soon(2), room_id=room)
    second, _ = await spa.cleared_room(code="B")
    closure = await close(spa, room, note="Painters")
    assert (await outlook(spa, room))[-1][0] == "closed" and closure["state"] == "closed"
    ended = await spa.http.post(f"/v1/rooms/{room}/closures/{closure['id']}/end")
    assert ended.status_code == 200 and ended.json()["state"] == "ended" and ended.json()["displaced"] == []
    assert (await spa.assignment(session))["room_id"] == str(second)
    assert (await outlook(spa, room))[-1][0] == "cleared"
    assert (await spa.announced(kind="closures-changed", key=room))[-1]["closures"] == []
    again = await spa.http.post(f"/v1/rooms/{room}/closures/{closure['id']}/end")
    assert (again.status_code, again.json()["code"]) == (409, "closure_over")
    listed = (await spa.http.get(f"/v1/rooms/{room}/closures")).json()["items"]
    assert [(item["id"], item["note"], item["ends_at"]) for item in listed] == [(closure["id"], "Painters", None)]
    assert (await spa.http.get(f"/v1/rooms/{room}/closures/{closure['id']}")).json() == listed[0]
    planned = await close(spa, room, starts_at=soon(5), ends_at=soon(6))
    await spa.http.post(f"/v1/rooms/{room}/closures/{planned['id']}/end")
    await spa.book(soon(5, 3), room_id=room)


async def test_a_closure_that_cannot_be_is_refused_with_the_pointer(spa: Spa) -> None:
    room = await spa.room()
    for body, pointer in (
        ({"reason": "holiday"}, "/reason"),
        ({"reason": "other", "starts_at": soon(2).isoformat(), "ends_at": soon(1).isoformat()}, "/ends_at"),
        ({"reason": "other", "ends_at": soon(-1).isoformat()}, "/ends_at"),
        ({"reason": "other", "ends_on": "2020-01-01"}, "/ends_on"),
        ({"reason": "other", "ends_on": "9999-12-31"}, "/ends_on"),
        ({"reason": "other", "ends_on": "2030-01-01", "ends_at": soon(1).isoformat()}, "/ends_on"),
    ):
        answer = await spa.http.post(f"/v1/rooms/{room}/closures", json=body)
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer), answer.text
    assert (await spa.http.get(f"/v1/rooms/{room}/closures")).json()["items"] == []
    reader = await spa.signed_in("rooms:read").post(f"/v1/rooms/{room}/closures", json={"reason": "other"})
    assert reader.status_code == 403
    stranger = spa.signed_in("rooms:write", "rooms:read", branches=[UUID(int=7)])
    assert (await stranger.post(f"/v1/rooms/{room}/closures", json={"reason": "other"})).status_code == 404


async def test_the_gate_starts_nothing_that_would_run_into_a_closure(door: Door) -> None:
    begins = datetime.now(UTC) + timedelta(minutes=81)
    await close(door.spa, door.room, starts_at=begins)
    earlier = begins - timedelta(minutes=41)  # as if the session had begun late, into a closure that was always there
    for table, column in (("room_clearances", "valid_during"), ("room_gaps", "during")):
        for change, end in (("tstzrange(lower({}), $3)", "upper"), ("tstzrange($3, upper({}))", "lower")):
            await door.spa.as_superuser(
                f"UPDATE {table} SET {column} = {change.format(column)} WHERE room_id = $1 AND {end}({column}) = $2",
                door.room, begins, earlier,
            )  # fmt: skip
    await door.spa.as_superuser("UPDATE room_closures SET starts_at = $2 WHERE room_id = $1", door.room, earlier)
    refused = await door.refused("room_not_certified")
    assert (refused["reason"], datetime.fromisoformat(refused["gap_at"])) == ("closed", earlier)
    await door.spa.cancel(door.session)
    await door.spa.as_superuser("DELETE FROM room_closures WHERE room_id = $1", door.room)
    await door.booked(**massage(door.spa))
    await door.spa.as_superuser(
        """INSERT INTO room_closures (id, branch_id, room_id, starts_at, reason, closed_at, closed_by)
           VALUES ($1, $2, $3, clock_timestamp() + interval '30 minutes', 'flood', clock_timestamp(), 't')""",
        UUID(int=door.session.int ^ 1), door.spa.branch_id, door.room,
    )  # fmt: skip
    refused = await door.refused("room_closed", checks=[])
    assert refused["reason"] == "closed"


async def test_a_running_session_is_at_risk_from_when_its_room_closes_and_at_once_if_its_bar_fails(spa: Spa) -> None:
    room, bar = await spa.cleared_room()
    await back_date_clearance(spa, room)
    running = await spa.book(soon(0, -1) + timedelta(minutes=30), room_id=room)
    await spa.as_superuser(
        """UPDATE assignments SET started_at = lower(during), during = tstzrange(lower(during), $2), ends_at = $2
           WHERE appointment_id = $1""",
        running, datetime.now(UTC) + timedelta(hours=2),
    )  # fmt: skip
    later = datetime.now(UTC) + timedelta(hours=1)
    body = await close(spa, room, starts_at=later)
    assert (body["at_risk"], body["displaced"]) == ([str(running)], [])
    shown = await spa.assignment(running)
    assert datetime.fromisoformat(shown["at_risk_at"]) == later and shown["room_id"] == str(room)
    (told,) = await spa.announced(kind="at-risk", key=running)
    assert (told["bar_id"], told["reason"]) == (None, "room_closed")
    evidence = (await spa.http.get(f"/v1/assignments/{running}/evidence")).json()
    assert [(closed["reason"], datetime.fromisoformat(closed["starts_at"])) for closed in evidence["closures"]] == [
        ("renovation", later)
    ]
    failed = await spa.inspect(bar, "fail")
    assert failed.status_code == 201 and failed.json()["at_risk"] == [str(running)]
    assert datetime.fromisoformat((await spa.assignment(running))["at_risk_at"]) < datetime.now(UTC)


async def test_a_session_that_overran_is_not_at_risk_because_its_room_closes_next_week(spa: Spa) -> None:
    room, _ = await spa.cleared_room()
    await back_date_clearance(spa, room)
    overrun = await spa.book(soon(0, -3), room_id=room)
    await spa.as_superuser("UPDATE assignments SET started_at = lower(during) WHERE appointment_id = $1", overrun)
    assert (await close(spa, room, starts_at=soon(7), ends_at=soon(8)))["at_risk"] == []
    assert (await close(spa, room, reason="flood"))["at_risk"] == [str(overrun)]


async def test_bookings_against_a_closure_leave_nothing_in_it(spa: Spa) -> None:
    for turn in range(5):
        room, _ = await spa.cleared_room()
        wishes = [spa.request(soon(1, 2 * n), room_id=room, **(massage(spa) if n % 2 else {})) for n in range(10)]
        work: list[Any] = [spa.hear(wish) for wish in wishes]
        work.insert(turn * 2, close(spa, room, starts_at=soon(0, 23), ends_at=soon(3)))
        await asyncio.gather(*work)
        rows = await spa.sql("SELECT count(*) AS left FROM assignments WHERE room_id = $1", room)
        assert rows[0]["left"] == 0
