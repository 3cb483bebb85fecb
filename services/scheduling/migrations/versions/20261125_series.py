"""Appointments that are confirmed together or not at all; groups, and series by a rule."""

from alembic import op

revision = "20261125_series"
down_revision = "20261125_alternatives"

ROLE = "caibei_scheduling"

STATEMENTS = (
    "SET LOCAL lock_timeout = '5s'",
    # A party: a group's members, or the dates of a series that is wanted whole. Its appointments are confirmed in one
    # transaction, or none is.
    """
    ALTER TABLE appointments
        ADD COLUMN party_id uuid,
        ADD COLUMN party_size int,
        ADD CONSTRAINT appointments_party_has_a_size CHECK ((party_id IS NULL) = (party_size IS NULL))
    """,
    "CREATE INDEX appointments_by_party ON appointments (party_id) WHERE party_id IS NOT NULL",
    """
    CREATE FUNCTION parties_are_whole() RETURNS trigger LANGUAGE plpgsql SET search_path = public AS $$
    BEGIN
        IF (SELECT count(*) FROM appointments a WHERE a.party_id = NEW.party_id
            AND a.status NOT IN ('pending', 'rejected', 'cancelled')) < NEW.party_size THEN
            RAISE EXCEPTION 'one of a party is confirmed and another is not'
                USING ERRCODE = '23514', CONSTRAINT = 'parties_are_whole', TABLE = 'appointments';
        END IF;
        RETURN NULL;
    END $$
    """,
    # Looked at when the transaction commits. What happens to a member later (a cancel, a lost room) is its own affair.
    """
    CREATE CONSTRAINT TRIGGER parties_are_whole AFTER UPDATE OF status ON appointments
        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
        WHEN (NEW.party_id IS NOT NULL AND OLD.status = 'pending' AND OLD.resume IS NULL
              AND NEW.status IN ('confirmed', 'needs_attention'))
        EXECUTE FUNCTION parties_are_whole()
    """,
    # A group's members are the appointments with its id as their party, in the order of their ids.
    """
    CREATE TABLE group_bookings (
        id uuid PRIMARY KEY,
        branch_id uuid NOT NULL REFERENCES branches,
        starts_at timestamptz NOT NULL,
        created_by text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT clock_timestamp()
    )
    """,
    "CREATE INDEX group_bookings_by_branch ON group_bookings (branch_id, starts_at, id)",
    # `starts_local` and `rrule` are the branch's wall clock. A plan has no `on_conflict` yet: nothing of it is booked.
    """
    CREATE TABLE series (
        id uuid PRIMARY KEY,
        state text NOT NULL DEFAULT 'planned' CHECK (state IN ('planned', 'booking', 'booked', 'refused', 'cancelled')),
        branch_id uuid NOT NULL REFERENCES branches,
        treatment_id uuid NOT NULL REFERENCES treatments,
        client_id uuid NOT NULL REFERENCES clients,
        therapist_id uuid REFERENCES therapists,
        starts_local timestamp NOT NULL,
        rrule text NOT NULL,
        repeated_hour text NOT NULL CHECK (repeated_hour IN ('first', 'second', 'refuse')),
        timezone text NOT NULL,
        on_conflict text CHECK (on_conflict IN ('skip', 'refuse_all')),
        screening text NOT NULL CHECK (screening IN ('asked', 'answered', 'not_needed')),
        version int NOT NULL DEFAULT 1,
        created_by text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        CHECK (state = 'planned' OR state = 'cancelled' OR on_conflict IS NOT NULL)
    )
    """,
    "CREATE INDEX series_by_client ON series (client_id, id)",
    "CREATE INDEX series_by_branch ON series (branch_id, id)",
    "CREATE INDEX series_under_way ON series (updated_at) WHERE state = 'booking'",
    "CREATE INDEX series_only_planned ON series (created_at) WHERE state = 'planned'",
    # One row a date of the rule, one appointment a date at most. `code` is why it cannot be had as planned, or was
    # not asked for; what became of its appointment is said by the appointment.
    """
    CREATE TABLE series_dates (
        series_id uuid NOT NULL REFERENCES series ON DELETE CASCADE,
        starts_local timestamp NOT NULL,
        state text NOT NULL DEFAULT 'planned' CHECK (state IN ('planned', 'asked', 'skipped', 'dropped')),
        starts_at timestamptz,
        ends_at timestamptz,
        repeated_hour boolean NOT NULL DEFAULT false,
        client_busy boolean NOT NULL DEFAULT false,
        rooms_free int,
        code text,
        screening_code text,
        alternatives jsonb NOT NULL DEFAULT '[]',
        appointment_id uuid UNIQUE REFERENCES appointments,
        PRIMARY KEY (series_id, starts_local),
        CHECK ((state = 'asked') = (appointment_id IS NOT NULL)),
        CHECK (state <> 'skipped' OR code IS NOT NULL)
    )
    """,
    f"GRANT SELECT, INSERT ON group_bookings TO {ROLE}",
    f"GRANT SELECT, INSERT, UPDATE, DELETE ON series, series_dates TO {ROLE}",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
