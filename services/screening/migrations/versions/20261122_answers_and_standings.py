"""Who is screened, the vault, the decisions, and what the start gate asks for."""

from alembic import op

from shared.kit.migrations import create_kit_tables

revision = "20261122_answers_and_standings"
down_revision = None

ROLE = "caibei_screening"

PROJECTIONS = (
    """
    CREATE TABLE branches (
        id uuid PRIMARY KEY,
        version int NOT NULL,
        timezone text NOT NULL
    )
    """,
    # `facts` numbers what screening announces about a client; it survives an erasure, so it never runs back.
    """
    CREATE TABLE clients (
        id uuid PRIMARY KEY,
        version int NOT NULL,
        branch_ids uuid[] NOT NULL,
        erased boolean NOT NULL DEFAULT false,
        facts int NOT NULL DEFAULT 0
    )
    """,
    """
    CREATE TABLE appointments (
        id uuid PRIMARY KEY,
        attempt int NOT NULL,
        client_id uuid,
        branch_id uuid NOT NULL,
        therapist_id uuid,
        protocol text,
        starts_at timestamptz NOT NULL,
        ends_at timestamptz NOT NULL CHECK (ends_at > starts_at)
    )
    """,
    "CREATE INDEX appointments_by_client ON appointments (client_id)",
    "CREATE INDEX appointments_by_end ON appointments USING brin (ends_at)",
)

# `vault` columns are AES-256-GCM under the client's key and bound to client and row; null once erased.
VAULT = (
    """
    CREATE TABLE client_keys (
        client_id uuid PRIMARY KEY REFERENCES clients (id),
        master_key_id text NOT NULL,
        wrapped bytea NOT NULL,
        created_at timestamptz NOT NULL DEFAULT clock_timestamp()
    )
    """,
    "CREATE INDEX client_keys_by_master ON client_keys (master_key_id)",
    """
    CREATE TABLE screenings (
        id uuid PRIMARY KEY,
        client_id uuid NOT NULL REFERENCES clients (id),
        protocol text NOT NULL,
        protocol_version int NOT NULL CHECK (protocol_version > 0),
        outcome text NOT NULL CHECK (outcome IN ('cleared', 'clearance_required', 'deferred', 'declined')),
        valid_until date NOT NULL,
        decided_at timestamptz NOT NULL,
        recorded_by text NOT NULL,
        vault bytea
    )
    """,
    "CREATE INDEX screenings_by_client ON screenings (client_id, protocol, decided_at)",
    """
    CREATE TABLE clearances (
        id uuid PRIMARY KEY,
        screening_id uuid NOT NULL REFERENCES screenings (id),
        client_id uuid NOT NULL REFERENCES clients (id),
        recorded_at timestamptz NOT NULL,
        recorded_by text NOT NULL,
        vault bytea
    )
    """,
    "CREATE INDEX clearances_by_screening ON clearances (screening_id)",
    "CREATE INDEX clearances_by_client ON clearances (client_id)",
    """
    CREATE TABLE arrivals (
        id uuid PRIMARY KEY,
        client_id uuid NOT NULL REFERENCES clients (id),
        appointment_id uuid NOT NULL,
        protocol text NOT NULL,
        protocol_version int NOT NULL,
        local_day date NOT NULL,
        answered_at timestamptz NOT NULL,
        recorded_by text NOT NULL,
        declined boolean NOT NULL,
        asks_again boolean NOT NULL,
        until_well boolean NOT NULL,
        needs_clearance boolean NOT NULL,
        has_limits boolean NOT NULL,
        not_before timestamptz,
        vault bytea NOT NULL
    )
    """,
    "CREATE INDEX arrivals_by_day ON arrivals (client_id, local_day, answered_at)",
    "CREATE INDEX idempotency_keys_by_subject ON idempotency_keys (subject_id) WHERE subject_id IS NOT NULL",
)

# The decision as bookings use it. Nothing here says why; dates that could be read so (deferred_until) stay in this
# database. The row goes with an erasure.
STANDINGS = (
    """
    CREATE TABLE standings (
        client_id uuid NOT NULL REFERENCES clients (id),
        protocol text NOT NULL,
        version int NOT NULL,
        screening_id uuid NOT NULL REFERENCES screenings (id),
        protocol_version int NOT NULL,
        valid_until date NOT NULL,
        declined boolean NOT NULL,
        asks_again boolean NOT NULL,
        until_well boolean NOT NULL,
        deferred_until date,
        needs_clearance boolean NOT NULL,
        has_limits boolean NOT NULL,
        letter_until date,
        expiry_announced boolean NOT NULL DEFAULT false,
        PRIMARY KEY (client_id, protocol)
    )
    """,
    "CREATE INDEX standings_by_expiry ON standings (valid_until) WHERE NOT expiry_announced",
    # Limits are acknowledged as they were: a new letter or new answers at the door ask for it again.
    """
    CREATE TABLE limit_acknowledgements (
        id uuid PRIMARY KEY,
        appointment_id uuid NOT NULL,
        screening_id uuid NOT NULL REFERENCES screenings (id),
        standing_version int NOT NULL,
        arrival_id uuid,
        therapist_id uuid NOT NULL,
        acknowledged_at timestamptz NOT NULL
    )
    """,
    "CREATE INDEX limit_acknowledgements_by_appointment ON limit_acknowledgements (appointment_id)",
)

# What was decided, answered and acknowledged is evidence: it may lose its vault, and nothing else of it may change.
GRANTS = (
    f"GRANT SELECT, INSERT, UPDATE ON branches, clients TO {ROLE}",
    f"GRANT SELECT, INSERT, UPDATE, DELETE ON appointments, standings, client_keys TO {ROLE}",
    f"GRANT SELECT, INSERT ON screenings, clearances, limit_acknowledgements TO {ROLE}",
    f"GRANT UPDATE (vault) ON screenings, clearances TO {ROLE}",
    f"GRANT SELECT, INSERT, DELETE ON arrivals TO {ROLE}",
)


def upgrade() -> None:
    create_kit_tables(ROLE)
    for statement in (*PROJECTIONS, *VAULT, *STANDINGS, *GRANTS):
        op.execute(statement)
