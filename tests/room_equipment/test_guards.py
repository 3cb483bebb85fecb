"""An adversary with the service's own role: each way around the safety core that SQL offers, and what refuses it."""

from typing import Any

import asyncpg
import pytest
from asyncpg.exceptions import (
    CheckViolationError,
    ForeignKeyViolationError,
    PostgresError,
    UniqueViolationError,
)

from tests.room_equipment.direct import Direct
from tests.room_equipment.spa import Spa, soon

# --- guards that look elsewhere, or do not see ----------------------------------------------------------------------


async def test_a_temporary_table_cannot_stand_in_for_one_that_guards_read(direct: Direct) -> None:
    for statement in (
        "CREATE TEMP TABLE room_clearances ()",
        "CREATE SCHEMA mine",
        "CREATE FUNCTION pg_temp.f() RETURNS int",
    ):
        with pytest.raises(PostgresError, match=r"permission denied|syntax"):
            await direct.sql(statement)
    # And where someone gave that right back: the guards look at the tables of this schema.
    admin = await asyncpg.connect(direct.spa.database.admin_url)
    await admin.execute(f'GRANT TEMPORARY ON DATABASE "{direct.spa.database.name}" TO caibei_room_equipment')
    await admin.close()
    await direct.sql("CREATE TEMP TABLE room_clearances AS SELECT * FROM public.room_clearances")
    await direct.sql("UPDATE pg_temp.room_clearances SET max_load_kg = 9999")
    with pytest.raises(CheckViolationError, match="not rated"):
        async with direct.connection.transaction():
            await direct.session(soon(1), load=301)


async def test_every_guard_says_where_it_looks_and_only_what_keeps_the_record_runs_with_its_owners_rights(
    direct: Direct,
) -> None:
    rows = await direct.connection.fetch(
        """SELECT p.proname, p.proconfig, p.prosecdef,
               has_function_privilege('caibei_room_equipment', p.oid, 'EXECUTE') AS callable FROM pg_proc p
           WHERE p.pronamespace = 'public'::regnamespace AND p.proowner = 'caibei_room_equipment_owner'::regrole"""
    )
    assert len(rows) > 15
    assert {row["proname"] for row in rows if row["prosecdef"]} == {"bar_states_are_kept", "record_change"}
    assert not any(row["callable"] for row in rows if row["prosecdef"])
    assert {
        row["proname"] for row in rows if "search_path=pg_catalog, public, pg_temp" not in row["proconfig"]
    } == set()


@pytest.mark.parametrize("level", ["repeatable_read", "serializable"])
async def test_no_isolation_keeps_a_guard_from_seeing_what_others_committed(direct: Direct, level: Any) -> None:
    """Under REPEATABLE READ one could lower a limit and another add a load, and neither guard see the other."""
    with pytest.raises(PostgresError, match="READ COMMITTED"):
        async with direct.connection.transaction(isolation=level):
            await direct.session(soon(1))


# --- proofs that are forged -----------------------------------------------------------------------------------------


async def test_a_clearance_names_no_proof_but_its_own(direct: Direct) -> None:
    room = await direct.spa.room()
    recorded = await direct.spa.installed(await direct.spa.bar(room))
    borrowed = (await direct.spa.clearance(direct.room))["periods"][0]["inspection_ids"]
    end = (
        "UPDATE room_clearances SET valid_during = tstzrange(lower(valid_during), clock_timestamp()) WHERE room_id = $1"
    )
    again = """INSERT INTO room_clearances
               SELECT room_id, tstzrange(upper(valid_during), upper(valid_during) + interval '1 day'),
               300, $2 FROM room_clearances WHERE room_id = $1"""
    with pytest.raises(CheckViolationError, match="latest inspection of each"):
        async with direct.connection.transaction():
            await direct.connection.execute(end, room)
            await direct.connection.execute(again, room, [recorded["id"], *borrowed])
    async with direct.connection.transaction():
        await direct.connection.execute(end, room)
        await direct.connection.execute(again, room, [recorded["id"]])


INSPECT = """
INSERT INTO inspections (id, bar_id, sequence, branch_id, room_id, bar_serial, rated_load_kg, kind, performed_at,
    recorded_at, recorded_by, inspector_name, inspector_organisation, inspector_credential, inspector_credential_key,
    credential_valid_until, checklist, load_test_kg, result, valid_until, certified_until)
SELECT uuidv7(), id, {sequence}, branch_id, {room}, serial, {rated}, 'installation', {performed}, {recorded},
    'x', 'x', 'x', 'x', 'x', '2099-01-01', '[]', {test}, 'pass', '2027-01-01', {until} FROM bars WHERE id = $1
"""
HONEST = {
    "sequence": "2", "room": "room_id", "rated": "rated_load_kg", "performed": "now()", "recorded": "clock_timestamp()",
    "test": "300", "until": "now() + interval '9 days'",
}  # fmt: skip


@pytest.mark.parametrize(
    "lie",
    [
        {"recorded": "now() - interval '1 day'", "performed": "now() - interval '2 days'"},
        {"recorded": "now() + interval '9 years'"},  # it would prove whatever is mounted until then
        {"performed": "now() + interval '1 hour'"},
        {"sequence": "1"},
        {"sequence": "7"},
        {"rated": "1", "test": "1"},
        {"test": "299.9"},
        {"test": "NULL"},
        {"until": "now() + interval '30 years'"},
        {"until": "NULL"},
        {"room": "(SELECT id FROM rooms WHERE id <> bars.room_id LIMIT 1)"},
    ],
)
async def test_an_inspection_is_recorded_when_it_is_and_of_the_bar_as_it_hangs(
    direct: Direct, lie: dict[str, str]
) -> None:
    with pytest.raises((CheckViolationError, UniqueViolationError)):
        await direct.sql(INSPECT.format(**(HONEST | lie)), direct.bar)


@pytest.mark.parametrize(
    "change",
    [
        "mounting = 'wall'",
        "serial = 'other'",
        "rated_load_kg = 999",
        "unproven_since = unproven_since - interval '1 day'",
        "room_id = (SELECT r.id FROM rooms r WHERE r.branch_id = bars.branch_id AND r.id <> bars.room_id LIMIT 1)",
        "version = 0",
    ],
)
async def test_a_bar_does_not_change_and_stay_proven(direct: Direct, change: str) -> None:
    await direct.spa.room()
    with pytest.raises(CheckViolationError):
        await direct.sql(f"UPDATE bars SET {change} WHERE id = $1", direct.bar)


async def test_a_bar_and_a_session_lie_in_the_branch_of_their_room(direct: Direct, spa: Spa) -> None:
    elsewhere = await Spa(spa.app, spa.mint, spa.database).open()
    with pytest.raises(ForeignKeyViolationError, match="bars_hang_in_their_branch"):
        await direct.sql("UPDATE bars SET branch_id = $2 WHERE id = $1", direct.bar, elsewhere.branch_id)
    session = await direct.session(soon(1))
    with pytest.raises(ForeignKeyViolationError, match="assignments_lie_in_their_branch"):
        await direct.sql(
            "UPDATE assignments SET branch_id = $2 WHERE appointment_id = $1", session, elsewhere.branch_id
        )


# --- lock-outs that end by themselves -------------------------------------------------------------------------------

RELEASE = """
UPDATE lockouts SET released_at = clock_timestamp(), released_by = $2 WHERE bar_id = $1 AND released_at IS NULL
"""


async def test_a_lockout_ends_by_no_inspection_but_a_later_one_of_the_repaired_bar(direct: Direct) -> None:
    spa = direct.spa
    before = (await spa.http.get(f"/v1/bars/{direct.bar}/inspections")).json()["items"][0]["id"]
    (await spa.http.post(f"/v1/bars/{direct.bar}/lockouts", json={"reason": "bent"})).raise_for_status()
    _, other = await spa.cleared_room()
    foreign = (await spa.inspect(other)).json()["id"]
    for proof in (before, foreign):
        with pytest.raises(CheckViolationError, match="ends once"):
            await direct.sql(RELEASE, direct.bar, proof)
    await spa.repaired(direct.bar)
    for proof in (before, foreign):
        with pytest.raises(CheckViolationError, match="ends once"):
            await direct.sql(RELEASE, direct.bar, proof)
    released = (await spa.inspect(direct.bar)).json()["id"]
    for statement in ("released_at = NULL, released_by = NULL", f"released_by = '{foreign}'"):
        with pytest.raises(CheckViolationError, match="ends once"):
            await direct.sql(
                f"UPDATE lockouts SET {statement} WHERE bar_id = $1 AND released_by = $2", direct.bar, released
            )


async def test_the_repairer_releases_nothing_and_is_not_written_over(direct: Direct) -> None:
    spa = direct.spa
    (await spa.http.post(f"/v1/bars/{direct.bar}/lockouts", json={"reason": "bent"})).raise_for_status()
    with pytest.raises(CheckViolationError, match="written once"):
        await direct.sql(
            """UPDATE work_orders
               SET status = 'completed', completed_at = now() - interval '1 day', repairer_subject = 'x'
               WHERE bar_id = $1""",
            direct.bar,
        )
    await spa.repaired(direct.bar, subject="x")  # whom INSPECT records as the inspector
    with pytest.raises(CheckViolationError, match="written once"):
        await direct.sql("UPDATE work_orders SET repairer_subject = 'someone else' WHERE bar_id = $1", direct.bar)
    with pytest.raises(CheckViolationError, match="ends once"):
        async with direct.connection.transaction():
            await direct.connection.execute(INSPECT.format(**(HONEST | {"performed": "clock_timestamp()"})), direct.bar)
            latest = "SELECT id FROM inspections WHERE bar_id = $1 ORDER BY sequence DESC LIMIT 1"
            await direct.connection.execute(RELEASE, direct.bar, await direct.connection.fetchval(latest, direct.bar))


async def test_a_repair_stays_that_of_the_lockout_it_was_opened_for(direct: Direct) -> None:
    """Else an old repair by somebody else would be lent to a lock-out, or the repairer's own taken off it."""
    spa = direct.spa
    planned = {"bar_id": str(direct.bar), "title": "New end caps"}
    (await spa.http.post("/v1/work-orders", json=planned)).raise_for_status()
    await spa.repaired(direct.bar)
    (await spa.http.post(f"/v1/bars/{direct.bar}/lockouts", json={"reason": "bent"})).raise_for_status()
    lend = """UPDATE work_orders SET lockout_id = (SELECT id FROM lockouts WHERE bar_id = $1 AND released_at IS NULL)
              WHERE bar_id = $1 AND lockout_id IS NULL"""
    with pytest.raises(CheckViolationError, match="opened for"):
        await direct.sql(lend, direct.bar)
    for of in ("NULL", "uuidv7()"):
        with pytest.raises(CheckViolationError, match="opened for"):
            await direct.sql(
                f"UPDATE work_orders SET lockout_id = {of} WHERE bar_id = $1 AND lockout_id IS NOT NULL", direct.bar
            )


# --- the past -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM room_clearances WHERE room_id = $1",
        "DELETE FROM room_gaps WHERE room_id = $1",
        "UPDATE room_clearances SET valid_during = tstzrange(lower(valid_during) - interval '1 day',"
        " upper(valid_during)) WHERE room_id = $1",
        "UPDATE room_clearances SET valid_during = tstzrange(lower(valid_during), now() - interval '1 microsecond')"
        " WHERE room_id = $1",
        "UPDATE room_gaps SET during = tstzrange(lower(during) + interval '1 microsecond', upper(during))"
        " WHERE room_id = $1 AND NOT upper_inf(during)",
        "INSERT INTO room_gaps VALUES ($1, tstzrange(now() - interval '2 days', now() - interval '1 day'), 'lapsed')",
        "INSERT INTO room_clearances SELECT $1, tstzrange(now() - interval '2 days', now() - interval '1 day'), 300,"
        " inspection_ids FROM room_clearances WHERE room_id = $1",
    ],
)  # fmt: skip
async def test_what_was_cleared_is_not_rewritten(direct: Direct, statement: str) -> None:
    with pytest.raises(CheckViolationError, match="not rewritten"):
        await direct.sql(statement, direct.room)
