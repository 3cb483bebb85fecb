"""The database refuses: each forbidden change by direct SQL, as the service's own role (rules: The safety core in SQL).

`SET CONSTRAINTS ALL IMMEDIATE` stands for the commit: what is deferred is checked there.
"""

from datetime import timedelta
from decimal import Decimal

import asyncpg
import pytest
from asyncpg.exceptions import (
    CheckViolationError,
    ExclusionViolationError,
    ForeignKeyViolationError,
    InsufficientPrivilegeError,
    NotNullViolationError,
    UniqueViolationError,
)

from tests.room_equipment.direct import LEAVE, Direct
from tests.room_equipment.spa import soon


async def test_the_keys_that_carry_time_are_there(direct: Direct) -> None:
    rows = await direct.connection.fetch("SELECT conname FROM pg_constraint WHERE conperiod ORDER BY 1")
    assert [row["conname"] for row in rows] == [
        "assignments_room_is_cleared",
        "assignments_room_is_free",
        "bar_states_follow_one_another",
        "room_clearances_do_not_overlap",
        "room_gaps_do_not_overlap",
    ]
    deferred = await direct.connection.fetchval(
        "SELECT condeferrable AND condeferred FROM pg_constraint WHERE conname = 'assignments_room_is_cleared'"
    )
    assert deferred


async def test_the_role_owns_nothing_and_cannot_switch_guards_off(direct: Direct) -> None:
    owned = await direct.connection.fetchval(
        """SELECT count(*) FROM pg_class c JOIN pg_roles r ON r.oid = c.relowner
           WHERE r.rolname = current_user OR pg_has_role(current_user, r.oid, 'MEMBER')"""
    )
    assert owned == 0
    for statement in (
        "ALTER TABLE assignments DISABLE TRIGGER ALL",
        "ALTER TABLE assignments DROP CONSTRAINT assignments_room_is_free",
        "SET session_replication_role = replica",
        "TRUNCATE assignments CASCADE",
        "DROP TRIGGER assignment_load_is_carried ON assignments",
        "CREATE TABLE elsewhere ()",
        "DELETE FROM rooms",
        "DELETE FROM bars",
        "DELETE FROM lockouts",
    ):
        with pytest.raises(InsufficientPrivilegeError):
            await direct.sql(statement)


async def test_an_uncleared_session_is_refused(direct: Direct) -> None:
    empty = await direct.spa.room()
    with pytest.raises(ForeignKeyViolationError, match="assignments_room_is_cleared"):
        async with direct.connection.transaction():
            await direct.session(soon(1), room=empty)
    with pytest.raises(ForeignKeyViolationError):
        async with direct.connection.transaction():
            await direct.session(soon(-1))  # cleared only since now


async def test_a_session_cleared_to_its_end_but_not_its_turnover_is_refused(direct: Direct) -> None:
    end = await direct.end()
    with pytest.raises(ForeignKeyViolationError):
        async with direct.connection.transaction():
            await direct.session(end - timedelta(minutes=60))
    async with direct.connection.transaction():
        await direct.session(end - timedelta(minutes=75))  # to the very end, turnover included


async def test_two_sessions_in_one_room_at_one_time_are_refused(direct: Direct) -> None:
    at = soon(1)
    await direct.session(at)
    with pytest.raises(ExclusionViolationError, match="assignments_room_is_free"):
        await direct.session(at + timedelta(minutes=74))
    await direct.session(at + timedelta(minutes=75))


async def test_massage_needs_no_clearance_but_its_room(direct: Direct) -> None:
    empty = await direct.spa.room()
    await direct.session(soon(1), room=empty, requires_bar=False, load=None)
    with pytest.raises(ExclusionViolationError):
        await direct.session(soon(1), room=empty, requires_bar=False, load=None)


async def test_a_clearance_under_a_session_cannot_be_deleted_or_shortened(direct: Direct) -> None:
    at = soon(1)
    await direct.session(at)
    with pytest.raises(CheckViolationError, match="not rewritten"):
        await direct.sql("DELETE FROM room_clearances WHERE room_id = $1", direct.room)
    shorten = "UPDATE room_clearances SET valid_during = tstzrange(lower(valid_during), $2) WHERE room_id = $1"
    with pytest.raises(ForeignKeyViolationError):
        await direct.sql(
            shorten, direct.room, await direct.connection.fetchval("SELECT clock_timestamp() + interval '2 s'")
        )
    with pytest.raises(ForeignKeyViolationError):
        await direct.sql(shorten, direct.room, at + timedelta(minutes=74))
    await direct.sql(shorten, direct.room, at + timedelta(minutes=75))


async def test_a_session_may_lie_across_two_adjoining_clearances_but_not_a_gap(direct: Direct) -> None:
    at = soon(1)
    middle = at + timedelta(minutes=30)
    split = """
        WITH cut AS (
            UPDATE room_clearances SET valid_during = tstzrange(lower(valid_during), $2)
            WHERE room_id = $1 RETURNING old.valid_during AS was, max_load_kg, inspection_ids
        )
        SELECT upper(was) AS until, max_load_kg, inspection_ids FROM cut
    """
    async with direct.connection.transaction():
        row = await direct.connection.fetchrow(split, direct.room, middle)
        assert row is not None
        again = "INSERT INTO room_clearances VALUES ($1, tstzrange($2, $3), $4, $5)"
        rest = (row["until"], row["max_load_kg"], row["inspection_ids"])
        await direct.connection.execute(again, direct.room, middle, *rest)
    await direct.sql("SELECT 1")
    session = await direct.session(at)
    await direct.sql(LEAVE, session)
    await direct.sql(
        "UPDATE room_clearances SET valid_during = tstzrange($2, upper(valid_during)) WHERE room_id = $1"
        " AND lower(valid_during) = $3",
        direct.room, middle + timedelta(seconds=1), middle,
    )  # fmt: skip
    with pytest.raises(ForeignKeyViolationError):
        async with direct.connection.transaction():
            await direct.session(at)


async def test_a_load_that_is_unknown_or_above_the_limit_is_refused(direct: Direct) -> None:
    with pytest.raises(CheckViolationError, match="assignments_load_is_known"):
        await direct.session(soon(1), load=None)
    with pytest.raises(CheckViolationError, match="not rated"):
        async with direct.connection.transaction():
            await direct.session(soon(1), load=300.1)
    session = await direct.session(soon(1), load=300)
    with pytest.raises(CheckViolationError, match="not rated"):
        await direct.sql("UPDATE assignments SET load_kg = 300.1 WHERE appointment_id = $1", session)
    with pytest.raises(CheckViolationError, match="assignments_load_is_known"):
        await direct.sql("UPDATE assignments SET load_kg = NULL WHERE appointment_id = $1", session)


async def test_a_limit_cannot_sink_below_a_session_under_it(direct: Direct) -> None:
    await direct.session(soon(1), load=200)
    lower = "UPDATE room_clearances SET max_load_kg = $2 WHERE room_id = $1"
    with pytest.raises(InsufficientPrivilegeError):
        await direct.sql(lower, direct.room, Decimal("199.9"))
    owner = await asyncpg.connect(direct.spa.database.owner_url)
    with pytest.raises(CheckViolationError, match="higher rating"):
        await owner.execute(lower, direct.room, Decimal("199.9"))
    await owner.execute(lower, direct.room, 200)
    await owner.close()


async def test_moving_a_session_to_a_weaker_room_is_refused(direct: Direct) -> None:
    weak, _ = await direct.spa.cleared_room(150)
    session = await direct.session(soon(1), load=200)
    with pytest.raises(CheckViolationError, match="not rated"):
        await direct.sql("UPDATE assignments SET room_id = $2 WHERE appointment_id = $1", session, weak)


async def test_requires_bar_is_set_once(direct: Direct) -> None:
    session = await direct.session(soon(1))
    with pytest.raises(InsufficientPrivilegeError):
        await direct.sql("UPDATE assignments SET requires_bar = false WHERE appointment_id = $1", session)
    owner = await asyncpg.connect(direct.spa.database.owner_url)
    with pytest.raises(CheckViolationError, match="set once"):
        await owner.execute("UPDATE assignments SET requires_bar = false WHERE appointment_id = $1", session)
    await owner.close()


async def test_empty_null_and_endless_times_are_refused(direct: Direct) -> None:
    session = await direct.session(soon(1))
    for value, error in (
        ("'empty'", CheckViolationError),
        ("tstzrange(lower(during), NULL)", CheckViolationError),
        ("tstzrange(NULL, upper(during))", CheckViolationError),
        ("NULL", NotNullViolationError),
    ):
        with pytest.raises(error):
            await direct.sql(f"UPDATE assignments SET during = {value} WHERE appointment_id = $1", session)
    with pytest.raises((CheckViolationError, ForeignKeyViolationError, ExclusionViolationError)):
        await direct.sql("UPDATE room_clearances SET valid_during = 'empty' WHERE room_id = $1", direct.room)


async def test_only_a_running_session_can_be_at_risk_and_then_it_is_covered_to_that_moment(direct: Direct) -> None:
    waiting = await direct.session(soon(1))
    risk = "UPDATE assignments SET at_risk_at = $2 WHERE appointment_id = $1"
    with pytest.raises(CheckViolationError, match="assignments_at_risk_while_running"):
        await direct.sql(risk, waiting, soon(1) + timedelta(minutes=10))
    await direct.sql(LEAVE, waiting)
    running = await direct.running()
    for moment in ("lower(during)", "upper(during) + interval '1 second'"):
        with pytest.raises(CheckViolationError, match="assignments_at_risk_while_running"):
            await direct.sql(f"UPDATE assignments SET at_risk_at = {moment} WHERE appointment_id = $1", running)
    now = await direct.connection.fetchval("SELECT clock_timestamp() + interval '1 second'")
    shorten = "UPDATE room_clearances SET valid_during = tstzrange(lower(valid_during), $2) WHERE room_id = $1"
    with pytest.raises(ForeignKeyViolationError):
        await direct.sql(shorten, direct.room, now)
    async with direct.connection.transaction():
        await direct.connection.execute(risk, running, now)
        await direct.connection.execute(shorten, direct.room, now)
    with pytest.raises(ExclusionViolationError):  # it keeps the room all the same
        await direct.session(soon(0, 1), requires_bar=False, load=None)


async def test_one_running_session_a_therapist_and_a_room(direct: Direct) -> None:
    other, third = [(await direct.spa.cleared_room())[0] for _ in range(2)]
    therapist = await direct.spa.therapist()
    running = await direct.running(therapist=therapist)
    with pytest.raises((ExclusionViolationError, UniqueViolationError), match=r"assignments_(one|therapist)"):
        await direct.running(therapist=therapist, room=other)
    # However long ago it should have ended: who has not finished one begins no other, in no other room either.
    await direct.spa.as_superuser(
        """UPDATE assignments
           SET during = tstzrange(lower(during) - interval '1 day', upper(during) - interval '1 day'),
               started_at = started_at - interval '1 day', ends_at = ends_at - interval '1 day'
           WHERE appointment_id = $1""",
        running,
    )
    with pytest.raises(UniqueViolationError, match="assignments_therapist_runs_one"):
        await direct.running(therapist=therapist, room=third)
    with pytest.raises(UniqueViolationError, match="assignments_one_running_per_room"):
        await direct.running(therapist=await direct.spa.therapist())
