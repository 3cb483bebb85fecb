"""Which services have said that they forgot an erased client. Ids and times only."""

from alembic import op

revision = "20261125_erasures"
down_revision = "20261125_room_view"

ROLE = "caibei_scheduling"

STATEMENTS = (
    """
    CREATE TABLE erasure_confirmations (
        client_id uuid NOT NULL REFERENCES clients,
        service text NOT NULL,
        confirmed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        PRIMARY KEY (client_id, service)
    )
    """,
    "CREATE INDEX clients_erased ON clients (id) WHERE erased_at IS NOT NULL",
    f"GRANT SELECT, INSERT, DELETE ON erasure_confirmations TO {ROLE}",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
