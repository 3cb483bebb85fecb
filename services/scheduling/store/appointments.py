"""Appointments, their therapists' time and their history."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from services.scheduling.domain.appointment import Appointment, Status
from services.scheduling.store.claims import GIVE_WAY
from shared.kit import outbox
from shared.kit.database import Transaction

_FIELDS = """
    a.id, a.status, a.version, a.attempt, a.branch_id, a.treatment_id, a.client_id, a.therapist_id, a.therapist_named,
    a.room_id, a.requested_room_id, a.room_flexible, a.starts_at, a.ends_at, a.turnover_minutes, a.requires_bar,
    a.screening_protocol, a.screening_answer, a.room_answer, a.assignment_version, a.code, a.refusal,
    a.tried_therapist_ids, a.resume, a.started_at, a.finished_at, a.cancellation, a.asked_at, a.party_id, a.party_size
"""
_SHOWN = f"""{_FIELDS}, a.starts_local, a.timezone, a.notes, a.cancel_reason, a.cancelled, a.walk_in, a.created_at,
    a.updated_at, clock_timestamp() AS now"""


def from_row(row: Row[Any]) -> Appointment:
    """The domain object of a row that holds its fields, and perhaps more."""
    values = {name: getattr(row, name) for name in Appointment.__dataclass_fields__}
    values["status"] = Status(row.status)
    return Appointment(**values)


# --- a new request --------------------------------------------------------------------------------------------------

_INSERT = """
INSERT INTO appointments (
    id, status, version, attempt, branch_id, treatment_id, client_id, therapist_id, therapist_named,
    requested_room_id, room_flexible, starts_at, ends_at, starts_local, timezone, turnover_minutes, requires_bar,
    screening_protocol, code, notes, created_by, created_at, cancellation, walk_in, party_id, party_size)
SELECT :id, :status, 1, 1, :branch_id, :treatment_id, :client_id, CAST(:therapist_id AS uuid), :therapist_named,
    :requested_room_id, :room_flexible, CAST(:starts_at AS timestamptz), :ends_at,
    CAST(:starts_local AS timestamp), CAST(:timezone AS text),
    :turnover_minutes, :requires_bar, :screening_protocol, CAST(:code AS text), :notes, CAST(:actor AS text), :now,
    CAST(:cancellation AS jsonb), :walk_in, CAST(:party_id AS uuid), CAST(:party_size AS int)
"""
_FIRST_HISTORY = """
INSERT INTO appointment_history (appointment_id, version, status, attempt, therapist_id, starts_at, code, actor)
SELECT :id, 1, :status, 1, CAST(:therapist_id AS uuid), CAST(:starts_at AS timestamptz), CAST(:code AS text),
    CAST(:actor AS text)
"""
# The client's row is locked against an erasure at the same moment: whichever is second sees the other.
_CLIENT = "SELECT FROM clients c WHERE c.id = :client_id AND c.erased_at IS NULL FOR KEY SHARE"
_CLAIM = """
INSERT INTO therapist_claims (appointment_id, attempt, therapist_id, during)
SELECT :id, 1, CAST(:therapist_id AS uuid), tstzrange(CAST(:starts_at AS timestamptz), :ends_at)
FROM client, (SELECT count(*) FROM gone) AS after
ON CONFLICT DO NOTHING RETURNING 1
"""
_STORED = f"""
appointment AS ({_INSERT} FROM claim), history AS ({_FIRST_HISTORY} FROM claim), said AS ({outbox.INSERT_WITH}, claim)
"""
INSERT_CLAIMED = f"""
WITH client AS MATERIALIZED ({_CLIENT}), gone AS ({GIVE_WAY}), claim AS ({_CLAIM}), {_STORED}
SELECT count(*) FROM claim
"""
# A hold becomes the booking in place: there is no moment at which its time is anybody else's.
INSERT_HELD = f"""
WITH client AS MATERIALIZED ({_CLIENT}), claim AS (
    UPDATE therapist_claims t SET expires_at = NULL FROM client
    WHERE t.appointment_id = :id AND t.attempt = 1 AND t.expires_at > clock_timestamp() RETURNING 1
), {_STORED}, hold AS (UPDATE holds h SET state = 'confirmed' FROM claim WHERE h.id = :id)
SELECT count(*) FROM claim
"""
INSERT_REJECTED = f"""
WITH client AS MATERIALIZED ({_CLIENT}), appointment AS ({_INSERT} FROM client),
    history AS ({_FIRST_HISTORY} FROM client), said AS ({outbox.INSERT_WITH}, client)
SELECT count(*) FROM client
"""


async def insert_claimed(tx: Transaction, values: dict[str, Any]) -> bool:
    """Store the request, take its therapist's time and say what was announced, in one statement; False, and nothing
    stored or said, when that time is taken or the client has just been erased.

    Waits for a racing request's outcome, and holds nothing meanwhile that others wait for (no deadlock).
    """
    return bool(await tx.scalar(INSERT_CLAIMED, values | tx.take_announced()))


async def insert_rejected(tx: Transaction, values: dict[str, Any]) -> bool:
    """Store what our own rules refused, and say it, in one statement: a record, and no live row anywhere.

    False, and nothing stored or said, when the client has just been erased.
    """
    return bool(await tx.scalar(INSERT_REJECTED, values | tx.take_announced()))


# --- reading --------------------------------------------------------------------------------------------------------

GET = f"SELECT {_SHOWN} FROM appointments a WHERE a.id = :id"
# Who locks one of an undecided party locks all of it, in the order of ids like everybody: whether it is whole is then
# seen and decided by one (ADR 0031).
LOCK = f"""
SELECT {_FIELDS} FROM appointments a
WHERE a.id = ANY(CAST(:ids AS uuid[]) || ARRAY(
    SELECT o.id FROM appointments m JOIN appointments o
        ON o.party_id = m.party_id AND o.status = 'pending' AND o.resume IS NULL
    WHERE m.id = ANY(CAST(:ids AS uuid[])) AND m.party_id IS NOT NULL AND m.status = 'pending' AND m.resume IS NULL))
ORDER BY a.id FOR UPDATE
"""
LIST = f"""
SELECT {_SHOWN} FROM appointments a
WHERE (CAST(:branches AS uuid[]) IS NULL OR a.branch_id = ANY(CAST(:branches AS uuid[])))
  AND (CAST(:branch_id AS uuid) IS NULL OR a.branch_id = CAST(:branch_id AS uuid))
  AND (CAST(:client_id AS uuid) IS NULL OR a.client_id = CAST(:client_id AS uuid))
  AND (CAST(:therapist_id AS uuid) IS NULL OR a.therapist_id = CAST(:therapist_id AS uuid))
  AND (CAST(:statuses AS text[]) IS NULL OR a.status = ANY(CAST(:statuses AS text[])))
  AND (CAST(:from AS timestamptz) IS NULL OR a.starts_at >= CAST(:from AS timestamptz))
  AND (CAST(:to AS timestamptz) IS NULL OR a.starts_at < CAST(:to AS timestamptz))
  AND (CAST(:after_id AS uuid) IS NULL
       OR (a.starts_at, a.id) > (CAST(:after_at AS timestamptz), CAST(:after_id AS uuid)))
ORDER BY a.starts_at, a.id LIMIT :limit
"""
BY_IDS = f"""
SELECT {_SHOWN} FROM appointments a WHERE a.id = ANY(CAST(:ids AS uuid[]))
  AND (CAST(:branches AS uuid[]) IS NULL OR a.branch_id = ANY(CAST(:branches AS uuid[])))
"""
OF_PARTIES = f"""
SELECT {_SHOWN} FROM appointments a WHERE a.party_id = ANY(CAST(:ids AS uuid[])) ORDER BY a.party_id, a.id
"""
HISTORY = "SELECT * FROM appointment_history WHERE appointment_id = :id ORDER BY version"


async def get(tx: Transaction, id: UUID) -> Row[Any] | None:
    return await tx.first(GET, {"id": id})


async def lock(tx: Transaction, ids: Iterable[UUID]) -> dict[UUID, Appointment]:
    """The known ones of `ids` and of their undecided parties, by id; locked in id order until the transaction ends."""
    rows = await tx.all(LOCK, {"ids": list(ids)})
    return {row.id: from_row(row) for row in rows}


async def select(tx: Transaction, filters: dict[str, Any]) -> Sequence[Row[Any]]:
    return await tx.all(LIST, filters)


async def by_ids(tx: Transaction, ids: Sequence[UUID], branches: Sequence[UUID] | None) -> Sequence[Row[Any]]:
    """Those of `ids` that are there and in these branches (None: all), in no order."""
    return await tx.all(BY_IDS, {"ids": ids, "branches": branches})


async def of_parties(tx: Transaction, ids: Sequence[UUID]) -> Sequence[Row[Any]]:
    """Every appointment of these parties, a party's in the order they were asked for."""
    return await tx.all(OF_PARTIES, {"ids": ids})


async def history(tx: Transaction, id: UUID) -> Sequence[Row[Any]]:
    return await tx.all(HISTORY, {"id": id})


LIVE_OF_CLIENT = f"""
SELECT {_FIELDS} FROM appointments a
WHERE a.client_id = :client_id AND a.status IN ('pending', 'confirmed', 'needs_attention', 'checked_in')
ORDER BY a.id FOR UPDATE
"""


async def lock_live_of_client(tx: Transaction, client_id: UUID) -> list[Appointment]:
    """Those of a client that can still be cancelled."""
    return [from_row(row) for row in await tx.all(LIVE_OF_CLIENT, {"client_id": client_id})]
