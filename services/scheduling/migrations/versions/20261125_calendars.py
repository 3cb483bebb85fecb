"""What leaves on paper, in calendars and in reports: addresses, frozen prices, feeds, and why a room is not cleared."""

from alembic import op

revision = "20261125_calendars"
down_revision = "20261125_series"

ROLE = "caibei_scheduling"

STATEMENTS = (
    "SET LOCAL lock_timeout = '5s'",
    # Where a client goes. Nothing is decided by it.
    "ALTER TABLE branches ADD COLUMN address text CHECK (length(address) <= 400)",
    # What a session cost when it was booked, by treatment: a report does not change when a price does, and one that
    # goes back to its first treatment (a proposal that was refused after all) is at its first price again. What was
    # booked before this has the price of today, which is the best that is known.
    "ALTER TABLE appointments ADD COLUMN prices jsonb NOT NULL DEFAULT '{}'",
    """
    UPDATE appointments a SET prices = jsonb_build_object(t.id, t.price) FROM treatments t WHERE t.id = a.treatment_id
    """,
    # Whoever books, by whichever path: the price comes from the treatment, and nobody changes it after.
    """
    CREATE FUNCTION appointment_carries_its_price() RETURNS trigger LANGUAGE plpgsql
    SET search_path = pg_catalog, public, pg_temp AS $$
    BEGIN
        IF TG_OP = 'UPDATE' AND NEW.prices IS DISTINCT FROM OLD.prices THEN
            RAISE EXCEPTION 'the price a session was booked at stays'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'appointments_price_stays';
        END IF;
        IF NOT NEW.prices ? CAST(NEW.treatment_id AS text) THEN
            NEW.prices := NEW.prices
                || (SELECT jsonb_build_object(t.id, t.price) FROM treatments t WHERE t.id = NEW.treatment_id);
        END IF;
        RETURN NEW;
    END $$
    """,
    """
    CREATE TRIGGER appointments_carry_their_price BEFORE INSERT ON appointments
        FOR EACH ROW EXECUTE FUNCTION appointment_carries_its_price()
    """,
    """
    CREATE TRIGGER appointments_price_stays BEFORE UPDATE OF prices, treatment_id ON appointments
        FOR EACH ROW WHEN (OLD.treatment_id <> NEW.treatment_id OR OLD.prices IS DISTINCT FROM NEW.prices)
        EXECUTE FUNCTION appointment_carries_its_price()
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
