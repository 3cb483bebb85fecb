"""What a bar was at any minute: where it hung, under which serial, rated how high. Written by the database alone.

The evidence of a session is of the bars that were mounted then. `bars` knows today only; here every state has its time,
and the service's role can read it and nothing else.
"""

from alembic import op

revision = "20261125_bar_states"
down_revision = "20261124_safety_core"

ROLE = "caibei_room_equipment"

SQL = (
    """
    CREATE TABLE bar_states (
        bar_id uuid NOT NULL REFERENCES bars,
        branch_id uuid NOT NULL,
        room_id uuid NOT NULL REFERENCES rooms,
        serial text NOT NULL,
        rated_load_kg numeric(7, 1) NOT NULL,
        mounting text NOT NULL,
        in_service boolean NOT NULL,
        mounted boolean NOT NULL,
        during tstzrange NOT NULL CHECK (NOT isempty(during) AND NOT lower_inf(during)),
        CONSTRAINT bar_states_follow_one_another PRIMARY KEY (bar_id, during WITHOUT OVERLAPS)
    )
    """,
    "CREATE INDEX bar_states_by_room ON bar_states USING gist (room_id, during)",
    # Of bars from before this table: as they are, since they last changed so that it mattered.
    """
    INSERT INTO bar_states (bar_id, branch_id, room_id, serial, rated_load_kg, mounting, in_service, mounted, during)
    SELECT id, branch_id, room_id, serial, rated_load_kg, mounting, in_service, removed_on IS NULL, tstzrange(greatest(created_at, unproven_since), NULL) FROM bars
    """,
    """
    CREATE FUNCTION bar_states_are_kept() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
    DECLARE
        moment timestamptz := clock_timestamp();
    BEGIN
        IF TG_OP = 'UPDATE' THEN
            IF (NEW.branch_id, NEW.room_id, NEW.serial, NEW.rated_load_kg, NEW.mounting, NEW.in_service, NEW.removed_on IS NULL)
                IS NOT DISTINCT FROM (OLD.branch_id, OLD.room_id, OLD.serial, OLD.rated_load_kg, OLD.mounting, OLD.in_service, OLD.removed_on IS NULL) THEN
                RETURN NULL;
            END IF;
            -- Two changes in one microsecond, or a clock set back: the later one is later all the same.
            SELECT greatest(moment, lower(during) + interval '1 microsecond') INTO moment
            FROM bar_states WHERE bar_id = NEW.id AND upper_inf(during);
            UPDATE bar_states SET during = tstzrange(lower(during), moment)
            WHERE bar_id = NEW.id AND upper_inf(during);
        END IF;
        INSERT INTO bar_states (bar_id, branch_id, room_id, serial, rated_load_kg, mounting, in_service, mounted, during)
        VALUES (NEW.id, NEW.branch_id, NEW.room_id, NEW.serial, NEW.rated_load_kg, NEW.mounting, NEW.in_service, NEW.removed_on IS NULL, tstzrange(coalesce(moment, clock_timestamp()), NULL));
        RETURN NULL;
    END $$
    """,
    """
    CREATE TRIGGER bar_states_are_kept AFTER INSERT OR UPDATE ON bars
    FOR EACH ROW EXECUTE FUNCTION bar_states_are_kept()
    """,
    f"GRANT SELECT ON bar_states TO {ROLE}",
)


def upgrade() -> None:
    for statement in SQL:
        op.execute(statement)
