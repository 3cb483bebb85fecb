"""What a client may be offered instead: standings as screening announces them, and who is to act on an item."""

from alembic import op

revision = "20261125_alternatives"
down_revision = "20261125_branch_closures"

ROLE = "caibei_scheduling"

STATEMENTS = (
    "SET LOCAL lock_timeout = '5s'",
    # Outcome and validity only, as in the event; why is screening's alone. It goes when the client is erased.
    """
    CREATE TABLE client_standings (
        client_id uuid NOT NULL,
        protocol text NOT NULL,
        outcome text NOT NULL CHECK (outcome IN ('cleared', 'clearance_required', 'deferred', 'declined', 'expired')),
        valid_until date,
        version int NOT NULL,
        PRIMARY KEY (client_id, protocol)
    )
    """,
    """
    ALTER TABLE attention_items
        ADD COLUMN owner text NOT NULL DEFAULT 'branch' CHECK (owner IN ('branch', 'manager')),
        ADD COLUMN escalated_at timestamptz,
        ADD COLUMN call_requested_at timestamptz,
        ADD CHECK ((owner = 'manager') = (escalated_at IS NOT NULL))
    """,
    "DROP INDEX attention_items_to_fill",
    """
    CREATE INDEX attention_items_to_fill ON attention_items (alternatives_at NULLS FIRST)
        WHERE resolved_at IS NULL AND kind IN ('displaced', 'therapist_needed')
    """,
    f"GRANT SELECT, INSERT, UPDATE, DELETE ON client_standings TO {ROLE}",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
