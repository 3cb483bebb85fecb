"""API clients and the failures counted against a guesser."""

from alembic import op

from shared.kit.migrations import create_kit_tables

revision = "20260301_api_clients"
down_revision = None

ROLE = "caibei_identity"

STATEMENTS = (
    """
    CREATE TABLE api_clients (
        seq bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
        client_id text PRIMARY KEY CHECK (length(client_id) BETWEEN 1 AND 128),
        name text NOT NULL,
        scopes text[] NOT NULL,
        branches text[] NOT NULL,
        therapist_id uuid,
        secret_salt bytea NOT NULL CHECK (length(secret_salt) = 16),
        secret_digest bytea NOT NULL CHECK (length(secret_digest) = 32),
        previous_salt bytea,
        previous_digest bytea,
        previous_until timestamptz,
        -- The secret last taken from the bootstrap file: a restart must not bring back one that was rotated since.
        loaded_salt bytea,
        loaded_digest bytea,
        version int NOT NULL DEFAULT 1,
        created_at timestamptz NOT NULL DEFAULT now(),
        revoked_at timestamptz,
        last_used_at timestamptz,
        CHECK ((previous_salt IS NULL) = (previous_digest IS NULL)),
        CHECK ((previous_salt IS NULL) = (previous_until IS NULL))
    )
    """,
    # `who` is a hash of client id and address, so that neither is kept for an unknown caller.
    """
    CREATE UNLOGGED TABLE failed_proofs (
        who bytea PRIMARY KEY,
        failures int NOT NULL,
        last_failed_at timestamptz NOT NULL
    )
    """,
    "CREATE INDEX failed_proofs_by_age ON failed_proofs (last_failed_at)",
    f"GRANT SELECT, INSERT, UPDATE ON api_clients TO {ROLE}",
    f"GRANT SELECT, INSERT, UPDATE, DELETE ON failed_proofs TO {ROLE}",
)


def upgrade() -> None:
    create_kit_tables(ROLE)
    for statement in STATEMENTS:
        op.execute(statement)
