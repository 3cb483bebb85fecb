"""Messages about a bar or what hangs on it, not about an appointment."""

from alembic import op

revision = "20261125_assets"
down_revision = "20260302_messages"

STATEMENTS = (
    "ALTER TABLE messages ALTER COLUMN appointment_id DROP NOT NULL",
    "ALTER TABLE messages ADD COLUMN asset_id uuid",
    """
    ALTER TABLE messages ADD CONSTRAINT messages_are_about_something
        CHECK (appointment_id IS NOT NULL OR asset_id IS NOT NULL) NOT VALID
    """,
    "ALTER TABLE messages VALIDATE CONSTRAINT messages_are_about_something",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
