"""How fresh the view of rooms is, and indexes that hold all that availability reads of a therapist or a room."""

from alembic import op

revision = "20261125_room_view"
down_revision = "20261125_holds"


def upgrade() -> None:
    # When room-equipment said the newest of what is known of a room, and when it was heard here. Null: before this.
    op.execute("ALTER TABLE rooms ADD COLUMN said_at timestamptz, ADD COLUMN heard_at timestamptz")
    # Read alone, in order of time: half of what the look-up by overlap costs. No session lasts longer than a day.
    op.execute(
        "CREATE INDEX therapist_claims_by_start ON therapist_claims (therapist_id, lower(during))"
        " INCLUDE (during, expires_at, appointment_id)"
    )
    op.execute(
        "CREATE INDEX assignments_seen_by_start ON assignments_seen (room_id, lower(during))"
        " INCLUDE (during, appointment_id) WHERE during IS NOT NULL"
    )
    op.execute(
        "ALTER TABLE therapist_claims ADD CONSTRAINT therapist_claims_last_a_day_at_most"
        " CHECK (upper(during) - lower(during) <= interval '1 day')"
    )
