"""Rooms, their equipment and bars, and the record of every bar: inspections, lock-outs, repairs, checks before use."""

from alembic import op

revision = "20261123_rooms_and_bars"
down_revision = "20261122_places_and_people"

ROLE = "caibei_room_equipment"

SQL = (
    """
    CREATE TABLE rooms (
        id uuid PRIMARY KEY,
        version int NOT NULL DEFAULT 1,
        branch_id uuid NOT NULL,
        code text NOT NULL,
        name text NOT NULL,
        turnover_minutes int NOT NULL CHECK (turnover_minutes BETWEEN 0 AND 240),
        bars_required int NOT NULL DEFAULT 1 CHECK (bars_required >= 1),
        in_service boolean NOT NULL DEFAULT true,
        clearance_version int NOT NULL DEFAULT 0,
        created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        CONSTRAINT rooms_code_is_one_per_branch UNIQUE (branch_id, code)
    )
    """,
    """
    CREATE TABLE equipment (
        id uuid PRIMARY KEY,
        version int NOT NULL DEFAULT 1,
        branch_id uuid NOT NULL,
        room_id uuid NOT NULL REFERENCES rooms,
        kind text NOT NULL,
        name text NOT NULL,
        serial text,
        in_service boolean NOT NULL DEFAULT true,
        note text NOT NULL DEFAULT '',
        created_at timestamptz NOT NULL DEFAULT clock_timestamp()
    )
    """,
    "CREATE INDEX equipment_by_room ON equipment (room_id)",
    # `unproven_since`: mounted, moved, remounted, renumbered or rated higher then; only a later installation
    # inspection makes it certifiable again.
    """
    CREATE TABLE bars (
        id uuid PRIMARY KEY,
        version int NOT NULL DEFAULT 1,
        branch_id uuid NOT NULL,
        room_id uuid NOT NULL REFERENCES rooms,
        serial text NOT NULL,
        rated_load_kg numeric(7, 1) NOT NULL CHECK (rated_load_kg > 0),
        installed_on date NOT NULL,
        installed_by text NOT NULL,
        mounting text NOT NULL,
        material text NOT NULL DEFAULT '',
        diameter_mm numeric(6, 1),
        documents jsonb NOT NULL DEFAULT '[]',
        in_service boolean NOT NULL DEFAULT true,
        removed_on date,
        unproven_since timestamptz NOT NULL,
        created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        CONSTRAINT bars_serial_is_one_per_branch UNIQUE (branch_id, serial)
    )
    """,
    "CREATE INDEX bars_mounted ON bars (room_id) WHERE removed_on IS NULL",
    # Append-only. What the bar was then (room, serial, rating) is copied in, so that later changes do not touch it.
    """
    CREATE TABLE inspections (
        id uuid PRIMARY KEY,
        bar_id uuid NOT NULL REFERENCES bars,
        sequence int NOT NULL,
        branch_id uuid NOT NULL,
        room_id uuid NOT NULL REFERENCES rooms,
        bar_serial text NOT NULL,
        rated_load_kg numeric(7, 1) NOT NULL,
        kind text NOT NULL CHECK (kind IN ('installation', 'periodic', 'after_event')),
        performed_at timestamptz NOT NULL,
        recorded_at timestamptz NOT NULL,
        recorded_by text NOT NULL,
        inspector_name text NOT NULL,
        inspector_organisation text NOT NULL,
        inspector_credential text NOT NULL,
        inspector_credential_key text NOT NULL,
        credential_valid_until date NOT NULL,
        checklist jsonb NOT NULL,
        load_test_kg numeric(7, 1),
        result text NOT NULL CHECK (result IN ('pass', 'pass_with_conditions', 'fail')),
        conditions text,
        note text NOT NULL DEFAULT '',
        valid_until date,
        certified_until timestamptz,
        CONSTRAINT inspections_follow_one_another UNIQUE (bar_id, sequence),
        CONSTRAINT inspections_performed_before_recorded CHECK (performed_at <= recorded_at),
        CONSTRAINT inspections_pass_has_an_end CHECK ((result = 'fail') = (certified_until IS NULL))
    )
    """,
    """
    CREATE TABLE lockouts (
        id uuid PRIMARY KEY,
        bar_id uuid NOT NULL REFERENCES bars,
        branch_id uuid NOT NULL,
        room_id uuid NOT NULL REFERENCES rooms,
        cause text NOT NULL CHECK (cause IN ('inspection', 'pre_use_check', 'report')),
        reason text NOT NULL,
        note text NOT NULL DEFAULT '',
        opened_at timestamptz NOT NULL,
        opened_by text NOT NULL,
        released_at timestamptz,
        released_by uuid REFERENCES inspections,
        CONSTRAINT lockouts_end_by_an_inspection CHECK ((released_at IS NULL) = (released_by IS NULL))
    )
    """,
    "CREATE INDEX lockouts_open ON lockouts (bar_id) WHERE released_at IS NULL",
    """
    CREATE TABLE work_orders (
        id uuid PRIMARY KEY,
        version int NOT NULL DEFAULT 1,
        bar_id uuid NOT NULL REFERENCES bars,
        branch_id uuid NOT NULL,
        lockout_id uuid NOT NULL UNIQUE REFERENCES lockouts,
        status text NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'assigned', 'completed')),
        title text NOT NULL,
        assigned_to text,
        opened_at timestamptz NOT NULL,
        completed_at timestamptz,
        repairer_name text,
        repairer_credential text,
        repairer_credential_key text,
        repairer_subject text,
        CONSTRAINT work_orders_completed_by_someone CHECK (
            (status = 'completed') = (completed_at IS NOT NULL)
            AND (completed_at IS NULL) = (repairer_subject IS NULL)
        )
    )
    """,
    "CREATE INDEX work_orders_by_bar ON work_orders (bar_id, completed_at)",
    """
    CREATE TABLE work_order_log (
        id uuid PRIMARY KEY,
        work_order_id uuid NOT NULL REFERENCES work_orders,
        at timestamptz NOT NULL DEFAULT clock_timestamp(),
        by_subject text NOT NULL,
        entry text NOT NULL,
        parts jsonb NOT NULL DEFAULT '[]'
    )
    """,
    "CREATE INDEX work_order_log_by_order ON work_order_log (work_order_id)",
    """
    CREATE TABLE pre_use_checks (
        id uuid PRIMARY KEY,
        bar_id uuid NOT NULL REFERENCES bars,
        branch_id uuid NOT NULL,
        room_id uuid NOT NULL REFERENCES rooms,
        therapist_id uuid NOT NULL,
        appointment_id uuid,
        result text NOT NULL CHECK (result IN ('pass', 'fail')),
        note text NOT NULL DEFAULT '',
        checked_at timestamptz NOT NULL,
        recorded_by text NOT NULL
    )
    """,
    "CREATE INDEX pre_use_checks_by_appointment ON pre_use_checks (appointment_id) WHERE appointment_id IS NOT NULL",
    "CREATE INDEX pre_use_checks_by_bar ON pre_use_checks (bar_id, checked_at)",
    # Which warning of which certificate went out: once each, also across restarts (rules: inspection regime).
    """
    CREATE TABLE certificate_warnings (
        inspection_id uuid NOT NULL REFERENCES inspections,
        days_left int NOT NULL,
        announced_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        PRIMARY KEY (inspection_id, days_left)
    )
    """,
    f"GRANT SELECT, INSERT ON rooms, equipment, bars TO {ROLE}",
    f"""GRANT UPDATE (version, code, name, turnover_minutes, bars_required, in_service, clearance_version)
        ON rooms TO {ROLE}""",
    f"GRANT UPDATE (version, branch_id, room_id, kind, name, serial, in_service, note) ON equipment TO {ROLE}",
    f"""GRANT UPDATE (version, branch_id, room_id, serial, rated_load_kg, installed_on, installed_by, mounting, material,
        diameter_mm, documents, in_service, removed_on, unproven_since) ON bars TO {ROLE}""",
    # The safety record is append-only: the role cannot change or delete a line of it.
    f"GRANT SELECT, INSERT ON inspections, pre_use_checks, work_order_log, certificate_warnings TO {ROLE}",
    f"GRANT SELECT, INSERT, UPDATE (released_at, released_by) ON lockouts TO {ROLE}",
    f"""GRANT SELECT, INSERT, UPDATE (version, status, assigned_to, completed_at, repairer_name, repairer_credential,
        repairer_credential_key, repairer_subject) ON work_orders TO {ROLE}""",
)


def upgrade() -> None:
    for statement in SQL:
        op.execute(statement)
