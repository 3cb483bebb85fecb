"""What leaves on paper, in calendars and in reports: addresses, frozen prices, feeds, and why a room is not cleared."""

from alembic import op

revision = "20261125_calendars"
down_revision = "20261125_attention_kinds"

ROLE = "caibei_scheduling"

STATEMENTS = (
    "SET LOCAL lock_timeout = '5s'",
    # Where a client goes. Nothing is decided by it.
    "ALTER TABLE branches ADD COLUMN address text CHECK (length(address) <= 400)",
    # What a session cost when it was booked: a report does not change when a price does. What was booked before this
    # has the price of today, which is the best that is known.
    "ALTER TABLE appointments ADD COLUMN price jsonb",
    """
    UPDATE appointments a SET price = t.price FROM treatments t WHERE t.id = a.treatment_id AND t.price IS NOT NULL
    """,
    # Whoever books, by whichever path: the price comes from the treatment. Another treatment brings its own.
    """
    CREATE FUNCTION appointment_carries_its_price() RETURNS trigger LANGUAGE plpgsql
    SET search_path = pg_catalog, public, pg_temp AS $$
    BEGIN
        IF TG_OP = 'UPDATE' AND NEW.treatment_id = OLD.treatment_id THEN
            IF NEW.price IS DISTINCT FROM OLD.price THEN
                RAISE EXCEPTION 'the price a session was booked at stays'
                    USING ERRCODE = 'check_violation', CONSTRAINT = 'appointments_price_stays';
            END IF;
        ELSE
            NEW.price := (SELECT t.price FROM treatments t WHERE t.id = NEW.treatment_id);
        END IF;
        RETURN NEW;
    END $$
    """,
    """
    CREATE TRIGGER appointments_price_stays BEFORE INSERT OR UPDATE OF price, treatment_id ON appointments
        FOR EACH ROW EXECUTE FUNCTION appointment_carries_its_price()
    """,
    # The address of a feed is its secret: only the hash is kept, one feed a therapist.
    """
    CREATE TABLE calendar_feeds (
        therapist_id uuid PRIMARY KEY REFERENCES therapists,
        secret_hash bytea NOT NULL UNIQUE CHECK (length(secret_hash) = 32),
        created_by text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        last_read_at timestamptz
    )
    """,
    f"GRANT SELECT, INSERT, UPDATE, DELETE ON calendar_feeds TO {ROLE}",
    # Why a room is not cleared, as room-equipment announces it beside the cleared periods.
    """
    CREATE TABLE room_gaps (
        room_id uuid NOT NULL REFERENCES rooms,
        during tstzrange NOT NULL CHECK (NOT isempty(during)),
        reason text NOT NULL,
        PRIMARY KEY (room_id, during)
    )
    """,
    f"GRANT SELECT, INSERT, UPDATE, DELETE ON room_gaps TO {ROLE}",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
