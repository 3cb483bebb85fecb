"""The safety core: what the database itself refuses, whoever asks (rules: "The safety core in SQL").

1. two sessions in one room at one time, turnover included            assignments_room_is_free
2. a back-stepping session outside its room's clearance                assignments_room_is_cleared
3. deleting or shortening a clearance under a session                  the same key, from its other side
4. a load that is unknown or above the room's limit                    assignments_load_is_known, load_is_carried
5. a flipped `requires_bar`                                            assignments_requires_bar_is_set_once
6. a therapist, or a room, with two running sessions                   assignments_one_running_…
7. a clearance that bars, inspections and lock-outs do not bear out    clearances_are_proven

Written as SQL: SQLAlchemy and Alembic reflect 1 and 2 as plain keys and would recreate them without their time.
The triggers lock the room first, so that two transactions that did not lock it cannot each miss the other's change.
"""

from alembic import op

revision = "20261124_safety_core"
down_revision = "20261123_rooms_and_bars"

ROLE = "caibei_room_equipment"

TABLES = (
    """
    CREATE TABLE load_profiles (
        therapist_id uuid PRIMARY KEY,
        version int NOT NULL,
        mass_kg numeric(5, 1) NOT NULL CHECK (mass_kg > 0),
        load_kg numeric(7, 1) NOT NULL CHECK (load_kg >= mass_kg),
        measured_on date NOT NULL,
        valid_until date NOT NULL,
        announced_state text NOT NULL
    )
    """,
    """
    CREATE TABLE room_clearances (
        room_id uuid NOT NULL REFERENCES rooms,
        valid_during tstzrange NOT NULL,
        max_load_kg numeric(7, 1) NOT NULL CHECK (max_load_kg > 0),
        inspection_ids uuid[] NOT NULL CHECK (cardinality(inspection_ids) > 0),
        CONSTRAINT room_clearances_are_bounded CHECK (
            NOT isempty(valid_during) AND NOT lower_inf(valid_during) AND NOT upper_inf(valid_during)
        ),
        CONSTRAINT room_clearances_do_not_overlap PRIMARY KEY (room_id, valid_during WITHOUT OVERLAPS)
    )
    """,
    """
    CREATE TABLE room_gaps (
        room_id uuid NOT NULL REFERENCES rooms,
        during tstzrange NOT NULL CHECK (NOT isempty(during) AND NOT lower_inf(during)),
        reason text NOT NULL,
        bar_id uuid,
        CONSTRAINT room_gaps_do_not_overlap PRIMARY KEY (room_id, during WITHOUT OVERLAPS)
    )
    """,
    """
    CREATE TABLE assignments (
        appointment_id uuid PRIMARY KEY,
        assignment_version int NOT NULL CHECK (assignment_version > 0),
        attempt int NOT NULL CHECK (attempt > 0),
        branch_id uuid NOT NULL,
        room_id uuid NOT NULL REFERENCES rooms,
        treatment_id uuid NOT NULL,
        therapist_id uuid NOT NULL,
        client_id uuid,
        screening_protocol text,
        room_flexible boolean NOT NULL DEFAULT true,
        requires_bar boolean NOT NULL,
        load_kg numeric(7, 1),
        planned_at timestamptz NOT NULL,
        ends_at timestamptz NOT NULL,
        turnover_minutes int NOT NULL CHECK (turnover_minutes >= 0),
        during tstzrange NOT NULL,
        started_at timestamptz,
        at_risk_at timestamptz,
        bar_room_id uuid GENERATED ALWAYS AS (CASE WHEN requires_bar THEN room_id END) STORED,
        covered tstzrange GENERATED ALWAYS AS (
            CASE WHEN at_risk_at IS NULL THEN during ELSE tstzrange(lower(during), at_risk_at) END
        ) STORED,
        CONSTRAINT assignments_are_bounded CHECK (
            NOT isempty(during) AND NOT lower_inf(during) AND NOT upper_inf(during)
            AND ends_at > lower(during) AND ends_at <= upper(during)
        ),
        CONSTRAINT assignments_at_risk_while_running CHECK (
            at_risk_at IS NULL
            OR started_at IS NOT NULL AND at_risk_at > lower(during) AND at_risk_at <= upper(during)
        ),
        CONSTRAINT assignments_load_is_known CHECK (NOT requires_bar OR load_kg IS NOT NULL),
        CONSTRAINT assignments_room_is_free UNIQUE (room_id, during WITHOUT OVERLAPS),
        CONSTRAINT assignments_room_is_cleared FOREIGN KEY (bar_room_id, PERIOD covered)
            REFERENCES room_clearances (room_id, PERIOD valid_during) DEFERRABLE INITIALLY DEFERRED,
        CONSTRAINT assignments_one_running_per_therapist
            EXCLUDE USING gist (therapist_id WITH =, during WITH &&) WHERE (started_at IS NOT NULL)
    ) WITH (fillfactor = 80)
    """,
    "CREATE UNIQUE INDEX assignments_one_running_per_room ON assignments (room_id) WHERE started_at IS NOT NULL",
    "CREATE INDEX assignments_under_a_clearance ON assignments USING gist (bar_room_id, covered)",
    "CREATE INDEX assignments_by_therapist ON assignments (therapist_id)",
    "CREATE INDEX assignments_by_branch ON assignments (branch_id, lower(during))",
    # WITHOUT OVERLAPS takes no WHERE: a row that lives no more must leave, or it would keep the room.
    """
    CREATE TABLE assignment_history (
        seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        appointment_id uuid NOT NULL,
        outcome text NOT NULL CHECK (outcome IN ('completed', 'aborted', 'released', 'revoked', 'moved', 'replaced')),
        reason text NOT NULL DEFAULT '',
        ended_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        assignment_version int NOT NULL,
        attempt int NOT NULL,
        branch_id uuid NOT NULL,
        room_id uuid NOT NULL,
        treatment_id uuid NOT NULL,
        therapist_id uuid NOT NULL,
        client_id uuid,
        screening_protocol text,
        requires_bar boolean NOT NULL,
        load_kg numeric(7, 1),
        planned_at timestamptz NOT NULL,
        ends_at timestamptz NOT NULL,
        turnover_minutes int NOT NULL CHECK (turnover_minutes >= 0),
        during tstzrange NOT NULL,
        started_at timestamptz,
        at_risk_at timestamptz
    )
    """,
    "CREATE INDEX assignment_history_by_appointment ON assignment_history (appointment_id, seq)",
    "CREATE INDEX assignment_history_by_client ON assignment_history (client_id) WHERE client_id IS NOT NULL",
    "CREATE INDEX assignments_by_client ON assignments (client_id) WHERE client_id IS NOT NULL",
    # The newest thing heard of each appointment: an older request, or one its cancellation overtook, changes nothing.
    # `assignment_version` goes on rising after a release.
    """
    CREATE TABLE appointment_marks (
        appointment_id uuid PRIMARY KEY,
        attempt int NOT NULL,
        version int NOT NULL,
        assignment_version int NOT NULL
    ) WITH (fillfactor = 80)
    """,
    """
    CREATE TABLE fitness_statements (
        id uuid PRIMARY KEY,
        appointment_id uuid NOT NULL,
        branch_id uuid NOT NULL,
        therapist_id uuid NOT NULL,
        fit boolean NOT NULL,
        stated_at timestamptz NOT NULL,
        recorded_by text NOT NULL
    )
    """,
    "CREATE INDEX fitness_statements_by_appointment ON fitness_statements (appointment_id)",
)

GUARDS = (
    """
    CREATE FUNCTION requires_bar_is_set_once() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF NEW.requires_bar <> OLD.requires_bar THEN
            RAISE EXCEPTION 'requires_bar is set once, from the treatment'
                USING ERRCODE = '23514', CONSTRAINT = 'assignments_requires_bar_is_set_once', TABLE = 'assignments';
        END IF;
        RETURN NEW;
    END $$
    """,
    """
    CREATE TRIGGER requires_bar_is_set_once BEFORE UPDATE OF requires_bar ON assignments
    FOR EACH ROW EXECUTE FUNCTION requires_bar_is_set_once()
    """,
    # The room's limit is the least of all periods the session lies in; "no period" is the foreign key's to refuse,
    # but refused here too, so that this check never passes for want of something to compare.
    """
    CREATE FUNCTION assignment_load_is_carried() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM 1 FROM rooms WHERE id = NEW.room_id FOR NO KEY UPDATE;
        IF EXISTS (
            SELECT 1 FROM assignments a
            WHERE a.appointment_id = NEW.appointment_id AND a.requires_bar AND a.load_kg > coalesce(
                (SELECT min(c.max_load_kg) FROM room_clearances c
                 WHERE c.room_id = a.bar_room_id AND c.valid_during && a.covered), 0)
        ) THEN
            RAISE EXCEPTION 'the bars of this room are not rated for this session'
                USING ERRCODE = '23514', CONSTRAINT = 'assignments_load_is_carried', TABLE = 'assignments';
        END IF;
        RETURN NULL;
    END $$
    """,
    """
    CREATE CONSTRAINT TRIGGER assignment_load_is_carried
    AFTER INSERT OR UPDATE OF room_id, during, load_kg, at_risk_at ON assignments
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.requires_bar) EXECUTE FUNCTION assignment_load_is_carried()
    """,
    """
    CREATE FUNCTION clearance_carries_its_sessions() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM 1 FROM rooms WHERE id = NEW.room_id FOR NO KEY UPDATE;
        IF EXISTS (
            SELECT 1 FROM room_clearances c
            JOIN assignments a ON a.bar_room_id = c.room_id AND a.covered && c.valid_during AND a.load_kg > c.max_load_kg
            WHERE c.room_id = NEW.room_id AND c.valid_during && NEW.valid_during
        ) THEN
            RAISE EXCEPTION 'a session under this clearance needs a higher rating'
                USING ERRCODE = '23514', CONSTRAINT = 'assignments_load_is_carried', TABLE = 'room_clearances';
        END IF;
        RETURN NULL;
    END $$
    """,
    """
    CREATE CONSTRAINT TRIGGER clearance_carries_its_sessions
    AFTER INSERT OR UPDATE ON room_clearances
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION clearance_carries_its_sessions()
    """,
    # From which instant on a room's clearance can change: now, but always after the start of a session that runs in
    # it, so that a clock set back cannot keep a failure from being recorded.
    """
    CREATE FUNCTION moment_for(room_ids uuid[]) RETURNS timestamptz LANGUAGE sql VOLATILE AS $$
        SELECT greatest(clock_timestamp(), max(lower(during)) + interval '1 microsecond')
        FROM assignments WHERE room_id = ANY (room_ids) AND started_at IS NOT NULL
    $$
    """,
    """
    CREATE FUNCTION clearances_are_proven(room uuid) RETURNS void LANGUAGE plpgsql AS $$
    DECLARE
        moment timestamptz;
    BEGIN
        PERFORM 1 FROM rooms WHERE id = room FOR NO KEY UPDATE;
        moment := moment_for(ARRAY[room]);
        IF EXISTS (
            SELECT 1 FROM room_clearances c JOIN rooms r ON r.id = c.room_id
            WHERE c.room_id = room AND upper(c.valid_during) > moment AND (
                NOT r.in_service
                OR (SELECT count(*) FROM bars b WHERE b.room_id = room AND b.removed_on IS NULL) < r.bars_required
                OR EXISTS (
                    SELECT 1 FROM bars b WHERE b.room_id = room AND b.removed_on IS NULL AND NOT (
                        b.in_service AND b.rated_load_kg >= c.max_load_kg
                        AND NOT EXISTS (SELECT 1 FROM lockouts l WHERE l.bar_id = b.id AND l.released_at IS NULL)
                        AND EXISTS (
                            SELECT 1 FROM inspections i
                            WHERE i.bar_id = b.id AND i.room_id = room AND i.id = ANY (c.inspection_ids)
                                AND i.certified_until >= upper(c.valid_during)
                                AND i.sequence = (SELECT max(x.sequence) FROM inspections x WHERE x.bar_id = b.id)
                        )
                        AND EXISTS (
                            SELECT 1 FROM inspections i
                            WHERE i.bar_id = b.id AND i.kind = 'installation' AND i.result <> 'fail'
                                AND i.recorded_at >= b.unproven_since
                        )
                    )
                )
            )
        ) THEN
            RAISE EXCEPTION 'bars, inspections and lock-outs of this room do not bear out its clearance'
                USING ERRCODE = '23514', CONSTRAINT = 'room_clearances_are_proven', TABLE = 'room_clearances';
        END IF;
    END $$
    """,
    """
    CREATE FUNCTION room_clearances_are_proven() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_TABLE_NAME = 'rooms' THEN
            PERFORM clearances_are_proven(NEW.id);
            RETURN NULL;
        END IF;
        PERFORM clearances_are_proven(NEW.room_id);
        IF TG_OP = 'UPDATE' AND NEW.room_id <> OLD.room_id THEN
            PERFORM clearances_are_proven(OLD.room_id);
        END IF;
        RETURN NULL;
    END $$
    """,
    *(
        f"""
        CREATE CONSTRAINT TRIGGER clearances_are_proven AFTER {change} ON {table}
        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION room_clearances_are_proven()
        """
        for table, change in (
            ("room_clearances", "INSERT OR UPDATE"),
            ("rooms", "UPDATE OF in_service, bars_required"),
            ("bars", "INSERT OR UPDATE"),
            ("inspections", "INSERT"),
            ("lockouts", "INSERT OR UPDATE"),
        )
    ),
)

GRANTS = (
    f"GRANT SELECT, INSERT, UPDATE ON load_profiles, appointment_marks TO {ROLE}",
    f"GRANT SELECT, INSERT, DELETE ON room_clearances, room_gaps TO {ROLE}",
    f"GRANT UPDATE (valid_during, max_load_kg, inspection_ids) ON room_clearances TO {ROLE}",
    f"GRANT UPDATE (during) ON room_gaps TO {ROLE}",
    f"GRANT SELECT, INSERT, DELETE ON assignments TO {ROLE}",
    # Not requires_bar, nor whose row it is: it is born with those.
    f"""GRANT UPDATE (assignment_version, attempt, branch_id, room_id, treatment_id, therapist_id, client_id, screening_protocol,
        room_flexible, load_kg, planned_at, ends_at, turnover_minutes, during, started_at, at_risk_at) ON assignments TO {ROLE}""",
    f"GRANT SELECT, INSERT, UPDATE (client_id) ON assignment_history TO {ROLE}",
    f"GRANT SELECT, INSERT ON fitness_statements TO {ROLE}",
)


def upgrade() -> None:
    for statement in (*TABLES, *GUARDS, *GRANTS):
        op.execute(statement)
