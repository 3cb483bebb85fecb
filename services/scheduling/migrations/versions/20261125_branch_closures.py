"""Closures keep their wall time, who was displaced by each, and what became of them when it was opened again."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from alembic import op

revision = "20261125_branch_closures"
down_revision = "20261125_attention_kinds"

ROLE = "caibei_scheduling"

WALL_TIME = (
    "ALTER TABLE closures ADD COLUMN starts_local timestamp, ADD COLUMN ends_local timestamp,"
    " ADD COLUMN closed_by text NOT NULL DEFAULT ''",
    "ALTER TABLE room_closures ADD COLUMN reason text",
)
TABLES = (
    # A closure that was taken back moves here, so that whatever asks what is closed looks at `closures` alone.
    """
    CREATE TABLE ended_closures (
        id uuid PRIMARY KEY,
        branch_id uuid NOT NULL REFERENCES branches,
        during tstzrange NOT NULL,
        reason text NOT NULL,
        starts_local timestamp NOT NULL,
        ends_local timestamp NOT NULL,
        closed_by text NOT NULL,
        created_at timestamptz NOT NULL,
        ended_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        ended_by text NOT NULL
    )
    """,
    # `to_restore` is the work left of an undo, `asked` what the saga is asked for: an undo that broke off goes on.
    """
    CREATE TABLE closure_sessions (
        closure_id uuid NOT NULL,
        appointment_id uuid NOT NULL REFERENCES appointments,
        at timestamptz NOT NULL DEFAULT clock_timestamp(),
        state text NOT NULL DEFAULT 'displaced'
            CHECK (state IN ('displaced', 'to_restore', 'asked', 'restored', 'kept')),
        code text CHECK (code IS NULL OR state = 'kept'),
        PRIMARY KEY (closure_id, appointment_id)
    )
    """,
    "CREATE INDEX closure_sessions_left ON closure_sessions (state, closure_id) WHERE state IN ('to_restore', 'asked')",
    f"GRANT SELECT, INSERT ON ended_closures TO {ROLE}",
    f"GRANT SELECT, INSERT, UPDATE ON closure_sessions TO {ROLE}",
)


def upgrade() -> None:
    for statement in WALL_TIME:
        op.execute(statement)
    _tell_wall_times(op.get_bind())
    for statement in TABLES:
        op.execute(statement)


def _tell_wall_times(connection: sa.Connection) -> None:
    """By our own zone data, as everywhere; the database's may be of another year."""
    rows = connection.execute(
        sa.text(
            "SELECT c.id, lower(c.during) AS starts_at, upper(c.during) AS ends_at, b.timezone"
            " FROM closures c JOIN branches b ON b.id = c.branch_id"
        )
    ).all()
    for row in rows:
        connection.execute(
            sa.text("UPDATE closures SET starts_local = :starts, ends_local = :ends WHERE id = :id"),
            {"id": row.id, "starts": _wall(row.starts_at, row.timezone), "ends": _wall(row.ends_at, row.timezone)},
        )


def _wall(instant: Any, timezone: str) -> datetime:
    local: datetime = instant.astimezone(ZoneInfo(timezone)).replace(tzinfo=None, fold=0)
    return local
