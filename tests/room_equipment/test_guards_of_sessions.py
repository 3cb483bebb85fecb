"""The same adversary and the sessions: begun, rewritten, lightened, passed off as something else."""

import pytest
from asyncpg.exceptions import CheckViolationError, ForeignKeyViolationError, InsufficientPrivilegeError

from shared.kit.ids import new_id
from tests.room_equipment.direct import INSERT, LEAVE, START, Direct
from tests.room_equipment.spa import soon


async def test_a_session_that_leaves_without_a_trace_does_not_leave(direct: Direct) -> None:
    session = await direct.session(soon(1))
    with pytest.raises(CheckViolationError, match="leaves to the record"):
        await direct.sql("DELETE FROM assignments WHERE appointment_id = $1", session)
    with pytest.raises(InsufficientPrivilegeError):
        await direct.sql(
            LEAVE.replace("(outcome,", "(ended_at, outcome,").replace("'released',", "now(), 'released',"), session
        )
    await direct.sql(LEAVE, session)


async def test_a_session_is_not_born_running(direct: Direct) -> None:
    born = INSERT.replace("during)\nVALUES", "during, started_at)\nVALUES").replace(
        "tstzrange($8, $10))", "tstzrange($8, $10), $8)"
    )
    at = soon(1)
    with pytest.raises(InsufficientPrivilegeError):
        await direct.connection.execute(
            born, new_id(), direct.spa.branch_id, direct.room, new_id(), direct.spa.therapist_id, True, 120, at,
            soon(1, 1), soon(1, 1.25),
        )  # fmt: skip


async def test_a_session_does_not_begin_unproven_or_at_another_time_than_now(direct: Direct) -> None:
    session = await direct.session(soon(1))
    with pytest.raises(CheckViolationError, match="looked at"):
        await direct.sql(START, session)
    await direct.stated(session)
    for statement in (
        "UPDATE assignments SET started_at = lower(during) WHERE appointment_id = $1",  # tomorrow
        START.replace("clock_timestamp() AS at", "now() - interval '1 hour' AS at"),
        START.replace("upper(during) - lower(during)", "ends_at - lower(during)"),  # without its turnover
        START.replace("SET started_at = t.at", "SET at_risk_at = t.at + interval '1 second', started_at = t.at"),
    ):
        with pytest.raises((CheckViolationError, ForeignKeyViolationError)):
            await direct.sql(statement, session)
    await direct.connection.execute(
        """INSERT INTO fitness_statements (id, appointment_id, branch_id, therapist_id, fit, stated_at, recorded_by)
           SELECT uuidv7(), appointment_id, branch_id, therapist_id, false, clock_timestamp(), 'x' FROM assignments
           WHERE appointment_id = $1""",
        session,
    )
    with pytest.raises(CheckViolationError, match="fit"):
        await direct.sql(START, session)


@pytest.mark.parametrize(
    "change",
    [
        "started_at = NULL",
        "started_at = started_at - interval '1 minute'",
        "during = tstzrange(lower(during), upper(during) + interval '1 hour')",
        "room_id = (SELECT id FROM rooms WHERE branch_id = assignments.branch_id AND id <> room_id LIMIT 1)",
        "load_kg = 130",
        "planned_at = planned_at - interval '1 day'",
        "attempt = 0",
        "assignment_version = 0",
        "treatment_id = therapist_id",
    ],
)
async def test_a_running_session_is_not_rewritten(direct: Direct, change: str) -> None:
    await direct.spa.cleared_room()
    running = await direct.running(therapist=await direct.spa.therapist())
    with pytest.raises(CheckViolationError):
        await direct.sql(f"UPDATE assignments SET {change} WHERE appointment_id = $1", running)


async def test_a_running_session_may_be_at_risk_sooner_than_was_said_and_never_later_or_before_now(
    direct: Direct,
) -> None:
    running = await direct.running()
    mark = "UPDATE assignments SET at_risk_at = {} WHERE appointment_id = $1"
    await direct.sql(mark.format("clock_timestamp() + interval '10 minutes'"), running)
    await direct.sql(mark.format("clock_timestamp() + interval '5 minutes'"), running)
    for later in ("NULL", "at_risk_at + interval '1 minute'", "clock_timestamp() - interval '1 second'"):
        with pytest.raises(CheckViolationError, match="not rewritten"):
            await direct.sql(mark.format(later), running)


RULE = """INSERT INTO house_rules (branch_id, version, rules, set_by)
          VALUES ($1, 1, jsonb_build_object('safety_factor', $2::text), 'x')"""


async def test_a_session_is_no_lighter_than_its_therapist(direct: Direct) -> None:
    """By the factor on record; where none is, by the mass alone."""
    with pytest.raises(CheckViolationError, match="is its therapist"):
        await direct.session(soon(1), load=59.9)
    await direct.sql(RULE, direct.spa.branch_id, "2")
    with pytest.raises(CheckViolationError, match="is its therapist"):
        await direct.session(soon(1), load=119.9)
    with pytest.raises(CheckViolationError, match="is its therapist"):
        await direct.session(soon(1), therapist=new_id())  # whom nobody measured
    session = await direct.session(soon(1))
    with pytest.raises(CheckViolationError, match="is its therapist"):
        await direct.sql("UPDATE assignments SET load_kg = 1 WHERE appointment_id = $1", session)
    with pytest.raises(CheckViolationError, match="lower load"):
        await direct.sql(
            "UPDATE load_profiles SET mass_kg = 100, version = version + 1 WHERE therapist_id = $1",
            direct.spa.therapist_id,
        )
    stale = await direct.spa.therapist()
    await direct.spa.as_superuser(
        "UPDATE load_profiles SET valid_until = $2 WHERE therapist_id = $1", stale, soon(0).date()
    )
    with pytest.raises(CheckViolationError, match="is its therapist"):
        await direct.session(soon(3), therapist=stale)


async def test_a_back_stepping_session_cannot_pass_for_a_massage(direct: Direct) -> None:
    massage = await direct.session(soon(1), requires_bar=False, load=None)
    with pytest.raises(CheckViolationError, match="needs bars"):
        await direct.sql(
            "UPDATE assignments SET treatment_id = $2 WHERE appointment_id = $1", massage, direct.spa.bar_treatment
        )


async def test_measurements_and_what_was_heard_never_go_back(direct: Direct) -> None:
    session = await direct.spa.book(soon(2), room_id=direct.room)
    for statement in (
        "UPDATE appointment_marks SET attempt = 0 WHERE appointment_id = $1",
        "UPDATE appointment_marks SET version = 0 WHERE appointment_id = $1",
        "UPDATE rooms SET clearance_version = 0 WHERE id = (SELECT room_id FROM assignments WHERE appointment_id = $1)",
        """UPDATE load_profiles SET measured_on = measured_on - 1, version = version + 1
           WHERE therapist_id = (SELECT therapist_id FROM assignments WHERE appointment_id = $1)""",
    ):
        with pytest.raises(CheckViolationError, match="never fall"):
            await direct.sql(statement, session)
