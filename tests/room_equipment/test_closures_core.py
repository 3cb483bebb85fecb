"""The database keeps sessions out of closed rooms: direct SQL as the service's own role, alone and against another."""

import asyncio
from datetime import datetime
from uuid import UUID

import asyncpg
import pytest
from asyncpg.exceptions import CheckViolationError, InsufficientPrivilegeError

from shared.kit.ids import new_id
from tests.room_equipment.direct import INSERT, Direct
from tests.room_equipment.spa import Spa, soon

CLOSE = """
INSERT INTO room_closures (id, branch_id, room_id, starts_at, ends_at, reason, closed_at, closed_by)
VALUES ($1, $2, $3, $4, $5, 'other', clock_timestamp(), 'someone')
"""


async def close(direct: Direct, room: UUID, start: datetime, end: datetime | None = None) -> None:
    await direct.sql(CLOSE, new_id(), direct.spa.branch_id, room, start, end)


async def test_a_session_in_a_closed_room_is_refused_whatever_it_needs(direct: Direct) -> None:
    plain = await direct.spa.room()
    await close(direct, plain, soon(2), soon(3))
    for start in (soon(2), soon(1, 23), soon(2, 23)):
        with pytest.raises(CheckViolationError, match="the room is closed during this session"):
            async with direct.connection.transaction():
                await direct.session(start, room=plain, requires_bar=False, load=None)
    await direct.session(soon(3), room=plain, requires_bar=False, load=None)
    moved = await direct.session(soon(1), room=plain, requires_bar=False, load=None)
    with pytest.raises(CheckViolationError, match="closed during"):
        await direct.sql(
            "UPDATE assignments SET during = tstzrange($2, $3), ends_at = $3 WHERE appointment_id = $1",
            moved, soon(2), soon(2, 1),
        )  # fmt: skip


async def test_a_room_cannot_be_closed_over_a_session_or_a_clearance(direct: Direct) -> None:
    plain = await direct.spa.room()
    await direct.session(soon(1), room=plain, requires_bar=False, load=None)
    with pytest.raises(CheckViolationError, match="sessions lie in this closure"):
        await close(direct, plain, soon(1, 1))
    with pytest.raises(CheckViolationError, match="cleared for a part of this closure"):
        await close(direct, direct.room, soon(1), soon(2))


async def test_a_clearance_cannot_reach_into_a_closure(direct: Direct) -> None:
    answer = await direct.spa.http.post(
        f"/v1/rooms/{direct.room}/closures",
        json={"reason": "other", "starts_at": soon(2).isoformat(), "ends_at": soon(3).isoformat()},
    )
    assert answer.status_code == 201
    stretch = "UPDATE room_clearances SET valid_during = tstzrange(lower(valid_during), $2) WHERE room_id = $1 AND"
    with pytest.raises(CheckViolationError, match="the room is closed for a part of this clearance"):
        await direct.sql(f"{stretch} upper(valid_during) = $3", direct.room, soon(2, 1), soon(2))
    with pytest.raises(CheckViolationError, match="closed for a part"):
        await direct.sql(
            """INSERT INTO room_clearances SELECT room_id, tstzrange($2, $3), max_load_kg, inspection_ids
               FROM room_clearances WHERE room_id = $1 LIMIT 1""",
            direct.room, soon(2, 1), soon(2, 2),
        )  # fmt: skip


async def test_a_closure_begins_open_and_ends_once_when_it_is_ended(direct: Direct) -> None:
    room = await direct.spa.room()
    with pytest.raises(CheckViolationError, match="from now on"):
        await close(direct, room, soon(-1))
    await close(direct, room, soon(1))
    end = """UPDATE room_closures SET ended_at = clock_timestamp() - make_interval(secs => $2), ended_by = 'x'
             WHERE room_id = $1"""
    with pytest.raises(CheckViolationError, match="ends once"):
        await direct.sql(end, room, 60)
    await direct.sql(end, room, 0)
    for again in (
        end,
        end.replace("clock_timestamp() - make_interval(secs => $2)", "starts_at + make_interval(secs => $2)"),
    ):
        with pytest.raises(CheckViolationError, match="ends once"):
            await direct.sql(again, room, 0)


async def test_the_role_can_only_close_and_open(direct: Direct) -> None:
    for statement in (
        "DELETE FROM room_closures",
        "UPDATE room_closures SET ends_at = now()",
        "UPDATE room_closures SET room_id = room_id",
        "DROP TRIGGER closed_room_is_empty ON room_closures",
        "DELETE FROM asset_moves",
        "UPDATE equipment_inspections SET result = 'pass'",
        "DELETE FROM equipment",
        "DELETE FROM bar_sets",
    ):
        with pytest.raises(InsufficientPrivilegeError):
            await direct.sql(statement)


async def test_a_bar_cannot_leave_its_set_behind(direct: Direct) -> None:
    body = {"room_id": str(direct.room), "name": f"Frame {new_id().hex[-8:]}", "bar_ids": [str(direct.bar)]}
    assert (await direct.spa.http.post("/v1/bar-sets", json=body)).status_code == 201
    elsewhere = await direct.spa.room()
    with pytest.raises(asyncpg.ForeignKeyViolationError, match="bars_stand_with_their_set"):
        await direct.sql(
            "UPDATE bars SET room_id = $2, unproven_since = clock_timestamp() WHERE id = $1", direct.bar, elsewhere
        )


async def test_a_booking_and_a_closure_that_lock_nothing_cannot_slip_past_each_other(spa: Spa) -> None:
    for first in (0, 1) * 3:
        room = await spa.room()
        one, two = [await asyncpg.connect(spa.database.url) for _ in range(2)]
        a, b = one.transaction(), two.transaction()
        await a.start()
        await b.start()
        await one.execute(
            INSERT, new_id(), spa.branch_id, room, spa.massage, spa.therapist_id, False, None,
            soon(1), soon(1, 1), soon(1, 1.25),
        )  # fmt: skip
        await two.execute(CLOSE, new_id(), spa.branch_id, room, soon(0, 23), soon(2))
        work = [a.commit(), b.commit()]
        done = await asyncio.gather(*(work if first == 0 else reversed(work)), return_exceptions=True)
        assert sum(isinstance(outcome, asyncpg.PostgresError) for outcome in done) >= 1
        await one.close()
        await two.close()
        both = await spa.sql(
            """SELECT count(*) AS n FROM assignments a JOIN room_closures k ON k.room_id = a.room_id
               AND k.closed && a.during WHERE a.room_id = $1""",
            room,
        )
        assert both[0]["n"] == 0
