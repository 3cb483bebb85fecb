"""When rooms are closed, as room-equipment announces it."""

from alembic import op

revision = "20261125_room_closures"
down_revision = "20261122_first_tables"

ROLE = "caibei_scheduling"

STATEMENTS = (
    "ALTER TABLE rooms ADD COLUMN closures_version int NOT NULL DEFAULT 0",
    """
    CREATE TABLE room_closures (
        room_id uuid NOT NULL REFERENCES rooms,
        during tstzrange NOT NULL CHECK (NOT isempty(during)),
        PRIMARY KEY (room_id, during)
    )
    """,
    f"GRANT SELECT, INSERT, UPDATE, DELETE ON room_closures TO {ROLE}",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
