"""When a client was forgotten: the proof of an erasure."""

from alembic import op

revision = "20261125_erasures"
down_revision = "20261125_assets"

STATEMENTS = (
    "ALTER TABLE clients ADD COLUMN erased_at timestamptz",
    "UPDATE clients SET erased_at = clock_timestamp() WHERE erased",
    "CREATE INDEX clients_erased ON clients (client_id) WHERE erased",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
