"""What the service's role may do, table by table. A new grant is a decision: it is written here, or this fails."""

from collections import defaultdict

from tests.room_equipment.direct import Direct

READ, ADD, REMOVE = "SELECT", "INSERT", "DELETE"
ALL = "*"
Grants = dict[str, set[str]]


def adds(columns: str) -> Grants:
    return {ADD: set(columns.split())}


def changes(columns: str) -> Grants:
    return {"UPDATE": set(columns.split())}


READS: Grants = {READ: {ALL}}
APPENDS: Grants = READS | {ADD: {ALL}}
SESSION = """assignment_version attempt branch_id room_id treatment_id therapist_id client_id screening_protocol load_kg
    planned_at ends_at turnover_minutes during"""

DECLARED: dict[str, Grants] = {
    # The kit's: messages come and go, facts of the past stay.
    "alembic_version": READS,
    "outbox": APPENDS | {REMOVE: {ALL}} | changes("published_at"),
    "inbox": APPENDS | {REMOVE: {ALL}},
    "idempotency_keys": APPENDS | {REMOVE: {ALL}} | changes("body headers"),
    "audit_log": APPENDS,
    "dead_letters": APPENDS | {"UPDATE": {ALL}},
    "job_runs": APPENDS | {"UPDATE": {ALL}},
    # What scheduling says.
    "branches": APPENDS | {"UPDATE": {ALL}},
    "treatments": APPENDS | {"UPDATE": {ALL}},
    "therapists": APPENDS | {"UPDATE": {ALL}},
    # Rooms and what is in them are changed, never removed.
    "rooms": APPENDS
    | changes("version code name turnover_minutes bars_required in_service clearance_version closures_version"),
    "room_closures": APPENDS | changes("ended_at ended_by"),
    "equipment": APPENDS
    | changes(
        """version branch_id room_id kind name serial in_service note manufacturer model purchased_on installed_on
        installed_by rated_load_kg documents bar_id inspected removed_on"""
    ),
    "bar_sets": APPENDS | changes("version branch_id room_id name"),
    "bars": APPENDS
    | changes(
        """version branch_id room_id serial rated_load_kg installed_on installed_by mounting material diameter_mm
        documents in_service removed_on unproven_since bar_set_id"""
    ),
    # The record.
    "inspections": APPENDS,
    "bar_states": READS,  # written by the database alone
    "pre_use_checks": APPENDS,
    "fitness_statements": APPENDS,
    "work_order_log": APPENDS,
    "certificate_warnings": APPENDS,
    "asset_moves": APPENDS,
    "equipment_inspections": APPENDS,
    "equipment_warnings": APPENDS,
    "record_entries": READS,  # written by the database alone, as its heads
    "record_heads": READS,
    "house_rules": APPENDS,
    "house_rules_in_force": READS,
    "checklists": APPENDS,
    "inspectors": APPENDS | changes("version name organisation credential credential_key valid_until in_service"),
    "lockouts": APPENDS | changes("released_at released_by"),
    "work_orders": APPENDS
    | changes(
        """version status assigned_to completed_at repairer_name repairer_credential repairer_credential_key
        repairer_subject lockout_id due_on touched_mounting"""
    ),
    # The safety core.
    "load_profiles": APPENDS | changes("version mass_kg load_kg measured_on valid_until announced_state"),
    "room_clearances": APPENDS | {REMOVE: {ALL}} | changes("valid_during"),
    "room_gaps": APPENDS | {REMOVE: {ALL}} | changes("during"),
    "assignments": READS
    | {REMOVE: {ALL}}
    | adds(f"appointment_id room_flexible requires_bar {SESSION}")
    | changes(f"room_flexible started_at at_risk_at overran_at {SESSION}"),
    "assignment_history": READS
    | adds(f"appointment_id outcome reason requires_bar started_at at_risk_at overran_at {SESSION}")
    | changes("client_id"),
    "appointment_marks": APPENDS | changes("attempt version assignment_version"),
}

GRANTED = """
SELECT c.relname AS name, '*' AS part, g.privilege_type AS verb, g.is_grantable
FROM pg_class c CROSS JOIN aclexplode(c.relacl) g
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'v', 'm', 'p', 'f')
  AND (g.grantee = 0 OR pg_has_role($1, g.grantee, 'MEMBER'))
UNION
SELECT c.relname, a.attname, g.privilege_type, g.is_grantable
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid CROSS JOIN aclexplode(a.attacl) g
WHERE c.relnamespace = 'public'::regnamespace AND (g.grantee = 0 OR pg_has_role($1, g.grantee, 'MEMBER'))
"""


async def test_the_role_may_do_what_is_declared_here_and_nothing_else(direct: Direct) -> None:
    found: dict[str, Grants] = defaultdict(lambda: defaultdict(set))
    for row in await direct.connection.fetch(GRANTED, "caibei_room_equipment"):
        assert not row["is_grantable"], row
        found[row["name"]][row["verb"]].add(row["part"])
    assert {table: dict(grants) for table, grants in found.items()} == DECLARED


async def test_the_role_has_no_right_on_the_whole(direct: Direct) -> None:
    row = await direct.connection.fetchrow(
        """SELECT has_schema_privilege($1, 'public', 'CREATE') AS makes, rolsuper, rolcreatedb, rolcreaterole,
               rolreplication, rolbypassrls,
               has_parameter_privilege($1, 'session_replication_role', 'SET') AS switches_guards_off,
               has_database_privilege($1, current_database(), 'CREATE') AS makes_schemas,
               EXISTS (SELECT FROM pg_auth_members m WHERE m.member = pg_roles.oid) AS is_member_of_another
           FROM pg_roles WHERE rolname = $1""",
        "caibei_room_equipment",
    )
    assert row is not None and not any(dict(row).values()), row
