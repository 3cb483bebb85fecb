"""Two more reasons for a person's attention: a session nobody finished, and one whose therapist stood down."""

from alembic import op

revision = "20261125_attention_kinds"
down_revision = "20261125_erasures"

SQL = (
    "ALTER TABLE attention_items DROP CONSTRAINT attention_items_kind_check",
    """ALTER TABLE attention_items ADD CONSTRAINT attention_items_kind_check
       CHECK (kind IN ('displaced', 'at_risk', 'started_after_end', 'overran', 'therapist_needed'))""",
)


def upgrade() -> None:
    for statement in SQL:
        op.execute(statement)
