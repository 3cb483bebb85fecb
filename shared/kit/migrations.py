"""Alembic, the same way in every service, and the tables the kit itself needs in each database."""

import asyncio
from pathlib import Path

from alembic import command, op
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from shared.kit.database import driver_url

_HERE = Path(__file__).parent


def config(package: str, url: str) -> Config:
    """Alembic's configuration for `services/<package>/migrations`."""
    alembic = Config()
    alembic.set_main_option("script_location", str(_HERE / "alembic"))
    alembic.set_main_option(
        "version_locations", str(_HERE.parents[1] / "services" / package / "migrations" / "versions")
    )
    alembic.set_main_option("path_separator", "os")
    alembic.attributes["url"] = url
    return alembic


def head(package: str) -> str | None:
    """The newest revision this code knows."""
    return ScriptDirectory.from_config(config(package, "")).get_current_head()


def upgrade(package: str, url: str, to: str = "head") -> None:
    """Bring the database to this code's schema, or to one on the way. `url` is the owner's."""

    async def run() -> None:
        engine = create_async_engine(driver_url(url), poolclass=NullPool)
        alembic = config(package, url)
        async with engine.begin() as connection:
            # One migrator at a time, and none that waits for ever behind a busy table.
            await connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7239001)")
            await connection.exec_driver_sql("SET LOCAL lock_timeout = '2s'")

            def work(sync: object) -> None:
                alembic.attributes["connection"] = sync
                command.upgrade(alembic, to)

            await connection.run_sync(work)
        await engine.dispose()

    asyncio.run(run())


KIT_TABLES = (
    """
    CREATE TABLE outbox (
        seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        id uuid NOT NULL UNIQUE,
        aggregatetype text NOT NULL,
        aggregateid text NOT NULL,
        type text NOT NULL,
        payload text NOT NULL,
        traceparent text,
        occurred_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        published_at timestamptz
    ) WITH (fillfactor = 70)
    """,
    "CREATE INDEX outbox_unpublished ON outbox (seq) WHERE published_at IS NULL",
    "CREATE INDEX outbox_by_aggregate ON outbox (aggregateid, type)",
    # A hint only: the relay also polls.
    """
    CREATE FUNCTION outbox_wake() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN PERFORM pg_notify('outbox', ''); RETURN NULL; END $$
    """,
    "CREATE TRIGGER outbox_wake AFTER INSERT ON outbox FOR EACH STATEMENT EXECUTE FUNCTION outbox_wake()",
    """
    CREATE TABLE inbox (
        event_id uuid PRIMARY KEY,
        handled_at timestamptz NOT NULL DEFAULT clock_timestamp()
    )
    """,
    "CREATE INDEX inbox_by_age ON inbox USING brin (handled_at)",
    """
    CREATE TABLE dead_letters (
        seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        id uuid NOT NULL UNIQUE,
        topic text NOT NULL,
        message_key text NOT NULL,
        type text NOT NULL,
        payload text NOT NULL,
        traceparent text,
        occurred_at timestamptz NOT NULL,
        status text NOT NULL CHECK (status IN ('dead', 'waiting', 'retry', 'done', 'discarded')),
        reason text NOT NULL DEFAULT '',
        attempts int NOT NULL DEFAULT 0,
        parked_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        resolved_at timestamptz,
        resolved_by text
    )
    """,
    "CREATE INDEX dead_letters_open ON dead_letters (message_key, seq) WHERE resolved_at IS NULL",
    """
    CREATE TABLE idempotency_keys (
        client_id text NOT NULL,
        route text NOT NULL,
        key text NOT NULL,
        fingerprint bytea NOT NULL,
        status int,
        headers jsonb,
        body bytea,
        resource_id uuid,
        subject_id uuid,
        scopes text[] NOT NULL,
        branches uuid[],
        created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        PRIMARY KEY (client_id, route, key)
    )
    """,
    "CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at)",
    """
    CREATE TABLE audit_log (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        at timestamptz NOT NULL DEFAULT clock_timestamp(),
        actor text NOT NULL,
        action text NOT NULL,
        subject_kind text NOT NULL,
        subject_id text NOT NULL,
        branch_id uuid,
        reason text NOT NULL DEFAULT '',
        trace_id text
    )
    """,
    """
    CREATE TABLE job_runs (
        job text PRIMARY KEY,
        last_started_at timestamptz NOT NULL,
        last_result text NOT NULL DEFAULT ''
    )
    """,
)


def create_kit_tables(role: str) -> None:
    """Create them and let the service's runtime role use them; facts of the past it may not change."""
    for statement in KIT_TABLES:
        op.execute(statement)
    op.execute(f"GRANT USAGE ON SCHEMA public TO {role}")
    op.execute(f"GRANT SELECT ON alembic_version TO {role}")
    op.execute(f"GRANT SELECT, INSERT, DELETE ON outbox, inbox, idempotency_keys TO {role}")
    op.execute(f"GRANT UPDATE (published_at) ON outbox TO {role}")
    op.execute(f"GRANT UPDATE (body, headers) ON idempotency_keys TO {role}")
    op.execute(f"GRANT SELECT, INSERT ON audit_log TO {role}")
    op.execute(f"GRANT SELECT, INSERT, UPDATE ON dead_letters, job_runs TO {role}")
