"""What the database itself refuses, by direct SQL as the service's own role; and that tables.py tells the truth."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any, TypeAlias
from uuid import UUID

import asyncpg
import pytest

from services.scheduling.tables import metadata
from shared.kit.ids import new_id
from tests.scheduling.builders import Chain, tomorrow

Role: TypeAlias = "asyncpg.Connection[Any]"
HOUR = timedelta(hours=1)


@pytest.fixture
async def role(chain: Chain) -> AsyncIterator[Role]:
    connection = await asyncpg.connect(chain.servers.url)
    yield connection
    await connection.close()


CLAIM = """
INSERT INTO therapist_claims (appointment_id, attempt, therapist_id, during) VALUES ($1, $2, $3, tstzrange($4, $5))
"""


async def test_a_therapists_time_cannot_be_claimed_twice(chain: Chain, role: Role) -> None:
    therapist = UUID((await chain.place()).therapist_ids[0])
    at = tomorrow(10)
    await role.execute(CLAIM, new_id(), 1, therapist, at, at + HOUR)
    with pytest.raises(asyncpg.ExclusionViolationError):
        await role.execute(CLAIM, new_id(), 1, therapist, at + HOUR / 2, at + 2 * HOUR)
    await role.execute(CLAIM, new_id(), 1, therapist, at + HOUR, at + 2 * HOUR)


async def test_one_appointment_may_hold_its_old_and_its_new_time(chain: Chain, role: Role) -> None:
    therapist, appointment = UUID((await chain.place()).therapist_ids[0]), new_id()
    at = tomorrow(10)
    await role.execute(CLAIM, appointment, 1, therapist, at, at + HOUR)
    await role.execute(CLAIM, appointment, 2, therapist, at + HOUR / 2, at + 2 * HOUR)


@pytest.mark.parametrize("bounds", ["'empty'", "tstzrange(NULL, now())", "tstzrange(now(), NULL)", "NULL"])
async def test_claimed_time_has_two_ends(chain: Chain, role: Role, bounds: str) -> None:
    therapist = UUID((await chain.place()).therapist_ids[0])
    with pytest.raises((asyncpg.CheckViolationError, asyncpg.NotNullViolationError)):
        await role.execute(
            f"INSERT INTO therapist_claims (appointment_id, attempt, therapist_id, during) SELECT $1, 1, $2, {bounds}",
            new_id(),
            therapist,
        )


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE appointment_history SET code = 'x'",
        "DELETE FROM appointment_history",
        "DELETE FROM appointments",
        "DELETE FROM clients",
        "DELETE FROM branches",
        "DROP TABLE appointments",
        "ALTER TABLE therapist_claims DROP CONSTRAINT therapist_claims_one_session_at_a_time",
    ],
)
async def test_the_services_role_cannot_unsay_what_happened(role: Role, statement: str) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await role.execute(statement)


async def test_the_services_role_owns_nothing(role: Role) -> None:
    owned = await role.fetchval("SELECT count(*) FROM pg_class WHERE relowner = current_user::regrole")
    assert owned == 0


async def test_a_confirmed_appointment_has_a_room_and_a_rejected_one_a_code(chain: Chain, role: Role) -> None:
    asked = await chain.request(await chain.place(), tomorrow(10))
    for status in ("confirmed", "rejected"):
        with pytest.raises(asyncpg.CheckViolationError):
            await role.execute("UPDATE appointments SET status = $2 WHERE id = $1", UUID(asked["id"]), status)


async def test_an_erased_client_keeps_nothing_personal(chain: Chain, role: Role) -> None:
    client = UUID((await chain.place()).client_id)
    with pytest.raises(asyncpg.CheckViolationError):
        await role.execute("UPDATE clients SET erased_at = now() WHERE id = $1", client)


async def test_the_tables_in_code_are_those_the_migrations_made(role: Role) -> None:
    for table in metadata.sorted_tables:
        rows = await role.fetch(
            "SELECT column_name FROM information_schema.columns WHERE table_name = $1 AND table_schema = 'public'",
            table.name,
        )
        assert {row["column_name"] for row in rows} == set(table.c.keys()), table.name
