"""The asset register, bars that move together, and rooms that are closed for a time.

8. any session in a closed room, or a clearance that says it is open   assignments_room_is_open, …_clearances_are_open
9. a bar that stands in another room than its set                      bars_stand_with_their_set

Closures have no temporal key to hang on: a session must lie outside them, and two closures may overlap. So both sides
lock the room and look, as the load does (20261124_safety_core).
"""

from alembic import op

revision = "20261125_assets"
down_revision = "20261125_bar_states"

ROLE = "caibei_room_equipment"

CLOSURES = (
    # What was planned stays on record; `closed` is what came of it: a closure ended before it began closed nothing.
    """
    CREATE TABLE room_closures (
        id uuid PRIMARY KEY,
        branch_id uuid NOT NULL,
        room_id uuid NOT NULL REFERENCES rooms,
        starts_at timestamptz NOT NULL,
        ends_at timestamptz CHECK (ends_at > starts_at),
        reason text NOT NULL CHECK (reason IN ('renovation', 'maintenance', 'flood', 'other')),
        note text NOT NULL DEFAULT '',
        closed_at timestamptz NOT NULL,
        closed_by text NOT NULL,
        ended_at timestamptz,
        ended_by text,
        closed tstzrange NOT NULL GENERATED ALWAYS AS (
            CASE WHEN ended_at <= starts_at THEN 'empty' ELSE tstzrange(starts_at, least(ends_at, ended_at)) END
        ) STORED,
        CONSTRAINT room_closures_are_ended_by_someone CHECK ((ended_at IS NULL) = (ended_by IS NULL))
    )
    """,
    "CREATE INDEX room_closures_by_time ON room_closures USING gist (room_id, closed)",
    "ALTER TABLE rooms ADD COLUMN closures_version int NOT NULL DEFAULT 0",
    # `covered`, not `during`: a running session under which its room closes is marked at risk, and keeps its room.
    """
    CREATE FUNCTION assignment_room_is_open() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM 1 FROM rooms WHERE id = NEW.room_id FOR NO KEY UPDATE;
        IF EXISTS (
            SELECT 1 FROM assignments a JOIN room_closures k ON k.room_id = a.room_id AND k.closed && a.covered
            WHERE a.appointment_id = NEW.appointment_id
        ) THEN
            RAISE EXCEPTION 'the room is closed during this session'
                USING ERRCODE = '23514', CONSTRAINT = 'assignments_room_is_open', TABLE = 'assignments';
        END IF;
        RETURN NULL;
    END $$
    """,
    """
    CREATE CONSTRAINT TRIGGER assignment_room_is_open
    AFTER INSERT OR UPDATE OF room_id, during, at_risk_at ON assignments
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION assignment_room_is_open()
    """,
    """
    CREATE FUNCTION clearance_is_open() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM 1 FROM rooms WHERE id = NEW.room_id FOR NO KEY UPDATE;
        IF EXISTS (
            SELECT 1 FROM room_clearances c JOIN room_closures k ON k.room_id = c.room_id AND k.closed && c.valid_during
            WHERE c.room_id = NEW.room_id AND c.valid_during && NEW.valid_during
        ) THEN
            RAISE EXCEPTION 'the room is closed for a part of this clearance'
                USING ERRCODE = '23514', CONSTRAINT = 'room_clearances_are_open', TABLE = 'room_clearances';
        END IF;
        RETURN NULL;
    END $$
    """,
    """
    CREATE CONSTRAINT TRIGGER clearance_is_open AFTER INSERT OR UPDATE ON room_clearances
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION clearance_is_open()
    """,
    """
    CREATE FUNCTION closed_room_is_empty() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM 1 FROM rooms WHERE id = NEW.room_id FOR NO KEY UPDATE;
        IF EXISTS (
            SELECT 1 FROM room_closures k JOIN room_clearances c ON c.room_id = k.room_id AND c.valid_during && k.closed
            WHERE k.id = NEW.id
        ) THEN
            RAISE EXCEPTION 'the room is cleared for a part of this closure'
                USING ERRCODE = '23514', CONSTRAINT = 'room_clearances_are_open', TABLE = 'room_closures';
        END IF;
        IF EXISTS (
            SELECT 1 FROM room_closures k JOIN assignments a ON a.room_id = k.room_id AND a.covered && k.closed
            WHERE k.id = NEW.id
        ) THEN
            RAISE EXCEPTION 'sessions lie in this closure'
                USING ERRCODE = '23514', CONSTRAINT = 'assignments_room_is_open', TABLE = 'room_closures';
        END IF;
        RETURN NULL;
    END $$
    """,
    """
    CREATE CONSTRAINT TRIGGER closed_room_is_empty AFTER INSERT OR UPDATE ON room_closures
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION closed_room_is_empty()
    """,
)

BAR_SETS = (
    """
    CREATE TABLE bar_sets (
        id uuid PRIMARY KEY,
        version int NOT NULL DEFAULT 1,
        branch_id uuid NOT NULL,
        room_id uuid NOT NULL REFERENCES rooms,
        name text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        CONSTRAINT bar_sets_name_is_one_per_branch UNIQUE (branch_id, name),
        UNIQUE (id, room_id)
    )
    """,
    "ALTER TABLE bars ADD COLUMN bar_set_id uuid",
    # Deferred: one transaction moves the set and its bars, in whichever order.
    """
    ALTER TABLE bars ADD CONSTRAINT bars_stand_with_their_set FOREIGN KEY (bar_set_id, room_id)
        REFERENCES bar_sets (id, room_id) DEFERRABLE INITIALLY DEFERRED
    """,
    "CREATE INDEX bars_by_set ON bars (bar_set_id) WHERE bar_set_id IS NOT NULL",
    # Where each thing stood, and since when. Append-only.
    """
    CREATE TABLE asset_moves (
        id uuid PRIMARY KEY,
        asset text NOT NULL CHECK (asset IN ('bar', 'bar_set', 'equipment')),
        asset_id uuid NOT NULL,
        branch_id uuid NOT NULL,
        from_room_id uuid NOT NULL REFERENCES rooms,
        to_room_id uuid NOT NULL REFERENCES rooms,
        moved_at timestamptz NOT NULL,
        moved_by text NOT NULL
    )
    """,
    "CREATE INDEX asset_moves_by_asset ON asset_moves (asset_id, id)",
)

EQUIPMENT = (
    """
    ALTER TABLE equipment
        ADD COLUMN manufacturer text NOT NULL DEFAULT '',
        ADD COLUMN model text NOT NULL DEFAULT '',
        ADD COLUMN purchased_on date,
        ADD COLUMN installed_on date,
        ADD COLUMN installed_by text NOT NULL DEFAULT '',
        ADD COLUMN rated_load_kg numeric(7, 1) CHECK (rated_load_kg > 0),
        ADD COLUMN documents jsonb NOT NULL DEFAULT '[]',
        ADD COLUMN bar_id uuid REFERENCES bars,
        ADD COLUMN inspected boolean NOT NULL DEFAULT false,
        ADD COLUMN removed_on date
    """,
    # What was registered before the kinds had codes keeps its word in its name.
    """
    UPDATE equipment SET name = kind || ': ' || name, kind = 'other' WHERE kind NOT IN (
        'table', 'stool', 'step', 'strap', 'handle', 'frame', 'bolster', 'trolley', 'lamp', 'heater', 'other')
    """,
    "UPDATE equipment SET inspected = true WHERE kind IN ('strap', 'handle', 'frame')",
    """
    CREATE UNIQUE INDEX equipment_serial_is_one_per_kind ON equipment (branch_id, kind, serial)
    WHERE serial IS NOT NULL AND removed_on IS NULL
    """,
    "CREATE INDEX equipment_by_bar ON equipment (bar_id) WHERE bar_id IS NOT NULL",
    # As of bars, lighter. What the thing was then is copied in.
    """
    CREATE TABLE equipment_inspections (
        id uuid PRIMARY KEY,
        equipment_id uuid NOT NULL REFERENCES equipment,
        sequence int NOT NULL,
        branch_id uuid NOT NULL,
        room_id uuid NOT NULL REFERENCES rooms,
        serial text,
        rated_load_kg numeric(7, 1),
        kind text NOT NULL CHECK (kind IN ('periodic', 'after_event')),
        performed_at timestamptz NOT NULL,
        recorded_at timestamptz NOT NULL,
        recorded_by text NOT NULL,
        inspector_name text NOT NULL,
        inspector_organisation text NOT NULL,
        inspector_credential text NOT NULL,
        credential_valid_until date NOT NULL,
        checklist jsonb NOT NULL,
        result text NOT NULL CHECK (result IN ('pass', 'fail')),
        note text NOT NULL DEFAULT '',
        valid_until date,
        certified_until timestamptz,
        CONSTRAINT equipment_inspections_follow_one_another UNIQUE (equipment_id, sequence),
        CONSTRAINT equipment_inspections_performed_before_recorded CHECK (performed_at <= recorded_at),
        CONSTRAINT equipment_inspections_pass_has_an_end CHECK ((result = 'fail') = (certified_until IS NULL))
    )
    """,
    """
    CREATE TABLE equipment_warnings (
        inspection_id uuid NOT NULL REFERENCES equipment_inspections,
        days_left int NOT NULL,
        announced_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        PRIMARY KEY (inspection_id, days_left)
    )
    """,
)

GRANTS = (
    f"GRANT SELECT, INSERT, UPDATE (ended_at, ended_by) ON room_closures TO {ROLE}",
    f"GRANT UPDATE (closures_version) ON rooms TO {ROLE}",
    f"GRANT SELECT, INSERT, UPDATE (version, branch_id, room_id, name) ON bar_sets TO {ROLE}",
    f"GRANT UPDATE (bar_set_id) ON bars TO {ROLE}",
    f"GRANT SELECT, INSERT ON asset_moves, equipment_inspections, equipment_warnings TO {ROLE}",
    f"""GRANT UPDATE (manufacturer, model, purchased_on, installed_on, installed_by, rated_load_kg, documents, bar_id,
        inspected, removed_on) ON equipment TO {ROLE}""",
)


def upgrade() -> None:
    for statement in (*CLOSURES, *BAR_SETS, *EQUIPMENT, *GRANTS):
        op.execute(statement)
