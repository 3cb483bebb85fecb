"""Messages, preferences, and which branches a client belongs to."""

from alembic import op

from shared.kit.migrations import create_kit_tables

revision = "20260302_messages"
down_revision = None

ROLE = "caibei_notification"

STATEMENTS = (
    # One message an event, recipient and channel: an event that is handled twice writes to nobody twice.
    # `claims` counts how often a sender took it and fences a sender that comes back after its lease ended;
    # `next_attempt_at` is the lease's end while a sender has it.
    """
    CREATE TABLE messages (
        id uuid PRIMARY KEY,
        event_id uuid NOT NULL,
        recipient text NOT NULL CHECK (recipient IN ('client', 'branch')),
        channel text NOT NULL CHECK (channel IN ('email')),
        template text NOT NULL,
        appointment_id uuid NOT NULL,
        branch_id uuid NOT NULL,
        client_id uuid,
        starts_at timestamptz NOT NULL,
        room_id uuid,
        urgent boolean NOT NULL,
        traceparent text,
        state text NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'sending', 'sent', 'failed', 'dropped')),
        reason text NOT NULL DEFAULT '',
        attempts int NOT NULL DEFAULT 0,
        claims int NOT NULL DEFAULT 0,
        next_attempt_at timestamptz NOT NULL DEFAULT now(),
        sent_to text,
        locale text,
        created_at timestamptz NOT NULL DEFAULT now(),
        sent_at timestamptz,
        UNIQUE (event_id, recipient, channel),
        CHECK (recipient = 'branch' OR client_id IS NOT NULL)
    ) WITH (fillfactor = 80)
    """,
    "CREATE INDEX messages_due ON messages (urgent DESC, next_attempt_at) WHERE state IN ('queued', 'sending')",
    "CREATE INDEX messages_by_branch ON messages (branch_id, id)",
    "CREATE INDEX messages_by_appointment ON messages (appointment_id)",
    "CREATE INDEX messages_by_client ON messages (client_id) WHERE client_id IS NOT NULL",
    """
    CREATE TABLE clients (
        client_id uuid PRIMARY KEY,
        version int NOT NULL,
        branch_ids uuid[] NOT NULL,
        erased boolean NOT NULL DEFAULT false
    )
    """,
    """
    CREATE TABLE preferences (
        client_id uuid PRIMARY KEY,
        channels text[] NOT NULL CHECK (channels <@ ARRAY['email']),
        version int NOT NULL,
        updated_at timestamptz NOT NULL DEFAULT now()
    )
    """,
    f"GRANT SELECT, INSERT, UPDATE, DELETE ON messages, preferences TO {ROLE}",
    f"GRANT SELECT, INSERT, UPDATE ON clients TO {ROLE}",
)


def upgrade() -> None:
    create_kit_tables(ROLE)
    for statement in STATEMENTS:
        op.execute(statement)
