"""The safety record as a hash chain: one for each bar, one for each branch for what is of no bar. Written by triggers.

What happens to a bar becomes the next entry of its chain in the same transaction: the row as it is now, the hash of the
entry before, and the SHA-256 of both. The functions run as the owner, and the service's role may only read what they
write, so no path of code and no SQL of the service's own can skip, forge or change an entry.

Hashed are these, joined by line feeds: the hash before (hex), chain, sequence, branch, record, subject, change, time
(UTC, microseconds), role, content. The content is last and is JSON on one line, so that nothing can slide between them.
"""

from alembic import op

revision = "20261125_record_chain"
down_revision = "20261125_inspection_regime"

ROLE = "caibei_room_equipment"

TABLES = (
    """
    CREATE TABLE record_entries (
        chain_id uuid NOT NULL,
        sequence bigint NOT NULL CHECK (sequence > 0),
        branch_id uuid NOT NULL,
        record text NOT NULL,
        subject_id uuid NOT NULL,
        change text NOT NULL,
        recorded_at timestamptz NOT NULL,
        by_role text NOT NULL,
        content text NOT NULL,
        previous bytea NOT NULL,
        hash bytea NOT NULL,
        PRIMARY KEY (chain_id, sequence)
    )
    """,
    "CREATE INDEX record_entries_by_subject ON record_entries (record, subject_id, sequence DESC)",
    "CREATE INDEX record_entries_by_branch ON record_entries (branch_id, chain_id)",
    # Where each chain ends: taken by the next entry, and what shows that entries are missing at the end.
    """
    CREATE TABLE record_heads (
        chain_id uuid PRIMARY KEY,
        sequence bigint NOT NULL,
        hash bytea NOT NULL
    ) WITH (fillfactor = 80)
    """,
)

FUNCTIONS = (
    """
    CREATE FUNCTION record_append(
        chain uuid, branch uuid, what text, subject uuid, how text, row_now jsonb
    ) RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp SET timezone = 'UTC' AS $$
    DECLARE
        head record_heads;
        entry record_entries;
    BEGIN
        INSERT INTO record_heads VALUES (chain, 0, decode(repeat('00', 32), 'hex')) ON CONFLICT DO NOTHING;
        SELECT * INTO STRICT head FROM record_heads WHERE chain_id = chain FOR UPDATE;
        entry := (chain, head.sequence + 1, branch, what, subject, how, clock_timestamp(), session_user,
                  row_now::text, head.hash, NULL);
        entry.hash := sha256(convert_to(concat_ws(E'\\n',
            encode(entry.previous, 'hex'), entry.chain_id, entry.sequence, entry.branch_id, entry.record,
            entry.subject_id, entry.change, to_char(entry.recorded_at, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
            entry.by_role, entry.content), 'UTF8'));
        INSERT INTO record_entries SELECT entry.*;
        UPDATE record_heads SET sequence = entry.sequence, hash = entry.hash WHERE chain_id = chain;
    END $$
    """,
    # A line of a work order's log belongs where its order does, an inspection of what hangs on a bar to that bar.
    """
    CREATE FUNCTION record_of(what text, now jsonb, OUT chain uuid, OUT branch uuid)
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
    BEGIN
        IF what = 'work_order_log' THEN
            SELECT coalesce(o.bar_id, o.branch_id), o.branch_id INTO chain, branch
            FROM work_orders o WHERE o.id = (now->>'work_order_id')::uuid;
        ELSE
            branch := (now->>'branch_id')::uuid;
            chain := CASE
                WHEN what = 'bars' THEN (now->>'id')::uuid
                WHEN what = 'equipment_inspections' THEN
                    (SELECT e.bar_id FROM equipment e WHERE e.id = (now->>'equipment_id')::uuid)
                WHEN what = 'asset_moves' AND now->>'asset' = 'bar' THEN (now->>'asset_id')::uuid
                ELSE (now->>'bar_id')::uuid
            END;
            chain := coalesce(chain, branch);
        END IF;
    END $$
    """,
    """
    CREATE FUNCTION record_change() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET timezone = 'UTC' SET datestyle = 'ISO' AS $$
    DECLARE
        now jsonb := to_jsonb(NEW);
        was jsonb;
        place record;
        how text := 'recorded';
    BEGIN
        IF TG_OP = 'UPDATE' THEN
            was := to_jsonb(OLD);
            IF was = now THEN
                RETURN NULL;
            END IF;
            how := CASE
                WHEN was->'removed_on' IS DISTINCT FROM now->'removed_on' THEN 'removed'
                WHEN was->'released_at' IS DISTINCT FROM now->'released_at' THEN 'released'
                WHEN was->'ended_at' IS DISTINCT FROM now->'ended_at' THEN 'ended'
                WHEN was->'status' IS DISTINCT FROM now->'status' THEN now->>'status'
                ELSE 'changed'
            END;
        END IF;
        SELECT * INTO place FROM record_of(TG_TABLE_NAME, now);
        PERFORM record_append(place.chain, place.branch, TG_TABLE_NAME, (now->>'id')::uuid, how, now);
        RETURN NULL;
    END $$
    """,
    # Whoever may execute a trigger's function may hang it on a table of their own, and so forge what it writes.
    "REVOKE EXECUTE ON FUNCTION record_append(uuid, uuid, text, uuid, text, jsonb) FROM PUBLIC",
    "REVOKE EXECUTE ON FUNCTION record_of(text, jsonb) FROM PUBLIC",
    "REVOKE EXECUTE ON FUNCTION record_change() FROM PUBLIC",
)

# What is appended once, and what goes on after it was opened. An update of the former is nobody's right, so it is no
# entry, and shows.
ONCE = (
    "inspections", "pre_use_checks", "work_order_log", "fitness_statements", "equipment_inspections", "asset_moves"
)  # fmt: skip
GOES_ON = ("bars", "lockouts", "work_orders", "room_closures")

TRIGGERS = tuple(
    f"CREATE TRIGGER record_change AFTER {when} ON {table} FOR EACH ROW EXECUTE FUNCTION record_change()"
    for tables, when in ((ONCE, "INSERT"), (GOES_ON, "INSERT OR UPDATE"))
    for table in tables
)

# Rows from before there was a chain, in the order of their time: from here on a change of them shows as well.
CHAIN_WHAT_IS_THERE = """
DO $$
DECLARE
    found record;
    place record;
BEGIN
    PERFORM set_config('timezone', 'UTC', true), set_config('datestyle', 'ISO', true);
    FOR found IN
        SELECT created_at AS at, 1 AS turn, 'bars' AS what, id, to_jsonb(t) AS now FROM bars t
        UNION ALL SELECT recorded_at, 2, 'inspections', id, to_jsonb(t) FROM inspections t
        UNION ALL SELECT checked_at, 3, 'pre_use_checks', id, to_jsonb(t) FROM pre_use_checks t
        UNION ALL SELECT opened_at, 4, 'lockouts', id, to_jsonb(t) FROM lockouts t
        UNION ALL SELECT opened_at, 5, 'work_orders', id, to_jsonb(t) FROM work_orders t
        UNION ALL SELECT at, 6, 'work_order_log', id, to_jsonb(t) FROM work_order_log t
        UNION ALL SELECT stated_at, 7, 'fitness_statements', id, to_jsonb(t) FROM fitness_statements t
        UNION ALL SELECT recorded_at, 8, 'equipment_inspections', id, to_jsonb(t) FROM equipment_inspections t
        UNION ALL SELECT moved_at, 9, 'asset_moves', id, to_jsonb(t) FROM asset_moves t
        UNION ALL SELECT closed_at, 10, 'room_closures', id, to_jsonb(t) FROM room_closures t
        ORDER BY 1, 2, 4
    LOOP
        SELECT * INTO place FROM record_of(found.what, found.now);
        PERFORM record_append(place.chain, place.branch, found.what, found.id, 'taken over', found.now);
    END LOOP;
END $$
"""


def upgrade() -> None:
    for statement in (*TABLES, *FUNCTIONS, *TRIGGERS, CHAIN_WHAT_IS_THERE):
        op.execute(statement)
    op.execute(f"GRANT SELECT ON record_entries, record_heads TO {ROLE}")
