"""Branches, treatments, therapists, shifts, clients, appointments, and what is seen of rooms."""

from alembic import op

from shared.kit.migrations import create_kit_tables

revision = "20261122_first_tables"
down_revision = None

ROLE = "caibei_scheduling"

PLACES = (
    """
    CREATE TABLE branches (
        id uuid PRIMARY KEY,
        code text NOT NULL UNIQUE,
        name text NOT NULL,
        timezone text NOT NULL,
        locale text NOT NULL,
        opening_hours jsonb NOT NULL,
        contact_email text,
        phone text,
        version int NOT NULL DEFAULT 1,
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now()
    )
    """,
    """
    CREATE TABLE closures (
        id uuid PRIMARY KEY,
        branch_id uuid NOT NULL REFERENCES branches,
        during tstzrange NOT NULL CHECK (NOT isempty(during) AND NOT lower_inf(during) AND NOT upper_inf(during)),
        reason text NOT NULL DEFAULT '',
        created_at timestamptz NOT NULL DEFAULT now()
    )
    """,
    "CREATE INDEX closures_by_time ON closures USING gist (branch_id, during)",
    """
    CREATE TABLE treatments (
        id uuid PRIMARY KEY,
        code text NOT NULL UNIQUE,
        name text NOT NULL,
        duration_minutes int NOT NULL CHECK (duration_minutes BETWEEN 1 AND 720),
        turnover_minutes int NOT NULL CHECK (turnover_minutes BETWEEN 0 AND 240),
        skill text,
        equipment text[] NOT NULL DEFAULT '{}',
        screening_protocol text,
        price jsonb,
        version int NOT NULL DEFAULT 1,
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now()
    )
    """,
)

PEOPLE = (
    """
    CREATE TABLE therapists (
        id uuid PRIMARY KEY,
        code text UNIQUE,
        name text NOT NULL,
        locales text[] NOT NULL DEFAULT '{}',
        active boolean NOT NULL DEFAULT true,
        version int NOT NULL DEFAULT 1,
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now()
    )
    """,
    """
    CREATE TABLE therapist_branches (
        therapist_id uuid NOT NULL REFERENCES therapists,
        branch_id uuid NOT NULL REFERENCES branches,
        PRIMARY KEY (branch_id, therapist_id)
    )
    """,
    "CREATE INDEX therapist_branches_by_therapist ON therapist_branches (therapist_id)",
    """
    CREATE TABLE therapist_skills (
        therapist_id uuid NOT NULL REFERENCES therapists,
        skill text NOT NULL,
        certified_until date NOT NULL,
        PRIMARY KEY (therapist_id, skill)
    )
    """,
    # `starts_local` and `ends_local` are the branch's wall clock: a recurring shift keeps it over a clock change.
    """
    CREATE TABLE shifts (
        id uuid PRIMARY KEY,
        therapist_id uuid NOT NULL REFERENCES therapists,
        branch_id uuid NOT NULL REFERENCES branches,
        starts_local timestamp NOT NULL,
        ends_local timestamp NOT NULL CHECK (ends_local > starts_local),
        repeat text,
        expanded_until timestamptz NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now()
    )
    """,
    "CREATE INDEX shifts_by_therapist ON shifts (therapist_id)",
    "CREATE INDEX shifts_to_expand ON shifts (expanded_until) WHERE repeat IS NOT NULL",
    # A shift's concrete windows up to the horizon, so that a booking is checked by one indexed look-up.
    """
    CREATE TABLE shift_windows (
        shift_id uuid NOT NULL REFERENCES shifts ON DELETE CASCADE,
        therapist_id uuid NOT NULL,
        branch_id uuid NOT NULL,
        during tstzrange NOT NULL CHECK (NOT isempty(during)),
        PRIMARY KEY (shift_id, during)
    )
    """,
    "CREATE INDEX shift_windows_by_branch ON shift_windows USING gist (branch_id, during)",
    """
    CREATE TABLE time_off (
        id uuid PRIMARY KEY,
        therapist_id uuid NOT NULL REFERENCES therapists,
        during tstzrange NOT NULL CHECK (NOT isempty(during) AND NOT lower_inf(during) AND NOT upper_inf(during)),
        reason text NOT NULL DEFAULT '',
        created_at timestamptz NOT NULL DEFAULT now()
    )
    """,
    "CREATE INDEX time_off_by_therapist ON time_off USING gist (therapist_id, during)",
    # An erased client stays as an id, so that past sessions keep their sum.
    """
    CREATE TABLE clients (
        id uuid PRIMARY KEY,
        code text UNIQUE,
        branch_ids uuid[] NOT NULL,
        name text,
        email text,
        phone text,
        locale text NOT NULL DEFAULT 'en',
        contact jsonb NOT NULL DEFAULT '{}',
        pressure_preference text CHECK (pressure_preference IN ('light', 'medium', 'firm', 'hard')),
        version int NOT NULL DEFAULT 1,
        erased_at timestamptz,
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now(),
        CHECK (erased_at IS NOT NULL OR name IS NOT NULL),
        CHECK (erased_at IS NULL OR num_nonnulls(code, name, email, phone) = 0)
    )
    """,
    "CREATE INDEX clients_by_branch ON clients USING gin (branch_ids)",
)

APPOINTMENTS = (
    """
    CREATE TABLE appointments (
        id uuid PRIMARY KEY,
        status text NOT NULL CHECK (status IN ('pending', 'confirmed', 'rejected', 'needs_attention', 'checked_in',
                                               'in_progress', 'completed', 'cancelled', 'no_show')),
        version int NOT NULL,
        attempt int NOT NULL,
        branch_id uuid NOT NULL REFERENCES branches,
        treatment_id uuid NOT NULL REFERENCES treatments,
        client_id uuid NOT NULL REFERENCES clients,
        therapist_id uuid REFERENCES therapists,
        therapist_named boolean NOT NULL,
        room_id uuid,
        requested_room_id uuid,
        room_flexible boolean NOT NULL,
        starts_at timestamptz NOT NULL,
        ends_at timestamptz NOT NULL CHECK (ends_at > starts_at),
        starts_local timestamp NOT NULL,
        timezone text NOT NULL,
        turnover_minutes int NOT NULL,
        requires_bar boolean NOT NULL,
        screening_protocol text,
        screening_answer text,
        room_answer text,
        assignment_version int NOT NULL DEFAULT 0,
        code text,
        refusal jsonb,
        tried_therapist_ids uuid[] NOT NULL DEFAULT '{}',
        resume jsonb,
        started_at timestamptz,
        finished_at timestamptz,
        cancel_reason text,
        notes text,
        created_by text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        asked_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        CHECK (status <> 'confirmed' OR room_id IS NOT NULL AND therapist_id IS NOT NULL),
        CHECK (status <> 'rejected' OR code IS NOT NULL)
    ) WITH (fillfactor = 80)
    """,
    "CREATE INDEX appointments_by_branch ON appointments (branch_id, starts_at, id)",
    "CREATE INDEX appointments_by_client ON appointments (client_id, starts_at)",
    "CREATE INDEX appointments_by_therapist ON appointments (therapist_id, starts_at)",
    "CREATE INDEX appointments_pending ON appointments (asked_at) WHERE status = 'pending'",
    "CREATE INDEX appointments_waiting ON appointments (starts_at) WHERE status = 'needs_attention'",
    # Live time only: a row goes when its appointment ends. One appointment may have two rows of its own that overlap
    # (the old slot is kept until the new one is certain). A hold is a row with `expires_at`, its id the appointment's.
    """
    CREATE TABLE therapist_claims (
        appointment_id uuid NOT NULL,
        attempt int NOT NULL,
        therapist_id uuid NOT NULL REFERENCES therapists,
        during tstzrange NOT NULL CHECK (NOT isempty(during) AND NOT lower_inf(during) AND NOT upper_inf(during)),
        expires_at timestamptz,
        PRIMARY KEY (appointment_id, attempt),
        CONSTRAINT therapist_claims_one_session_at_a_time
            EXCLUDE USING gist (therapist_id WITH =, during WITH &&, appointment_id WITH <>)
    )
    """,
    """
    CREATE TABLE appointment_history (
        appointment_id uuid NOT NULL,
        version int NOT NULL,
        at timestamptz NOT NULL DEFAULT clock_timestamp(),
        status text NOT NULL,
        attempt int NOT NULL,
        therapist_id uuid,
        room_id uuid,
        starts_at timestamptz NOT NULL,
        code text,
        actor text NOT NULL,
        PRIMARY KEY (appointment_id, version)
    )
    """,
    """
    CREATE TABLE attention_items (
        id uuid PRIMARY KEY DEFAULT uuidv7(),
        appointment_id uuid NOT NULL REFERENCES appointments,
        branch_id uuid NOT NULL,
        kind text NOT NULL CHECK (kind IN ('displaced', 'at_risk', 'started_after_end')),
        reason text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        alternatives jsonb,
        alternatives_at timestamptz,
        resolved_at timestamptz,
        resolution text
    )
    """,
    "CREATE UNIQUE INDEX attention_items_one_open ON attention_items (appointment_id, kind) WHERE resolved_at IS NULL",
    "CREATE INDEX attention_items_open ON attention_items (branch_id, created_at) WHERE resolved_at IS NULL",
    """
    CREATE INDEX attention_items_to_fill ON attention_items (created_at)
        WHERE resolved_at IS NULL AND alternatives_at IS NULL AND kind = 'displaced'
    """,
)

ROOM_VIEW = (
    # Each fact of a room has its own version: they come on one key, but a replay may mix them.
    """
    CREATE TABLE rooms (
        id uuid PRIMARY KEY,
        branch_id uuid NOT NULL,
        code text NOT NULL DEFAULT '',
        turnover_minutes int NOT NULL DEFAULT 15,
        in_service boolean NOT NULL DEFAULT true,
        version int NOT NULL DEFAULT 0,
        clearance_version int NOT NULL DEFAULT 0
    )
    """,
    "CREATE INDEX rooms_by_branch ON rooms (branch_id)",
    """
    CREATE TABLE room_clearances (
        room_id uuid NOT NULL REFERENCES rooms,
        during tstzrange NOT NULL,
        excluded_therapist_ids uuid[] NOT NULL DEFAULT '{}',
        PRIMARY KEY (room_id, during)
    )
    """,
    # The last word on each assignment, kept after it ended: a revoke that overtakes its assign is remembered here.
    """
    CREATE TABLE assignments_seen (
        appointment_id uuid PRIMARY KEY,
        assignment_version int NOT NULL,
        room_id uuid NOT NULL,
        during tstzrange
    ) WITH (fillfactor = 80)
    """,
    "CREATE INDEX assignments_seen_live ON assignments_seen USING gist (room_id, during) WHERE during IS NOT NULL",
    """
    CREATE TABLE load_profiles (
        therapist_id uuid PRIMARY KEY,
        version int NOT NULL,
        state text NOT NULL CHECK (state IN ('valid', 'stale', 'missing'))
    )
    """,
)

# What happened cannot be unsaid: history is only added to.
GRANTS = (
    f"GRANT SELECT, INSERT, UPDATE ON branches, treatments, therapists, clients, appointments, attention_items TO {ROLE}",
    f"GRANT SELECT, INSERT, UPDATE, DELETE ON closures, therapist_branches, therapist_skills, shifts, shift_windows,"
    f" time_off, therapist_claims, rooms, room_clearances, assignments_seen, load_profiles TO {ROLE}",
    f"GRANT SELECT, INSERT ON appointment_history TO {ROLE}",
)


def upgrade() -> None:
    op.execute("CREATE EXTENSION IF NOT EXISTS btree_gist")
    create_kit_tables(ROLE)
    for statement in (*PLACES, *PEOPLE, *APPOINTMENTS, *ROOM_VIEW, *GRANTS):
        op.execute(statement)
