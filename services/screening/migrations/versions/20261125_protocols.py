"""Protocols as stored versions, who reviewed and activated them, and the re-runs of standing decisions."""

import hashlib
import json
from importlib.resources import files
from uuid import UUID

import sqlalchemy as sa
import yaml
from alembic import op

revision = "20261125_protocols"
down_revision = "20261122_answers_and_standings"

ROLE = "caibei_screening"

TABLES = (
    # What is written never changes; what becomes of it stands in protocol_steps and protocol_activations.
    """
    CREATE TABLE protocol_versions (
        name text NOT NULL,
        version int NOT NULL CHECK (version > 0),
        origin text NOT NULL CHECK (origin IN ('default', 'chain')),
        based_on int,
        content jsonb NOT NULL,
        digest text NOT NULL,
        author text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        PRIMARY KEY (name, version)
    )
    """,
    """
    CREATE TABLE protocol_steps (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        name text NOT NULL,
        version int NOT NULL,
        step text NOT NULL CHECK (step IN ('submitted', 'approved', 'sent_back', 'withdrawn')),
        actor text NOT NULL,
        note text NOT NULL,
        at timestamptz NOT NULL DEFAULT clock_timestamp(),
        FOREIGN KEY (name, version) REFERENCES protocol_versions (name, version)
    )
    """,
    "CREATE INDEX protocol_steps_by_version ON protocol_steps (name, version, id)",
    # `cursor` is the last client who was re-decided: a run that is interrupted goes on from there.
    """
    CREATE TABLE protocol_activations (
        id uuid PRIMARY KEY,
        name text NOT NULL,
        version int NOT NULL,
        dry_run boolean NOT NULL,
        active_from timestamptz NOT NULL,
        activated_by text NOT NULL,
        reason text NOT NULL,
        state text NOT NULL DEFAULT 'scheduled'
            CHECK (state IN ('scheduled', 'running', 'done', 'superseded', 'withdrawn')),
        total int NOT NULL DEFAULT 0,
        to_stricter int NOT NULL DEFAULT 0,
        to_milder int NOT NULL DEFAULT 0,
        unchanged int NOT NULL DEFAULT 0,
        needs_new_answers int NOT NULL DEFAULT 0,
        cursor uuid,
        created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        started_at timestamptz,
        finished_at timestamptz,
        FOREIGN KEY (name, version) REFERENCES protocol_versions (name, version)
    )
    """,
    "CREATE INDEX protocol_activations_open ON protocol_activations (active_from) WHERE state IN ('scheduled', 'running')",
    "CREATE INDEX protocol_activations_asked ON protocol_activations (name, active_from DESC, id DESC)"
    " WHERE NOT dry_run AND state <> 'withdrawn'",
    # Whose standing a run changed, and which way. Outcomes only; the rows go with an erasure.
    """
    CREATE TABLE redecisions (
        activation_id uuid NOT NULL REFERENCES protocol_activations (id),
        client_id uuid NOT NULL REFERENCES clients (id),
        screening_id uuid NOT NULL REFERENCES screenings (id),
        direction text NOT NULL CHECK (direction IN ('to_stricter', 'to_milder', 'needs_new_answers')),
        outcome_before text NOT NULL,
        outcome_after text NOT NULL,
        from_version int NOT NULL,
        at timestamptz NOT NULL DEFAULT clock_timestamp(),
        PRIMARY KEY (activation_id, client_id)
    )
    """,
    "CREATE INDEX redecisions_by_client ON redecisions (client_id)",
    # Said at the door: something changed since these answers. A re-run does not forget it; new answers do.
    "ALTER TABLE standings ADD COLUMN outdated boolean NOT NULL DEFAULT false",
    # For which facts about the standing the client was invited to answer anew before this session.
    "ALTER TABLE appointments ADD COLUMN renewal_asked_version int",
    "CREATE INDEX appointments_by_start ON appointments (starts_at)",
)

GRANTS = (
    f"GRANT SELECT, INSERT ON protocol_versions, protocol_steps, protocol_activations TO {ROLE}",
    f"GRANT UPDATE (state, total, to_stricter, to_milder, unchanged, needs_new_answers, cursor, started_at, finished_at)"
    f" ON protocol_activations TO {ROLE}",
    f"GRANT SELECT, INSERT, DELETE ON redecisions TO {ROLE}",
)

# The defaults of this build. Version 1 decided whatever is stored until now; version 2 is asked from now on, and the
# standings under version 1 are re-run like those of any activation.
DEFAULTS = (
    ("back-stepping", 1, "done", UUID("01890000-0000-7000-8000-0000000b0001")),
    ("back-stepping", 2, "scheduled", UUID("01890000-0000-7000-8000-0000000b0002")),
    ("massage", 1, "done", UUID("01890000-0000-7000-8000-0000000a0001")),
    ("massage", 2, "scheduled", UUID("01890000-0000-7000-8000-0000000a0002")),
)
VERSION = """
INSERT INTO protocol_versions (name, version, origin, content, digest, author)
VALUES (:name, :version, 'default', CAST(:content AS jsonb), :digest, 'caibei')
"""
ACTIVATION = """
INSERT INTO protocol_activations (id, name, version, dry_run, active_from, activated_by, reason, state, finished_at)
VALUES (:id, :name, :version, false, CASE WHEN :state = 'done' THEN CAST('epoch' AS timestamptz) ELSE clock_timestamp() END, 'caibei',
        'The default of this build.', :state, CASE WHEN :state = 'done' THEN clock_timestamp() END)
"""


def upgrade() -> None:
    for statement in (*TABLES, *GRANTS):
        op.execute(statement)
    connection = op.get_bind()
    for name, version, state, id in DEFAULTS:
        text = (files("services.screening") / "protocols" / f"{name}.v{version}.yaml").read_text("utf-8")
        written = yaml.safe_load(text)
        content = json.dumps(
            {key: value for key, value in written.items() if key not in ("name", "version")},
            ensure_ascii=False, sort_keys=True, separators=(",", ":"),
        )  # fmt: skip
        digest = hashlib.sha256(content.encode()).hexdigest()
        connection.execute(sa.text(VERSION), {"name": name, "version": version, "content": content, "digest": digest})
        connection.execute(sa.text(ACTIVATION), {"id": id, "name": name, "version": version, "state": state})
