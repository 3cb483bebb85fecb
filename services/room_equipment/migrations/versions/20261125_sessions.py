"""What the role could still do to sessions by SQL, refused too (decision 0023).

12. guards led to other tables, or kept from seeing what others committed    search_path, reads_committed
13. a session that begins unproven, or at another time than now              assignments_start_is_proven
14. a running session that is rewritten, one that leaves no trace            assignments_running_stays, …_leave_to_the_record
15. a session lighter than its therapist, or without the bars it needs       assignments_load_is_the_therapists, …_need_bars

Column grants do what they can (an assignment is not born running); the rest are triggers, each a sentence.
"""

from alembic import op

from services.room_equipment.migrations.guards import refuses

revision = "20261125_sessions"
down_revision = "20261125_guards"

ROLE = "caibei_room_equipment"

TABLES = (
    "ALTER TABLE assignments ADD COLUMN overran_at timestamptz",
    "ALTER TABLE assignment_history ADD COLUMN overran_at timestamptz",
    """ALTER TABLE assignments ADD CONSTRAINT assignments_overrun_is_past_its_time
       CHECK (overran_at IS NULL OR started_at IS NOT NULL AND overran_at >= upper(during))""",
    # Without a time: a session nobody finished keeps its therapist, as it keeps its room.
    "CREATE UNIQUE INDEX assignments_therapist_runs_one ON assignments (therapist_id) WHERE started_at IS NOT NULL",
    "CREATE INDEX assignments_running ON assignments (upper(during)) WHERE started_at IS NOT NULL",
    "ALTER TABLE assignments DROP CONSTRAINT assignments_room_id_fkey",
    """ALTER TABLE assignments ADD CONSTRAINT assignments_lie_in_their_branch
       FOREIGN KEY (room_id, branch_id) REFERENCES rooms (id, branch_id)""",
)

ASSIGNMENTS = (
    *refuses(
        "assignments_versions_rise", "assignments", "BEFORE UPDATE",
        "NEW.assignment_version < OLD.assignment_version OR NEW.attempt < OLD.attempt",
        "versions never fall",
    ),
    *refuses(
        "assignments_of_a_bar_treatment_need_bars", "assignments",
        "BEFORE INSERT OR UPDATE OF treatment_id, started_at",
        """NOT NEW.requires_bar AND EXISTS (
               SELECT FROM treatments t WHERE t.id = NEW.treatment_id AND t.requires_bar)""",
        "this treatment needs bars, so the session does",
    ),
    *refuses(
        "assignments_running_stays", "assignments", "BEFORE UPDATE",
        """OLD.started_at IS NOT NULL AND (
               (NEW.room_id, NEW.branch_id, NEW.therapist_id, NEW.treatment_id, NEW.load_kg, NEW.during, NEW.ends_at,
                NEW.planned_at, NEW.turnover_minutes, NEW.started_at, NEW.attempt) IS DISTINCT FROM
               (OLD.room_id, OLD.branch_id, OLD.therapist_id, OLD.treatment_id, OLD.load_kg, OLD.during, OLD.ends_at,
                OLD.planned_at, OLD.turnover_minutes, OLD.started_at, OLD.attempt)
               OR OLD.at_risk_at IS NOT NULL AND NEW.at_risk_at IS DISTINCT FROM OLD.at_risk_at
                   AND (NEW.at_risk_at >= now() AND NEW.at_risk_at < OLD.at_risk_at) IS NOT TRUE
               OR OLD.overran_at IS NOT NULL AND NEW.overran_at IS DISTINCT FROM OLD.overran_at)""",
        "a running session is not rewritten; its risk may begin sooner than it was said to, and not before now",
    ),
    # Now, for as long as it was planned, by a therapist who said so, on bars that were looked at for it.
    *refuses(
        "assignments_start_is_proven", "assignments", "BEFORE UPDATE OF started_at",
        """OLD.started_at IS NULL AND NEW.started_at IS NOT NULL AND (
               NEW.started_at <> lower(NEW.during) OR NEW.started_at < now() OR NEW.at_risk_at IS NOT NULL
               OR NEW.started_at > clock_timestamp() AND NEW.started_at > moment_for(ARRAY(
                   SELECT r.id FROM rooms r WHERE r.branch_id = NEW.branch_id))
               OR upper(NEW.during) - lower(NEW.during) < upper(OLD.during) - lower(OLD.during)
               OR NOT coalesce((SELECT f.fit FROM fitness_statements f
                                WHERE f.appointment_id = NEW.appointment_id AND f.therapist_id = NEW.therapist_id
                                ORDER BY f.stated_at DESC LIMIT 1), false)
               OR NEW.requires_bar AND EXISTS (
                   SELECT FROM bars b WHERE b.room_id = NEW.room_id AND b.removed_on IS NULL AND NOT EXISTS (
                       SELECT FROM pre_use_checks c WHERE c.bar_id = b.id AND c.room_id = NEW.room_id
                         AND c.appointment_id = NEW.appointment_id AND c.result = 'pass')))""",
        "a session starts now, looked at and stated to be fit",
    ),
    # No lighter than its therapist. A profile that ends later is asked for when the time or the therapist is chosen.
    # The profile's row is shared until the commit, so that a heavier one and a session cannot each miss the other.
    """
    CREATE FUNCTION assignments_load_is_the_therapists() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        profile load_profiles;
    BEGIN
        IF NOT NEW.requires_bar THEN RETURN NEW; END IF;
        SELECT * INTO profile FROM load_profiles WHERE therapist_id = NEW.therapist_id FOR SHARE;
        IF profile.load_kg IS NULL OR NEW.load_kg < least_load(profile.mass_kg, NEW.branch_id)
            OR (TG_OP = 'INSERT' OR NEW.therapist_id <> OLD.therapist_id OR lower(NEW.during) <> lower(OLD.during))
            AND profile.valid_until < (lower(NEW.during) AT TIME ZONE coalesce(
                (SELECT b.timezone FROM branches b WHERE b.id = NEW.branch_id), 'UTC'))::date
        THEN
            RAISE EXCEPTION 'the load of a session is its therapist''s, from a profile that is not too old'
                USING ERRCODE = '23514', CONSTRAINT = 'assignments_load_is_the_therapists', TABLE = 'assignments';
        END IF;
        RETURN NEW;
    END $$
    """,
    """
    CREATE TRIGGER assignments_load_is_the_therapists
    BEFORE INSERT OR UPDATE OF load_kg, therapist_id, during, started_at ON assignments
    FOR EACH ROW EXECUTE FUNCTION assignments_load_is_the_therapists()
    """,
    # However it leaves, the record says so: this row, with this version.
    """
    CREATE FUNCTION assignments_leave_to_the_record() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF NOT EXISTS (
            SELECT FROM assignment_history h WHERE h.appointment_id = OLD.appointment_id
              AND h.assignment_version = OLD.assignment_version AND h.room_id = OLD.room_id AND h.during = OLD.during
              AND h.started_at IS NOT DISTINCT FROM OLD.started_at
              AND h.outcome IN ('completed', 'aborted', 'released', 'revoked')
        ) THEN
            RAISE EXCEPTION 'a session leaves to the record'
                USING ERRCODE = '23514', CONSTRAINT = 'assignments_leave_to_the_record', TABLE = 'assignments';
        END IF;
        RETURN NULL;
    END $$
    """,
    """
    CREATE TRIGGER assignments_leave_to_the_record AFTER DELETE ON assignments
    FOR EACH ROW EXECUTE FUNCTION assignments_leave_to_the_record()
    """,
)  # fmt: skip

LOADS = (
    # By the house rules on record. The setting that holds where neither branch nor chain has a rule is not the
    # database's to know: there it is the therapist's own mass, whatever factor comes on top.
    """
    CREATE FUNCTION least_load(mass_kg numeric, branch uuid) RETURNS numeric LANGUAGE sql STABLE AS $$
        SELECT ceil($1 * coalesce(
            (SELECT (rules->>'safety_factor')::numeric FROM house_rules_in_force WHERE branch_id = $2),
            (SELECT (rules->>'safety_factor')::numeric FROM house_rules_in_force WHERE branch_id IS NULL), 1) * 10) / 10
    $$
    """,
)

PROFILES = (
    # A heavier therapist's sessions to come are planned anew in the same transaction.
    """
    CREATE FUNCTION load_profiles_carry_to_sessions() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF EXISTS (
            SELECT FROM assignments a JOIN load_profiles p ON p.therapist_id = a.therapist_id
            WHERE a.therapist_id = NEW.therapist_id AND a.requires_bar AND a.started_at IS NULL
              AND upper(a.during) > clock_timestamp() AND a.load_kg < least_load(p.mass_kg, a.branch_id)
        ) THEN
            RAISE EXCEPTION 'sessions of this therapist are planned with a lower load'
                USING ERRCODE = '23514', CONSTRAINT = 'load_profiles_carry_to_sessions', TABLE = 'load_profiles';
        END IF;
        RETURN NULL;
    END $$
    """,
    """
    CREATE CONSTRAINT TRIGGER load_profiles_carry_to_sessions AFTER INSERT OR UPDATE ON load_profiles
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION load_profiles_carry_to_sessions()
    """,
    *refuses("load_profiles_versions_rise", "load_profiles", "BEFORE UPDATE",
             "NEW.version <= OLD.version OR NEW.measured_on < OLD.measured_on", "versions and measurements never fall"),
    *refuses("appointment_marks_versions_rise", "appointment_marks", "BEFORE UPDATE",
             """NEW.attempt < OLD.attempt OR (NEW.attempt, NEW.version) < (OLD.attempt, OLD.version)
                OR NEW.assignment_version < OLD.assignment_version""", "versions never fall"),
)  # fmt: skip

# A guard that reads is only right if it sees what others committed while it waited for the room's lock.
READS = (
    """
    CREATE FUNCTION reads_committed() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF current_setting('transaction_isolation') <> 'read committed' THEN
            RAISE EXCEPTION 'what guards the rooms must see what others committed: only under READ COMMITTED'
                USING ERRCODE = '25001';
        END IF;
        RETURN NULL;
    END $$
    """,
    *(
        f"""
        CREATE TRIGGER reads_committed BEFORE INSERT OR UPDATE OR DELETE ON {table}
        FOR EACH STATEMENT EXECUTE FUNCTION reads_committed()
        """
        for table in (
            "assignments",
            "room_clearances",
            "rooms",
            "bars",
            "inspections",
            "lockouts",
            "load_profiles",
            "room_closures",
        )
    ),
)

# A temporary table of the same name would be found first by a guard that does not say where it looks.
WHERE_GUARDS_LOOK = """
DO $$
DECLARE
    guard regprocedure;
BEGIN
    FOR guard IN SELECT p.oid::regprocedure FROM pg_proc p
        WHERE p.pronamespace = 'public'::regnamespace AND p.proowner = current_user::regrole
    LOOP
        EXECUTE format('ALTER FUNCTION %s SET search_path = pg_catalog, public, pg_temp', guard);
        -- What runs with its owner's rights fires where the owner hung it, and nowhere else.
        IF (SELECT p.prosecdef FROM pg_proc p WHERE p.oid = guard) THEN
            EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC, {role}', guard);
        END IF;
    END LOOP;
    EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC, {role}', current_database());
END $$
"""

GRANTS = (
    f"REVOKE INSERT ON assignments, assignment_history FROM {ROLE}",
    # Not started_at, at_risk_at, overran_at: a session is not born running.
    f"""GRANT INSERT (appointment_id, assignment_version, attempt, branch_id, room_id, treatment_id, therapist_id, client_id,
        screening_protocol, room_flexible, requires_bar, load_kg, planned_at, ends_at, turnover_minutes, during)
        ON assignments TO {ROLE}""",
    f"GRANT UPDATE (overran_at) ON assignments TO {ROLE}",
    # Not ended_at, which is the database's clock.
    f"""GRANT INSERT (appointment_id, outcome, reason, assignment_version, attempt, branch_id, room_id, treatment_id,
        therapist_id, client_id, screening_protocol, requires_bar, load_kg, planned_at, ends_at, turnover_minutes, during,
        started_at, at_risk_at, overran_at) ON assignment_history TO {ROLE}""",
    f"REVOKE UPDATE ON load_profiles, appointment_marks FROM {ROLE}",
    f"""GRANT UPDATE (version, mass_kg, load_kg, measured_on, valid_until, announced_state) ON load_profiles
        TO {ROLE}""",
    f"GRANT UPDATE (attempt, version, assignment_version) ON appointment_marks TO {ROLE}",
)


def upgrade() -> None:
    for statement in (
        *TABLES, *LOADS, *ASSIGNMENTS, *PROFILES, *READS, *GRANTS, WHERE_GUARDS_LOOK.replace("{role}", ROLE),
    ):  # fmt: skip
        op.execute(statement)
