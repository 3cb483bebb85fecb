"""The quick look at the migrations agrees with Alembic itself."""

import asyncpg
import pytest

from deploy.embedded import schema
from deploy.embedded.databases import SERVICES_WITH_DATABASE
from shared.kit import migrations
from tests.conftest import MakeDatabase


@pytest.mark.parametrize("service", SERVICES_WITH_DATABASE)
def test_the_head_is_the_one_alembic_knows(service: str) -> None:
    assert schema.head(service) == migrations.head(service)


async def test_an_empty_database_has_no_revision_and_a_migrated_one_the_newest(database: MakeDatabase) -> None:
    assert await schema.current(database("identity", migrated=False).owner_url) is None
    migrated = database("identity")
    assert await schema.current(migrated.owner_url) == schema.head("identity")
    connection = await asyncpg.connect(migrated.url)
    try:
        owners = await connection.fetch("SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'")
        assert [row["tableowner"] for row in owners] == ["caibei_identity_owner"]
    finally:
        await connection.close()
