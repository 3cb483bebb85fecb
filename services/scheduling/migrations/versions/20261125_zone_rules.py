"""By which zone data instants were derived, which sessions follow it, and conflicts that a person has to look at."""

from alembic import op

revision = "20261125_zone_rules"
down_revision = "20261125_waitlist"

ROLE = "caibei_scheduling"

STATEMENTS = (
    "ALTER TABLE attention_items DROP CONSTRAINT attention_items_kind_check",
    """ALTER TABLE attention_items ADD CONSTRAINT attention_items_kind_check
       CHECK (kind IN ('displaced', 'at_risk', 'started_after_end', 'overran', 'therapist_needed', 'conflict'))""",
    "ALTER TABLE holds ADD COLUMN starts_local timestamp",
    """
    CREATE TABLE zone_rules (
        timezone text PRIMARY KEY,
        rules text NOT NULL,
        version text,
        applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
    )
    """,
    # `promised`: the wall time that is to be kept. `starts_at`: where the session stood when the rules changed.
    """
    CREATE TABLE zone_moves (
        appointment_id uuid PRIMARY KEY REFERENCES appointments,
        branch_id uuid NOT NULL,
        timezone text NOT NULL,
        rules text NOT NULL,
        promised timestamp NOT NULL,
        starts_at timestamptz NOT NULL,
        state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'asked', 'moved', 'gone', 'conflict')),
        code text,
        at timestamptz NOT NULL DEFAULT clock_timestamp()
    )
    """,
    "CREATE INDEX zone_moves_left ON zone_moves (branch_id) WHERE state IN ('waiting', 'asked')",
    f"GRANT SELECT, INSERT, UPDATE ON zone_rules, zone_moves TO {ROLE}",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
