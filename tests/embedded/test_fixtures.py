"""The fixtures other tests stand on."""

import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer

from shared.kit.kafka import new_producer
from tests.conftest import MakeDatabase
from tests.servers import Topics


async def test_the_server_is_a_postgresql_18_that_knows_temporal_constraints(postgres: str) -> None:
    connection = await asyncpg.connect(postgres)
    try:
        assert await connection.fetchval("SELECT current_setting('server_version_num')::int / 10000") == 18
        await connection.execute("CREATE EXTENSION IF NOT EXISTS btree_gist")
        await connection.execute(
            "CREATE TEMP TABLE room (id int, during tstzrange, PRIMARY KEY (id, during WITHOUT OVERLAPS))"
        )
    finally:
        await connection.close()


async def test_a_runtime_role_can_neither_create_tables_nor_open_another_services_database(
    database: MakeDatabase,
) -> None:
    scheduling, screening = database("scheduling", migrated=False), database("screening", migrated=False)
    connection = await asyncpg.connect(scheduling.url)
    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("CREATE TABLE mine (id int)")
    finally:
        await connection.close()
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await asyncpg.connect(scheduling.url.replace(scheduling.name, screening.name))


async def test_topics_of_a_test_carry_what_is_written_to_them(topics: Topics) -> None:
    topic = topics.name("caibei.scheduling")
    producer = new_producer(topics.bootstrap, "test")
    await producer.start()
    await producer.send_and_wait(topic, b"hello", key=b"k")
    await producer.stop()
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=topics.bootstrap, auto_offset_reset="earliest")
    await consumer.start()
    try:
        assert (await consumer.getone()).value == b"hello"
    finally:
        await consumer.stop()
