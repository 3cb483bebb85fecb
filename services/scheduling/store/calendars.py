"""What calendars say of sessions, and therapists' feeds. The slot is the one that holds: while another is asked for,
still the old one.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from shared.kit.database import Transaction

_SLOT = """
    a.id, a.version, a.created_at, a.updated_at, coalesce(a.resume ->> 'status', a.status) AS status,
    coalesce(CAST(a.resume ->> 'starts_at' AS timestamptz), a.starts_at) AS starts_at,
    coalesce(CAST(a.resume ->> 'ends_at' AS timestamptz), a.ends_at) AS ends_at, t.name AS treatment_name,
    b.id AS branch_id, b.name AS branch_name, b.timezone, b.locale AS branch_locale
"""
_PLACES = """
    JOIN treatments t ON t.id = coalesce(CAST(a.resume ->> 'treatment_id' AS uuid), a.treatment_id)
    JOIN branches b ON b.id = coalesce(CAST(a.resume ->> 'branch_id' AS uuid), a.branch_id)
"""
OF_APPOINTMENT = f"""
SELECT {_SLOT}, b.address, b.phone, b.contact_email, c.name AS client_name, c.email AS client_email,
    CASE WHEN c.erased_at IS NULL THEN c.locale END AS client_locale, clock_timestamp() AS now
FROM appointments a {_PLACES} JOIN clients c ON c.id = a.client_id
WHERE a.id = :id
"""
# What was never certain is in no feed; what is moving away from her is, until it has moved.
OF_THERAPIST = f"""
SELECT {_SLOT}, r.code AS room_code
FROM (
    SELECT * FROM appointments
    WHERE therapist_id = :id AND starts_at BETWEEN :from AND :to AND resume IS NULL
      AND status IN ('confirmed', 'needs_attention', 'checked_in', 'in_progress', 'completed', 'no_show', 'cancelled')
    UNION ALL
    SELECT * FROM appointments
    WHERE status = 'pending' AND CAST(resume ->> 'therapist_id' AS uuid) = :id
      AND CAST(resume ->> 'starts_at' AS timestamptz) BETWEEN :from AND :to
) a {_PLACES} LEFT JOIN rooms r ON r.id = coalesce(CAST(a.resume ->> 'room_id' AS uuid), a.room_id)
ORDER BY starts_at, a.id
"""
# A new secret takes the place of the one before, which opens nothing from then on.
PUT_FEED = """
INSERT INTO calendar_feeds AS f (therapist_id, secret_hash, created_by) VALUES (:id, :hash, :actor)
ON CONFLICT (therapist_id) DO UPDATE SET secret_hash = excluded.secret_hash, created_by = excluded.created_by,
    created_at = clock_timestamp(), last_read_at = NULL
RETURNING *
"""
OPEN_FEED = """
SELECT t.id, t.name, now() AS now FROM calendar_feeds f JOIN therapists t ON t.id = f.therapist_id
WHERE f.secret_hash = :hash AND t.active
"""
# To the hour: a calendar that asks every few minutes is not a write every few minutes.
READ_FEED = """
UPDATE calendar_feeds SET last_read_at = clock_timestamp()
WHERE therapist_id = :id AND (last_read_at IS NULL OR last_read_at < clock_timestamp() - interval '1 hour')
"""


async def of_appointment(tx: Transaction, id: UUID) -> Row[Any]:
    """The slot it has, its branch and its client."""
    return await tx.one(OF_APPOINTMENT, {"id": id})


async def of_therapist(
    tx: Transaction, id: UUID, now: Any, before: timedelta, after: timedelta
) -> Sequence[Row[Any]]:  # fmt: skip
    """Her sessions around now, cancelled ones too, in order."""
    return await tx.all(OF_THERAPIST, {"id": id, "from": now - before, "to": now + after})


async def put_feed(tx: Transaction, therapist_id: UUID, hash: bytes, actor: str) -> Row[Any]:
    return await tx.one(PUT_FEED, {"id": therapist_id, "hash": hash, "actor": actor})


async def feed_of(tx: Transaction, therapist_id: UUID) -> Row[Any] | None:
    return await tx.first("SELECT * FROM calendar_feeds WHERE therapist_id = :id", {"id": therapist_id})


async def remove_feed(tx: Transaction, therapist_id: UUID) -> bool:
    return bool(await tx.run("DELETE FROM calendar_feeds WHERE therapist_id = :id", {"id": therapist_id}))


async def open_feed(tx: Transaction, hash: bytes) -> Row[Any] | None:
    """Whose it is: {id, name, now}. None when nobody's, or when she no longer works here."""
    found = await tx.first(OPEN_FEED, {"hash": hash})
    if found is not None:
        await tx.run(READ_FEED, {"id": found.id})
    return found
