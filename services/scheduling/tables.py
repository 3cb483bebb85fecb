"""The tables of plain resources, for plain queries. The migrations make them; a test compares the two.

Constraints that SQLAlchemy cannot say (EXCLUDE, ranges' checks) are in the migrations, as SQL.
"""

from sqlalchemy import Boolean, Column, Date, DateTime, Integer, MetaData, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TSTZRANGE

metadata = MetaData()
_Instant = DateTime(timezone=True)


def _versioned() -> list[Column[object]]:
    return [Column("version", Integer), Column("created_at", _Instant), Column("updated_at", _Instant)]


branches = Table(
    "branches",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("code", Text),
    Column("name", Text),
    Column("timezone", Text),
    Column("locale", Text),
    Column("opening_hours", JSONB),
    Column("contact_email", Text),
    Column("phone", Text),
    Column("address", Text),
    *_versioned(),
)
closures = Table(
    "closures",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("branch_id", Uuid),
    Column("during", TSTZRANGE),
    Column("reason", Text),
    Column("created_at", _Instant),
    Column("starts_local", DateTime),
    Column("ends_local", DateTime),
    Column("closed_by", Text),
)
treatments = Table(
    "treatments",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("code", Text),
    Column("name", Text),
    Column("duration_minutes", Integer),
    Column("turnover_minutes", Integer),
    Column("skill", Text),
    Column("equipment", ARRAY(Text)),
    Column("screening_protocol", Text),
    Column("price", JSONB),
    *_versioned(),
)
therapists = Table(
    "therapists",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("code", Text),
    Column("name", Text),
    Column("locales", ARRAY(Text)),
    Column("active", Boolean),
    *_versioned(),
)
therapist_branches = Table(
    "therapist_branches",
    metadata,
    Column("therapist_id", Uuid, primary_key=True),
    Column("branch_id", Uuid, primary_key=True),
)
therapist_skills = Table(
    "therapist_skills",
    metadata,
    Column("therapist_id", Uuid, primary_key=True),
    Column("skill", Text, primary_key=True),
    Column("certified_until", Date),
)
shifts = Table(
    "shifts",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("therapist_id", Uuid),
    Column("branch_id", Uuid),
    Column("starts_local", DateTime),
    Column("ends_local", DateTime),
    Column("repeat", Text),
    Column("expanded_until", _Instant),
    Column("created_at", _Instant),
)
time_off = Table(
    "time_off",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("therapist_id", Uuid),
    Column("during", TSTZRANGE),
    Column("reason", Text),
    Column("created_at", _Instant),
)
clients = Table(
    "clients",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("code", Text),
    Column("branch_ids", ARRAY(Uuid)),
    Column("name", Text),
    Column("email", Text),
    Column("phone", Text),
    Column("locale", Text),
    Column("contact", JSONB),
    Column("pressure_preference", Text),
    Column("erased_at", _Instant),
    *_versioned(),
)
