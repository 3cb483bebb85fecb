"""The schema as migrated: the runtime role owns nothing, and evidence cannot be rewritten."""

import asyncpg
import pytest

from tests.screening.chain import Chain


async def test_the_runtime_role_owns_nothing(chain: Chain) -> None:
    async with chain.app.state.database.transaction() as tx:
        assert await tx.scalar("SELECT count(*) FROM pg_class WHERE relowner = CAST(current_user AS regrole)") == 0


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE screenings SET outcome = 'cleared'",
        "UPDATE screenings SET valid_until = '2099-01-01'",
        "UPDATE arrivals SET declined = false",
        "UPDATE limit_acknowledgements SET therapist_id = NULL",
        "DELETE FROM screenings",
        "DELETE FROM clearances",
        "DELETE FROM limit_acknowledgements",
        "UPDATE audit_log SET actor = 'nobody'",
        "DELETE FROM audit_log",
    ],
)
async def test_decisions_signatures_and_the_audit_log_are_append_only(chain: Chain, statement: str) -> None:
    connection = await asyncpg.connect(chain.runtime_url)
    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(statement)
    finally:
        await connection.close()
