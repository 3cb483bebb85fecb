"""What the role could still do to the record by SQL, refused too (decision 0023).

8.  a past that is written again: what was cleared, when something was recorded    …_past_stays, …_recorded_now
9.  a bar that stays proven though it moved or was rated higher                    bars_change_unproves_them
10. an inspection of a bar as it never was, or from the future                     inspections_are_of_the_bar_as_it_is
11. a lock-out that any inspection ends, a repairer who is written over            lockouts_end_as_they_must, work_orders_…
    a closure that was over before it was said                                     room_closures_…
"""

from alembic import op

from services.room_equipment.migrations.guards import refuses

revision = "20261125_guards"
down_revision = "20261125_record_chain"

ROLE = "caibei_room_equipment"

TABLES = (
    # A bar lies in the branch its room lies in: in no other would its people see it.
    "ALTER TABLE rooms ADD CONSTRAINT rooms_lie_in_one_branch UNIQUE (id, branch_id)",
    "ALTER TABLE bars DROP CONSTRAINT bars_room_id_fkey",
    """ALTER TABLE bars ADD CONSTRAINT bars_hang_in_their_branch
       FOREIGN KEY (room_id, branch_id) REFERENCES rooms (id, branch_id)""",
    """ALTER TABLE inspections ADD CONSTRAINT inspections_installation_was_loaded
       CHECK (kind <> 'installation' OR result = 'fail' OR coalesce(load_test_kg, 0) >= rated_load_kg)""",
)

# The longest any setting lets a certificate hold is 24 months; what an inspection copies of its bar is the bar's.
INSPECTIONS = refuses(
    "inspections_are_of_the_bar_as_it_is", "inspections", "BEFORE INSERT",
    """NEW.recorded_at < now() OR NEW.recorded_at > clock_timestamp() AND NEW.recorded_at > moment_for(ARRAY(
           SELECT r.id FROM rooms r WHERE r.branch_id = NEW.branch_id))
       OR NEW.certified_until > NEW.performed_at + interval '24 months 2 days'
       OR NEW.sequence <> 1 + coalesce((SELECT max(sequence) FROM inspections WHERE bar_id = NEW.bar_id), 0)
       OR NOT EXISTS (SELECT FROM bars b WHERE b.id = NEW.bar_id AND b.room_id = NEW.room_id
           AND b.branch_id = NEW.branch_id AND b.serial = NEW.bar_serial AND b.rated_load_kg = NEW.rated_load_kg)""",
    "an inspection is recorded when it is, in turn, and of the bar as it hangs now",
)  # fmt: skip

BARS = (
    *refuses(
        "bars_begin_unproven", "bars", "BEFORE INSERT",
        "NEW.unproven_since < now() OR NEW.created_at < now()",
        "a new bar has never been inspected",
    ),
    *refuses(
        "bars_change_unproves_them", "bars", "BEFORE UPDATE",
        """NEW.unproven_since < OLD.unproven_since OR NEW.unproven_since < now() AND (
               NEW.room_id <> OLD.room_id OR NEW.mounting <> OLD.mounting OR NEW.serial <> OLD.serial
               OR NEW.rated_load_kg > OLD.rated_load_kg OR OLD.removed_on IS NOT NULL AND NEW.removed_on IS NULL)""",
        "a bar that moved, was remounted, renumbered or rated higher is unproven from then on",
    ),
)  # fmt: skip

LOCKOUTS = (
    *refuses(
        "lockouts_begin_open", "lockouts", "BEFORE INSERT",
        "NEW.released_at IS NOT NULL OR NEW.opened_at < now()",
        "a lock-out is opened when it is, and released by a later inspection",
    ),
    # By an inspection of this bar that passed, after the lock-out and its repair, by someone who did not repair it.
    *refuses(
        "lockouts_end_as_they_must", "lockouts", "BEFORE UPDATE",
        """OLD.released_at IS NOT NULL OR NEW.released_at IS NULL OR NEW.released_at < now() OR NOT EXISTS (
               SELECT FROM inspections i JOIN work_orders w ON w.lockout_id = OLD.id
               WHERE i.id = NEW.released_by AND i.bar_id = OLD.bar_id AND i.result <> 'fail'
                 AND i.performed_at >= date_trunc('second', OLD.opened_at) AND i.recorded_at >= OLD.opened_at
                 AND i.performed_at >= date_trunc('second', w.completed_at) AND i.recorded_at >= w.completed_at
                 AND (OLD.event IS NULL OR i.kind <> 'periodic') AND NOT EXISTS (
                   SELECT FROM work_orders o WHERE o.lockout_id = OLD.id AND o.completed_at IS NULL)
                 AND NOT EXISTS (
                   SELECT FROM work_orders o
                   WHERE (o.lockout_id = OLD.id OR o.id = (
                           SELECT l.id FROM work_orders l WHERE l.bar_id = OLD.bar_id AND l.status = 'completed'
                           ORDER BY l.completed_at DESC LIMIT 1))
                     AND (o.repairer_subject = i.recorded_by
                       OR o.repairer_credential_key = i.inspector_credential_key)))""",
        "a lock-out ends once, by a later passing inspection by someone other than the repairer",
    ),
    *refuses(
        "work_orders_begin_open", "work_orders", "BEFORE INSERT", "NEW.status <> 'open' OR NEW.opened_at < now()",
        "a work order begins open",
    ),
    *refuses(
        "work_orders_stay_completed", "work_orders", "BEFORE UPDATE",
        """OLD.status = 'completed' AND (NEW.status, NEW.completed_at, NEW.repairer_subject,
               NEW.repairer_credential_key, NEW.repairer_name, NEW.repairer_credential, NEW.touched_mounting)
               IS DISTINCT FROM (OLD.status, OLD.completed_at, OLD.repairer_subject, OLD.repairer_credential_key,
               OLD.repairer_name, OLD.repairer_credential, OLD.touched_mounting)
           OR OLD.status <> 'completed' AND NEW.completed_at < now()""",
        "who repaired a bar, and when, is written once",
    ),
    # Work planned by hand becomes a lock-out's when it turns out to have touched the mounting: at once, or never.
    *refuses(
        "work_orders_keep_their_lockout", "work_orders", "BEFORE UPDATE",
        """NEW.lockout_id IS DISTINCT FROM OLD.lockout_id AND (
               OLD.lockout_id IS NOT NULL OR OLD.completed_at IS NULL OR OLD.completed_at < now()
               OR NOT EXISTS (SELECT FROM lockouts l WHERE l.id = NEW.lockout_id AND l.bar_id = NEW.bar_id
                                AND l.cause = 'repair' AND l.opened_at >= now()))""",
        "a repair is of the lock-out it was opened for",
    ),
)  # fmt: skip

CLOSURES = (
    *refuses(
        "room_closures_begin_open", "room_closures", "BEFORE INSERT",
        "NEW.closed_at < now() OR NEW.starts_at < NEW.closed_at OR NEW.ended_at IS NOT NULL",
        "a room is closed from now on, or later",
    ),
    *refuses(
        "room_closures_end_once", "room_closures", "BEFORE UPDATE",
        "OLD.ended_at IS NOT NULL OR NEW.ended_at IS NULL OR NEW.ended_at < now()",
        "a closure ends once, when it is ended",
    ),
)  # fmt: skip

STATEMENTS = (
    *refuses(
        "pre_use_checks_are_recorded_now", "pre_use_checks", "BEFORE INSERT",
        """NEW.checked_at < now() OR NEW.checked_at > clock_timestamp() AND NEW.checked_at > moment_for(ARRAY(
               SELECT r.id FROM rooms r WHERE r.branch_id = NEW.branch_id))""",
        "a look at a bar is recorded when it is made",
    ),
    *refuses(
        "fitness_statements_are_recorded_now", "fitness_statements", "BEFORE INSERT", "NEW.stated_at < now()",
        "a statement is recorded when it is made",
    ),
)  # fmt: skip


def past_stays(name: str, table: str, column: str) -> tuple[str, ...]:
    """What was so before this transaction began stays on record as it was."""
    return (
        f"""
        CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF TG_OP = 'DELETE' AND lower(OLD.{column}) >= now() THEN RETURN OLD; END IF;
            IF TG_OP = 'INSERT' AND lower(NEW.{column}) >= now() THEN RETURN NEW; END IF;
            IF TG_OP = 'UPDATE' AND NEW.{column} * tstzrange(NULL, now()) = OLD.{column} * tstzrange(NULL, now())
                THEN RETURN NEW; END IF;
            RAISE EXCEPTION 'what was cleared, and why not, is not rewritten'
                USING ERRCODE = '23514', CONSTRAINT = '{name}', TABLE = '{table}';
        END $$
        """,
        f"CREATE TRIGGER {name} BEFORE INSERT OR UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()",
    )


FUNCTIONS = (
    # As before, and never before this transaction began, should the clock be set back in it.
    """
    CREATE OR REPLACE FUNCTION moment_for(room_ids uuid[]) RETURNS timestamptz LANGUAGE sql VOLATILE AS $$
        SELECT greatest(now(), clock_timestamp(), max(lower(during)) + interval '1 microsecond')
        FROM assignments WHERE room_id = ANY (room_ids) AND started_at IS NOT NULL
    $$
    """,
    # The proof of a clearance is its bars' latest inspections and nothing else.
    """
    CREATE FUNCTION room_clearances_name_their_proof() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM 1 FROM rooms WHERE id = NEW.room_id FOR NO KEY UPDATE;
        IF EXISTS (
            SELECT FROM room_clearances c
            WHERE c.room_id = NEW.room_id AND upper(c.valid_during) > moment_for(ARRAY[c.room_id])
              AND cardinality(c.inspection_ids)
                  <> (SELECT count(*) FROM bars b WHERE b.room_id = c.room_id AND b.removed_on IS NULL)
        ) THEN
            RAISE EXCEPTION 'a clearance is proven by the latest inspection of each of its bars'
                USING ERRCODE = '23514', CONSTRAINT = 'room_clearances_are_proven', TABLE = 'room_clearances';
        END IF;
        RETURN NULL;
    END $$
    """,
    """
    CREATE CONSTRAINT TRIGGER room_clearances_name_their_proof AFTER INSERT OR UPDATE ON room_clearances
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION room_clearances_name_their_proof()
    """,
)

VERSIONS = (
    *refuses("rooms_versions_rise", "rooms", "BEFORE UPDATE",
             "NEW.version < OLD.version OR NEW.clearance_version < OLD.clearance_version", "versions never fall"),
    *refuses("bars_versions_rise", "bars", "BEFORE UPDATE", "NEW.version < OLD.version", "versions never fall"),
)  # fmt: skip

GRANTS = (
    # A clearance ends and another begins; neither its limit nor its proof is ever changed.
    f"REVOKE UPDATE ON room_clearances FROM {ROLE}",
    f"GRANT UPDATE (valid_during) ON room_clearances TO {ROLE}",
)


def upgrade() -> None:
    for statement in (
        *TABLES, *FUNCTIONS, *INSPECTIONS, *BARS, *LOCKOUTS, *CLOSURES, *STATEMENTS,
        *past_stays("room_clearances_past_stays", "room_clearances", "valid_during"),
        *past_stays("room_gaps_past_stays", "room_gaps", "during"),
        *VERSIONS, *GRANTS,
    ):  # fmt: skip
        op.execute(statement)
