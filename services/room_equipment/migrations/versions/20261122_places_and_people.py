"""What this service remembers of the chain: branches, treatments, therapists, as scheduling announces them."""

from alembic import op

from shared.kit.migrations import create_kit_tables

revision = "20261122_places_and_people"
down_revision = None

ROLE = "caibei_room_equipment"

SQL = (
    """
    CREATE TABLE branches (
        id uuid PRIMARY KEY,
        version int NOT NULL,
        code text NOT NULL,
        timezone text NOT NULL
    )
    """,
    """
    CREATE TABLE treatments (
        id uuid PRIMARY KEY,
        version int NOT NULL,
        code text NOT NULL,
        duration_minutes int NOT NULL CHECK (duration_minutes > 0),
        turnover_minutes int NOT NULL CHECK (turnover_minutes >= 0),
        requires_bar boolean NOT NULL,
        screening_protocol text
    )
    """,
    """
    CREATE TABLE therapists (
        id uuid PRIMARY KEY,
        version int NOT NULL,
        branch_ids uuid[] NOT NULL,
        active boolean NOT NULL
    )
    """,
    f"GRANT SELECT, INSERT, UPDATE ON branches, treatments, therapists TO {ROLE}",
)


def upgrade() -> None:
    # GiST over plain ids, for WITHOUT OVERLAPS and EXCLUDE; a trusted extension, so the owner may add it.
    op.execute("CREATE EXTENSION IF NOT EXISTS btree_gist")
    create_kit_tables(ROLE)
    for statement in SQL:
        op.execute(statement)
