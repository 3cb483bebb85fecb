"""The waitlist: who stands where in line, what was offered to whom, and what has become free since it was last looked at.

Whatever frees time writes down a look in its own transaction, by a trigger: no path can forget it and no crash lose it.
"""

from alembic import op

revision = "20261125_waitlist"
down_revision = "20261125_calendars"

ROLE = "caibei_scheduling"

TABLES = (
    # The order of the line. A number is taken when somebody joins and never given again.
    "CREATE SEQUENCE waitlist_places",
    """
    CREATE TABLE waitlist_entries (
        id uuid PRIMARY KEY,
        place bigint NOT NULL DEFAULT nextval('waitlist_places') UNIQUE,
        state text NOT NULL DEFAULT 'waiting'
            CHECK (state IN ('waiting', 'offered', 'accepted', 'booked', 'withdrawn', 'expired')),
        client_id uuid NOT NULL REFERENCES clients,
        treatment_id uuid NOT NULL REFERENCES treatments,
        branch_ids uuid[] NOT NULL CHECK (cardinality(branch_ids) > 0),
        windows jsonb NOT NULL,
        therapist_id uuid REFERENCES therapists,
        notes text,
        blocked_by text,
        missed int NOT NULL DEFAULT 0,
        ends_at timestamptz NOT NULL,
        ended_for text,
        version int NOT NULL DEFAULT 1,
        created_by text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        updated_at timestamptz NOT NULL DEFAULT clock_timestamp()
    )
    """,
    "CREATE INDEX waitlist_entries_by_client ON waitlist_entries (client_id)",
    "CREATE INDEX waitlist_entries_to_end ON waitlist_entries (ends_at) WHERE state = 'waiting'",
    # What somebody in line wants, by branch and time; gone when their entry has ended. Twice for the same thing is
    # refused here, also when two desks try at once.
    """
    CREATE TABLE waitlist_wants (
        entry_id uuid NOT NULL REFERENCES waitlist_entries,
        number int NOT NULL,
        branch_id uuid NOT NULL REFERENCES branches,
        treatment_id uuid NOT NULL,
        client_id uuid NOT NULL,
        place bigint NOT NULL,
        during tstzrange NOT NULL CHECK (NOT isempty(during) AND NOT lower_inf(during) AND NOT upper_inf(during)),
        PRIMARY KEY (entry_id, number, branch_id),
        CONSTRAINT waitlist_wants_once_each EXCLUDE USING gist
            (client_id WITH =, treatment_id WITH =, branch_id WITH =, during WITH &&, entry_id WITH <>)
    )
    """,
    "CREATE INDEX waitlist_wants_by_time ON waitlist_wants USING gist (branch_id, during)",
    # An offer is a hold: the claim and the hold have its id, and so will the appointment.
    """
    CREATE TABLE waitlist_offers (
        id uuid PRIMARY KEY,
        entry_id uuid NOT NULL REFERENCES waitlist_entries,
        state text NOT NULL DEFAULT 'open'
            CHECK (state IN ('open', 'accepted', 'booked', 'declined', 'lapsed', 'refused', 'withdrawn')),
        branch_id uuid NOT NULL REFERENCES branches,
        therapist_id uuid NOT NULL REFERENCES therapists,
        starts_at timestamptz NOT NULL,
        ends_at timestamptz NOT NULL CHECK (ends_at > starts_at),
        created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        expires_at timestamptz NOT NULL CHECK (expires_at <= starts_at),
        answered_at timestamptz,
        answered_by text,
        code text
    )
    """,
    """
    CREATE UNIQUE INDEX waitlist_offers_one_at_a_time ON waitlist_offers (entry_id)
        WHERE state IN ('open', 'accepted')
    """,
    "CREATE INDEX waitlist_offers_under_way ON waitlist_offers (id) WHERE state IN ('open', 'accepted')",
    "CREATE INDEX waitlist_offers_by_entry ON waitlist_offers (entry_id, id)",
    "CREATE INDEX waitlist_offers_by_branch ON waitlist_offers (branch_id, id)",
    # Time that may have become free and has not been offered yet.
    """
    CREATE TABLE waitlist_looks (
        id uuid PRIMARY KEY DEFAULT uuidv7(),
        branch_id uuid NOT NULL,
        during tstzrange NOT NULL CHECK (NOT isempty(during)),
        failed int NOT NULL DEFAULT 0,
        due_at timestamptz NOT NULL DEFAULT clock_timestamp()
    )
    """,
    "CREATE INDEX waitlist_looks_by_branch ON waitlist_looks (branch_id)",
)

# Written only if somebody waits for it. Who joins at that very moment is not seen here and has a look of their own.
LOOKS = (
    """
    CREATE FUNCTION waitlist_look(at_branch uuid, freed tstzrange) RETURNS void LANGUAGE sql AS $$
        INSERT INTO waitlist_looks (branch_id, during)
        SELECT at_branch, f.during FROM (SELECT freed * tstzrange(clock_timestamp(), NULL) AS during) f
        WHERE EXISTS (SELECT FROM waitlist_wants w WHERE w.branch_id = at_branch AND w.during && f.during)
    $$
    """,
    """
    CREATE FUNCTION waitlist_look_with(therapist uuid, freed tstzrange) RETURNS void LANGUAGE sql AS $$
        SELECT waitlist_look(tb.branch_id, freed) FROM therapist_branches tb WHERE tb.therapist_id = therapist
    $$
    """,
    """
    CREATE FUNCTION waitlist_look_in(room uuid, freed tstzrange) RETURNS void LANGUAGE sql AS $$
        SELECT waitlist_look(r.branch_id, freed) FROM rooms r WHERE r.id = room
    $$
    """,
)


def _trigger(name: str, calls: str, *events: str) -> tuple[str, ...]:
    """A row trigger's function, and where it is called."""
    function = f"""
        CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            PERFORM {calls};
            RETURN NULL;
        END $$
    """
    triggers = [
        f"CREATE TRIGGER {name}_{n} AFTER {event} EXECUTE FUNCTION {name}()" for n, event in enumerate(events, start=1)
    ]
    return function, *triggers


_EVER = "tstzrange(NULL, NULL)"
TRIGGERS = (
    # Cancelled, rejected, moved, missed, finished, released, expired and swept: the claim goes.
    *_trigger(
        "waitlist_therapist_freed", "waitlist_look_with(OLD.therapist_id, OLD.during)",
        "DELETE ON therapist_claims FOR EACH ROW",
        "UPDATE OF therapist_id, during ON therapist_claims FOR EACH ROW"
        " WHEN (NEW.therapist_id <> OLD.therapist_id OR NOT NEW.during @> OLD.during)",
        "DELETE ON time_off FOR EACH ROW",
        "UPDATE OF during ON time_off FOR EACH ROW",
    ),
    *_trigger(
        "waitlist_branch_reopened", "waitlist_look(OLD.branch_id, OLD.during)",
        "DELETE OR UPDATE ON closures FOR EACH ROW",
    ),
    *_trigger(
        "waitlist_branch_opens", f"waitlist_look(NEW.id, {_EVER})",
        "UPDATE ON branches FOR EACH ROW WHEN (NEW.opening_hours <> OLD.opening_hours OR NEW.timezone <> OLD.timezone)",
    ),
    *_trigger(
        "waitlist_room_freed", "waitlist_look_in(OLD.room_id, OLD.during)",
        "UPDATE ON assignments_seen FOR EACH ROW WHEN (OLD.during IS NOT NULL"
        " AND (NEW.during IS NULL OR NOT NEW.during @> OLD.during OR NEW.room_id <> OLD.room_id))",
        "DELETE OR UPDATE ON room_closures FOR EACH ROW",
    ),
    *_trigger(
        "waitlist_room_cleared", "waitlist_look_in(NEW.room_id, NEW.during)",
        "INSERT OR UPDATE ON room_clearances FOR EACH ROW",
    ),
    *_trigger(
        "waitlist_room_added", f"waitlist_look(NEW.branch_id, {_EVER})",
        "INSERT ON rooms FOR EACH ROW WHEN (NEW.in_service)",
        "UPDATE ON rooms FOR EACH ROW WHEN (NEW.in_service AND (NOT OLD.in_service OR NEW.branch_id <> OLD.branch_id"
        " OR NEW.turnover_minutes < OLD.turnover_minutes))",
    ),
    *_trigger(
        "waitlist_therapist_able", f"waitlist_look_with(NEW.therapist_id, {_EVER})",
        "INSERT OR UPDATE ON load_profiles FOR EACH ROW WHEN (NEW.state = 'valid')",
        "INSERT OR UPDATE ON therapist_skills FOR EACH ROW",
        "INSERT ON therapist_branches FOR EACH ROW",
    ),
    *_trigger(
        "waitlist_therapist_returns", f"waitlist_look_with(NEW.id, {_EVER})",
        "UPDATE ON therapists FOR EACH ROW WHEN (NEW.active AND NOT OLD.active)",
    ),
    # Screening said something new: what kept this client from being asked may be over.
    """
    CREATE FUNCTION waitlist_standing_said() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        UPDATE waitlist_entries SET blocked_by = NULL WHERE client_id = NEW.client_id AND blocked_by IS NOT NULL;
        PERFORM waitlist_look(w.branch_id, w.during) FROM waitlist_wants w WHERE w.client_id = NEW.client_id;
        RETURN NULL;
    END $$
    """,
    """
    CREATE TRIGGER waitlist_standing_said AFTER INSERT OR UPDATE ON client_standings
        FOR EACH ROW EXECUTE FUNCTION waitlist_standing_said()
    """,
    # A shift that repeats is laid out in hundreds of windows at once: one look for each branch and week.
    """
    CREATE FUNCTION waitlist_shift_added() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM waitlist_look(n.branch_id, range_merge(range_agg(n.during)))
        FROM added n GROUP BY n.branch_id, date_trunc('week', lower(n.during));
        RETURN NULL;
    END $$
    """,
    """
    CREATE TRIGGER waitlist_shift_added AFTER INSERT ON shift_windows REFERENCING NEW TABLE AS added
        FOR EACH STATEMENT EXECUTE FUNCTION waitlist_shift_added()
    """,
)  # fmt: skip

GRANTS = (
    f"GRANT USAGE ON SEQUENCE waitlist_places TO {ROLE}",
    f"GRANT SELECT, INSERT, UPDATE ON waitlist_entries, waitlist_offers TO {ROLE}",
    f"GRANT SELECT, INSERT, UPDATE, DELETE ON waitlist_wants, waitlist_looks TO {ROLE}",
)


def upgrade() -> None:
    for statement in ("SET LOCAL lock_timeout = '5s'", *TABLES, *LOOKS, *TRIGGERS, *GRANTS):
        op.execute(statement)
