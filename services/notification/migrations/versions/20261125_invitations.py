"""Messages with a link to the client's own page: the link is screening's, and is asked for when the mail is written."""

from alembic import op

revision = "20261125_invitations"
down_revision = "20261125_erasures"

STATEMENTS = (
    "ALTER TABLE messages ADD COLUMN invitation_id uuid",
    "ALTER TABLE messages DROP CONSTRAINT messages_are_about_something",
    """
    ALTER TABLE messages ADD CONSTRAINT messages_are_about_something
        CHECK (appointment_id IS NOT NULL OR asset_id IS NOT NULL OR invitation_id IS NOT NULL) NOT VALID
    """,
    "ALTER TABLE messages VALIDATE CONSTRAINT messages_are_about_something",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
