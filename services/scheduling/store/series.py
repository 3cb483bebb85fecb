"""Series and their dates. What became of a date's appointment is said by the appointment."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from shared.events.screening import SeriesJudged
from shared.kit.database import Transaction

INSERT = """
WITH series AS (
    INSERT INTO series (id, branch_id, treatment_id, client_id, therapist_id, starts_local, rrule, repeated_hour,
                        timezone, on_conflict, screening, created_by)
    VALUES (:id, :branch_id, :treatment_id, :client_id, :therapist_id, :starts_local, :rrule, :repeated_hour,
            :timezone, :on_conflict, :screening, :created_by)
)
INSERT INTO series_dates (series_id, starts_local, starts_at, ends_at, repeated_hour, client_busy, rooms_free, code,
                          alternatives)
SELECT :id, d.* FROM jsonb_to_recordset(CAST(:dates AS jsonb)) AS d (
    starts_local timestamp, starts_at timestamptz, ends_at timestamptz, repeated_hour boolean, client_busy boolean,
    rooms_free int, code text, alternatives jsonb)
"""
CLIENT_BUSY = """
SELECT w.starts_at FROM jsonb_to_recordset(CAST(:sessions AS jsonb)) AS w (starts_at timestamptz, ends_at timestamptz)
WHERE EXISTS (
    SELECT FROM appointments a WHERE a.client_id = :client_id AND a.starts_at < w.ends_at AND a.ends_at > w.starts_at
    AND a.starts_at > w.starts_at - interval '1 day'
    AND a.status IN ('pending', 'confirmed', 'needs_attention', 'checked_in', 'in_progress'))
"""
JUDGED = """
WITH said AS (
    SELECT * FROM jsonb_to_recordset(CAST(:said AS jsonb)) AS j (id uuid, starts_at timestamptz, code text)
), answered AS (
    UPDATE series s SET screening = 'answered' FROM (SELECT DISTINCT id FROM said) j
    WHERE s.id = j.id AND s.screening = 'asked' RETURNING s.id
), dates AS (
    UPDATE series_dates d SET screening_code = j.code FROM said j JOIN answered a ON a.id = j.id
    WHERE d.series_id = j.id AND d.starts_at = j.starts_at
)
SELECT pg_notify('settled', CAST(id AS text)) FROM answered
"""
GET = "SELECT * FROM series WHERE id = :id"
LIST = """
SELECT * FROM series s
WHERE (CAST(:branches AS uuid[]) IS NULL OR s.branch_id = ANY(CAST(:branches AS uuid[])))
  AND (CAST(:branch_id AS uuid) IS NULL OR s.branch_id = CAST(:branch_id AS uuid))
  AND (CAST(:client_id AS uuid) IS NULL OR s.client_id = CAST(:client_id AS uuid))
  AND (CAST(:after AS uuid) IS NULL OR s.id > CAST(:after AS uuid))
ORDER BY s.id LIMIT :limit
"""
# A date is detached once its appointment lies elsewhere than the rule says; by the clock, whose own rules may change.
DATES = """
SELECT d.series_id, d.starts_local, d.state, coalesce(a.starts_at, d.starts_at) AS starts_at,
    coalesce(a.ends_at, d.ends_at) AS ends_at, d.repeated_hour, d.client_busy, d.rooms_free, d.alternatives,
    d.appointment_id, a.status,
    coalesce(a.starts_local <> d.starts_local OR a.branch_id <> s.branch_id, false) AS detached,
    CASE WHEN d.state = 'asked' THEN a.code ELSE coalesce(d.code, d.screening_code) END AS code
FROM series_dates d JOIN series s ON s.id = d.series_id LEFT JOIN appointments a ON a.id = d.appointment_id
WHERE d.series_id = ANY(CAST(:ids AS uuid[])) ORDER BY d.series_id, d.starts_local
"""
NEXT = """
SELECT d.starts_local, d.starts_at, d.code, s.branch_id, s.treatment_id, s.client_id, s.therapist_id, s.created_by
FROM series s JOIN series_dates d ON d.series_id = s.id
WHERE s.id = :id AND s.state = 'booking' AND d.state = 'planned'
ORDER BY d.starts_local LIMIT 1 FOR UPDATE OF d SKIP LOCKED
"""
MARK = """
UPDATE series_dates d SET state = m.state, code = coalesce(m.code, d.code), appointment_id = m.appointment_id
FROM jsonb_to_recordset(CAST(:marks AS jsonb)) AS m (
    starts_local timestamp, state text, code text, appointment_id uuid)
WHERE d.series_id = :id AND d.starts_local = m.starts_local
"""
BECOME = """
UPDATE series SET state = :state, on_conflict = coalesce(:on_conflict, on_conflict), version = version + 1,
    updated_at = clock_timestamp()
WHERE id = :id
"""
ALL_ASKED = """
UPDATE series s SET state = 'booked', version = version + 1, updated_at = clock_timestamp()
WHERE s.id = :id AND s.state = 'booking'
  AND NOT EXISTS (SELECT FROM series_dates d WHERE d.series_id = s.id AND d.state = 'planned')
"""
DROP = """
UPDATE series_dates SET state = 'dropped'
WHERE series_id = :id AND state = 'planned' AND CAST(starts_local AS date) >= :from
"""
# Of those on their dates: one that was moved is no longer the series' own.
TO_CANCEL = """
SELECT a.id FROM series_dates d JOIN series s ON s.id = d.series_id JOIN appointments a ON a.id = d.appointment_id
WHERE d.series_id = :id AND CAST(d.starts_local AS date) >= :from AND a.starts_local = d.starts_local
  AND a.branch_id = s.branch_id AND a.starts_at > clock_timestamp()
"""
# Whoever confirmed it does the work; one that nobody has touched for a while was left behind.
LEFT_BEHIND = """
SELECT s.id FROM series s WHERE s.state = 'booking' AND s.updated_at < clock_timestamp() - interval '5 seconds'
ORDER BY s.updated_at LIMIT 1
"""
FORGET = "DELETE FROM series WHERE state = 'planned' AND created_at < clock_timestamp() - interval '1 day'"


async def insert(tx: Transaction, values: dict[str, Any], dates: Sequence[dict[str, Any]]) -> None:
    await tx.run(INSERT, values | {"dates": list(dates)})


async def client_busy(tx: Transaction, client_id: UUID, sessions: Sequence[dict[str, Any]]) -> set[datetime]:
    """Of these {starts_at, ends_at} the starts at which the client has another session."""
    rows = await tx.all(CLIENT_BUSY, {"client_id": client_id, "sessions": list(sessions)})
    return {row.starts_at for row in rows}


async def judged(tx: Transaction, answers: Sequence[SeriesJudged]) -> None:
    """Keep screening's first answer to each plan, and hint at it to whoever waits."""
    said = [
        {"id": answer.series_id, "starts_at": starts_at, "code": code}
        for answer in answers
        for starts_at, code in zip(answer.starts_at, answer.codes, strict=True)
    ]
    await tx.run(JUDGED, {"said": said})


async def get(tx: Transaction, id: UUID, *, lock: bool = False) -> Row[Any] | None:
    return await tx.first(f"{GET} FOR UPDATE" if lock else GET, {"id": id})


async def select(tx: Transaction, filters: dict[str, Any]) -> Sequence[Row[Any]]:
    return await tx.all(LIST, filters)


async def dates(tx: Transaction, ids: Sequence[UUID]) -> Sequence[Row[Any]]:
    """Every date of these series, a series' in order of time."""
    return await tx.all(DATES, {"ids": ids})


async def next_date(tx: Transaction, id: UUID) -> Row[Any] | None:
    """The first date of a series under way that nobody has asked for, locked; None when there is none."""
    return await tx.first(NEXT, {"id": id})


async def mark(tx: Transaction, id: UUID, marks: Sequence[dict[str, Any]]) -> None:
    """{starts_local, state, code, appointment_id} each."""
    blank = {"code": None, "appointment_id": None}
    await tx.run(MARK, {"id": id, "marks": [blank | mark for mark in marks]})


async def become(tx: Transaction, id: UUID, state: str, on_conflict: str | None = None) -> None:
    await tx.run(BECOME, {"id": id, "state": state, "on_conflict": on_conflict})


async def close_if_all_asked(tx: Transaction, id: UUID) -> None:
    await tx.run(ALL_ASKED, {"id": id})


async def drop(tx: Transaction, id: UUID, from_: date) -> None:
    """What was not asked for yet is not wanted any more."""
    await tx.run(DROP, {"id": id, "from": from_})


async def to_cancel(tx: Transaction, id: UUID, from_: date) -> list[UUID]:
    """The appointments of dates to come, moved ones left out."""
    return [row.id for row in await tx.all(TO_CANCEL, {"id": id, "from": from_})]


async def left_behind(tx: Transaction) -> UUID | None:
    """A series whose booking was begun and is not going on."""
    row = await tx.first(LEFT_BEHIND)
    return None if row is None else row.id


async def forget_plans(tx: Transaction) -> int:
    """Plans that nobody confirmed within a day."""
    return await tx.run(FORGET)
