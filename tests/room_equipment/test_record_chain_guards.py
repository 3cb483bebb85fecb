"""Nobody but the database writes the chain of the safety record: neither the service's role nor a trick of its own."""

import asyncpg
import pytest
from asyncpg.exceptions import InsufficientPrivilegeError

from tests.room_equipment.direct import Direct
from tests.room_equipment.test_record_chain import Record

FORGE = "INSERT INTO record_entries SELECT * FROM record_entries WHERE chain_id = $1 AND sequence = 1"


@pytest.mark.parametrize(
    "statement",
    [
        FORGE,
        "UPDATE record_entries SET content = '{}' WHERE chain_id = $1",
        "DELETE FROM record_entries WHERE chain_id = $1",
        "UPDATE record_heads SET sequence = 0 WHERE chain_id = $1",
        "DELETE FROM record_heads WHERE chain_id = $1",
        "SELECT record_append($1, $1, 'bars', $1, 'changed', '{}')",
        "DROP TRIGGER record_change ON inspections /* $1 */",
        "ALTER TABLE lockouts DISABLE TRIGGER record_change",
    ],
)
async def test_the_services_own_role_can_only_read_the_chain(direct: Direct, statement: str) -> None:
    arguments = (direct.bar,) if "$1" in statement and "/*" not in statement else ()
    with pytest.raises(InsufficientPrivilegeError):
        await direct.sql(statement, *arguments)


async def test_a_table_of_ones_own_cannot_borrow_the_chains_trigger(direct: Direct) -> None:
    """Should somebody let the role make temporary tables: one called `inspections` with our trigger would write what
    never happened."""
    admin = await asyncpg.connect(direct.spa.database.admin_url)
    await admin.execute(f'GRANT TEMPORARY ON DATABASE "{direct.spa.database.name}" TO caibei_room_equipment')
    await admin.close()
    await direct.connection.execute("CREATE TEMP TABLE inspections (id uuid, bar_id uuid, branch_id uuid)")
    with pytest.raises(InsufficientPrivilegeError):
        await direct.sql(
            "CREATE TRIGGER forged AFTER INSERT ON inspections FOR EACH ROW EXECUTE FUNCTION record_change()"
        )


async def test_direct_sql_of_the_service_is_chained_like_any_other(direct: Direct) -> None:
    await direct.sql(
        """INSERT INTO pre_use_checks (id, bar_id, branch_id, room_id, therapist_id, result, checked_at, recorded_by)
           SELECT uuidv7(), id, branch_id, room_id, uuidv7(), 'pass', now(), 'psql' FROM bars WHERE id = $1""",
        direct.bar,
    )
    record = Record(direct.spa, direct.bar, direct.bar)
    assert (await record.entries())[-1] == (3, "pre_use_checks", "recorded")
    assert await record.named() == []
