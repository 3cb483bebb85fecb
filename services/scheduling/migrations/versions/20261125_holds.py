"""Holds, what a cancellation costs, and sessions of people who just walked in."""

from alembic import op

revision = "20261125_holds"
down_revision = "20261125_room_closures"

ROLE = "caibei_scheduling"

STATEMENTS = (
    "SET LOCAL lock_timeout = '5s'",
    # What is held is the row in therapist_claims, which has this id and `expires_at`; here is who holds it and for
    # what. A row without a live claim has expired, whatever its state says.
    """
    CREATE TABLE holds (
        id uuid PRIMARY KEY,
        state text NOT NULL DEFAULT 'held' CHECK (state IN ('held', 'confirmed', 'released')),
        branch_id uuid NOT NULL REFERENCES branches,
        treatment_id uuid NOT NULL REFERENCES treatments,
        client_id uuid REFERENCES clients,
        therapist_id uuid NOT NULL REFERENCES therapists,
        therapist_named boolean NOT NULL,
        room_id uuid,
        starts_at timestamptz NOT NULL,
        ends_at timestamptz NOT NULL CHECK (ends_at > starts_at),
        held_by text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        expires_at timestamptz NOT NULL CHECK (expires_at > created_at)
    )
    """,
    "CREATE INDEX holds_live_by_holder ON holds (held_by, expires_at) WHERE state = 'held'",
    "CREATE INDEX holds_live_by_client ON holds (client_id, expires_at) WHERE state = 'held'",
    "CREATE INDEX holds_by_age ON holds (expires_at)",
    "CREATE INDEX therapist_claims_held ON therapist_claims (expires_at) WHERE expires_at IS NOT NULL",
    # The most exact one counts: of the branch and treatment, of the branch, of the treatment, of the chain.
    """
    CREATE TABLE cancellation_policies (
        id uuid PRIMARY KEY,
        branch_id uuid REFERENCES branches,
        treatment_id uuid REFERENCES treatments,
        free_until_minutes int NOT NULL CHECK (free_until_minutes BETWEEN 0 AND 43200),
        fee_percent int CHECK (fee_percent BETWEEN 1 AND 100),
        fee_amount int CHECK (fee_amount > 0),
        fee_currency text CHECK (fee_currency ~ '^[A-Z]{3}$'),
        version int NOT NULL DEFAULT 1,
        updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        CONSTRAINT cancellation_policies_one_each UNIQUE NULLS NOT DISTINCT (branch_id, treatment_id),
        CHECK (fee_percent IS NULL OR fee_amount IS NULL),
        CHECK ((fee_amount IS NULL) = (fee_currency IS NULL))
    )
    """,
    # What it was booked under, kept: a changed policy concerns new bookings only. `cancelled` is what became of it.
    """
    ALTER TABLE appointments
        ADD COLUMN cancellation jsonb,
        ADD COLUMN cancelled jsonb,
        ADD COLUMN walk_in boolean NOT NULL DEFAULT false
    """,
    f"GRANT SELECT, INSERT, UPDATE, DELETE ON holds, cancellation_policies TO {ROLE}",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
