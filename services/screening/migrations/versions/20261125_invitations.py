"""Links to the client's own page: where each stands, and what was answered so far under the client's key."""

from alembic import op

revision = "20261125_invitations"
down_revision = "20261125_privacy"

ROLE = "caibei_screening"

STATEMENTS = (
    # `draft` is under the client's key and there only while somebody is answering. `sent_as`: a digest that tells the
    # same form sent twice from somebody who opens the link later. The link itself is kept nowhere (ADR 0029).
    """
    CREATE TABLE invitations (
        id uuid PRIMARY KEY,
        client_id uuid NOT NULL REFERENCES clients (id),
        branch_id uuid NOT NULL,
        protocol text NOT NULL,
        appointment_id uuid,
        locale text,
        created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        created_by text NOT NULL,
        expires_at timestamptz NOT NULL CHECK (expires_at = date_trunc('second', expires_at)),
        opened_at timestamptz,
        completed_at timestamptz,
        screening_id uuid REFERENCES screenings (id),
        sent_as bytea,
        revoked_at timestamptz,
        draft bytea,
        CHECK ((completed_at IS NULL) = (screening_id IS NULL)),
        CHECK (completed_at IS NULL OR revoked_at IS NULL),
        CHECK (draft IS NULL OR completed_at IS NULL AND revoked_at IS NULL)
    )
    """,
    # One that can still be used, a client and protocol; one whose time is over is set aside by the next.
    "CREATE UNIQUE INDEX invitations_live ON invitations (client_id, protocol)"
    " WHERE completed_at IS NULL AND revoked_at IS NULL",
    "CREATE INDEX invitations_by_client ON invitations (client_id, id DESC)",
    "CREATE INDEX invitations_by_appointment ON invitations (appointment_id) WHERE appointment_id IS NOT NULL",
    "CREATE INDEX invitations_with_draft ON invitations (expires_at) WHERE draft IS NOT NULL",
    f"GRANT SELECT, INSERT ON invitations TO {ROLE}",
    f"GRANT UPDATE (locale, opened_at, completed_at, screening_id, sent_as, revoked_at, draft) ON invitations TO {ROLE}",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
