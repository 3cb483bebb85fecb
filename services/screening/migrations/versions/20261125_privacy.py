"""Keys that name themselves, documents under a seal of their own, proof of erasures, and how long answers are kept."""

from alembic import op

revision = "20261125_privacy"
down_revision = "20261125_protocols"

ROLE = "caibei_screening"

STATEMENTS = (
    # The id of a key is in what it wraps and seals. By it a restored database finds keys that were destroyed since.
    """
    ALTER TABLE client_keys ADD COLUMN key_id uuid NOT NULL
        GENERATED ALWAYS AS (CAST(encode(substring(wrapped FROM 2 FOR 16), 'hex') AS uuid)) STORED
    """,
    "CREATE UNIQUE INDEX client_keys_by_key_id ON client_keys (key_id)",
    # Apart from the letter, which is opened far more often. The row goes with an erasure.
    """
    CREATE TABLE clearance_documents (
        clearance_id uuid PRIMARY KEY REFERENCES clearances (id),
        client_id uuid NOT NULL REFERENCES clients (id),
        sealed bytea NOT NULL
    )
    """,
    "CREATE INDEX clearance_documents_by_client ON clearance_documents (client_id)",
    # That a person was erased, and when: ids and times only. `branch_ids`: who may see this line.
    """
    CREATE TABLE erasures (
        client_id uuid PRIMARY KEY,
        branch_ids uuid[] NOT NULL,
        erased_at timestamptz NOT NULL DEFAULT clock_timestamp()
    )
    """,
    # `branch_id` null: the chain. `months` null: for ever.
    """
    CREATE TABLE retention_rules (
        branch_id uuid UNIQUE NULLS NOT DISTINCT,
        months int CHECK (months BETWEEN 1 AND 600),
        changed_at timestamptz NOT NULL DEFAULT clock_timestamp()
    )
    """,
    f"GRANT SELECT, INSERT, DELETE ON clearance_documents TO {ROLE}",
    f"GRANT SELECT, INSERT, UPDATE ON erasures TO {ROLE}",
    f"GRANT SELECT, INSERT, UPDATE, DELETE ON retention_rules TO {ROLE}",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
