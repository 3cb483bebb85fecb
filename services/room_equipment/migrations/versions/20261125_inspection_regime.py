"""House rules and checklists as appended versions, the register of inspectors, events, and work orders by hand."""

from alembic import op

revision = "20261125_inspection_regime"
down_revision = "20261125_assets"

ROLE = "caibei_room_equipment"

SQL = (
    # `branch_id` is null for the chain's. Appended: what held when something was decided stays on record.
    """
    CREATE TABLE house_rules (
        branch_id uuid,
        version int NOT NULL CHECK (version > 0),
        rules jsonb NOT NULL,
        set_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        set_by text NOT NULL,
        CONSTRAINT house_rules_follow_one_another UNIQUE NULLS NOT DISTINCT (branch_id, version)
    )
    """,
    """
    CREATE VIEW house_rules_in_force AS
    SELECT DISTINCT ON (branch_id) branch_id, rules FROM house_rules ORDER BY branch_id, version DESC
    """,
    # A mass with the precision it was measured with, because loads are now worked out of it again. Old rows kept one
    # digit and a load made of all of them: half of that load is the mass, or a little more, where the factor was 2.
    "ALTER TABLE load_profiles ALTER COLUMN mass_kg TYPE numeric(6, 3)",
    """
    UPDATE load_profiles SET mass_kg = CASE
        WHEN load_kg BETWEEN mass_kg * 2 - 0.1 AND mass_kg * 2 + 0.2 THEN load_kg / 2 ELSE least(mass_kg + 0.05, load_kg) END
    """,
    # `branch_id` is null for the chain's. The versions this build ships are files, not rows.
    """
    CREATE TABLE checklists (
        id uuid PRIMARY KEY,
        branch_id uuid,
        kind text NOT NULL CHECK (kind IN ('installation', 'periodic', 'pre_use', 'after_event')),
        version int NOT NULL CHECK (version > 0),
        title text NOT NULL,
        items jsonb NOT NULL CHECK (jsonb_array_length(items) > 0),
        published_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        published_by text NOT NULL,
        CONSTRAINT checklists_follow_one_another UNIQUE NULLS NOT DISTINCT (branch_id, kind, version)
    )
    """,
    """
    CREATE TABLE inspectors (
        id uuid PRIMARY KEY,
        version int NOT NULL DEFAULT 1,
        name text NOT NULL,
        organisation text NOT NULL DEFAULT '',
        credential text NOT NULL,
        credential_key text NOT NULL,
        valid_until date NOT NULL,
        in_service boolean NOT NULL DEFAULT true,
        created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        CONSTRAINT inspectors_have_a_credential_each UNIQUE (credential_key)
    )
    """,
    """
    ALTER TABLE inspections
        ADD COLUMN event text CONSTRAINT inspections_event_is_known CHECK (
            event IN ('impact', 'water', 'overload', 'building_work', 'repair', 'relocation')),
        ADD COLUMN checklist_template jsonb,
        ADD COLUMN inspector_id uuid REFERENCES inspectors
    """,
    """
    ALTER TABLE lockouts
        ADD COLUMN event text CONSTRAINT lockouts_event_is_known CHECK (
            event IN ('impact', 'water', 'overload', 'building_work', 'repair', 'relocation')),
        DROP CONSTRAINT lockouts_cause_check,
        ADD CONSTRAINT lockouts_cause_check CHECK (cause IN ('inspection', 'pre_use_check', 'report', 'repair'))
    """,
    # A work order may be planned by hand: for a bar or another piece of equipment, without a lock-out.
    """
    ALTER TABLE work_orders
        ALTER COLUMN bar_id DROP NOT NULL,
        ALTER COLUMN lockout_id DROP NOT NULL,
        ADD COLUMN equipment_id uuid REFERENCES equipment,
        ADD COLUMN note text NOT NULL DEFAULT '',
        ADD COLUMN due_on date,
        ADD COLUMN touched_mounting boolean NOT NULL DEFAULT false,
        ADD CONSTRAINT work_orders_are_of_one_thing CHECK (num_nonnulls(bar_id, equipment_id) = 1),
        ADD CONSTRAINT work_orders_lockouts_are_of_bars CHECK (lockout_id IS NULL OR bar_id IS NOT NULL)
    """,
    "CREATE INDEX work_orders_by_equipment ON work_orders (equipment_id) WHERE equipment_id IS NOT NULL",
    f"GRANT SELECT, INSERT ON house_rules, checklists, inspectors TO {ROLE}",
    f"GRANT SELECT ON house_rules_in_force TO {ROLE}",
    f"""GRANT UPDATE (version, name, organisation, credential, credential_key, valid_until, in_service)
        ON inspectors TO {ROLE}""",
    f"GRANT UPDATE (lockout_id, due_on, touched_mounting) ON work_orders TO {ROLE}",
)


def upgrade() -> None:
    for statement in SQL:
        op.execute(statement)
