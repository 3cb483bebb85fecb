"""Appointments as far as screening must know them, what was answered at the door, and acknowledged limits."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from typing import Any
from uuid import UUID

from services.screening.domain.arrival import Arrival
from services.screening.store.clients import Client
from shared.events.scheduling import AppointmentRequested, AppointmentRescheduleRefused, AppointmentRescheduleRequested
from shared.kit.database import Transaction

# One statement for a whole batch: remember what was asked, and read what decides it.
_ASK = """
WITH asked AS (
    SELECT * FROM unnest(
        CAST(:ids AS uuid[]), CAST(:attempts AS int[]), CAST(:clients AS uuid[]), CAST(:branches AS uuid[]),
        CAST(:therapists AS uuid[]), CAST(:protocols AS text[]), CAST(:starts AS timestamptz[]),
        CAST(:ends AS timestamptz[])
    ) AS q (id, attempt, client_id, branch_id, therapist_id, protocol, starts_at, ends_at)
), kept AS (
    INSERT INTO appointments AS a (id, attempt, client_id, branch_id, therapist_id, protocol, starts_at, ends_at)
    SELECT * FROM asked
    ON CONFLICT (id) DO UPDATE SET attempt = excluded.attempt, client_id = excluded.client_id,
        branch_id = excluded.branch_id, therapist_id = excluded.therapist_id, protocol = excluded.protocol,
        starts_at = excluded.starts_at, ends_at = excluded.ends_at,
        renewal_asked_version = CASE WHEN a.starts_at = excluded.starts_at THEN a.renewal_asked_version END
    WHERE a.attempt <= excluded.attempt
)
SELECT q.id, b.timezone, s.*
FROM asked q
LEFT JOIN branches b ON b.id = q.branch_id
LEFT JOIN standings s ON s.client_id = q.client_id AND s.protocol = q.protocol
"""


async def ask(
    tx: Transaction, requests: Sequence[AppointmentRequested | AppointmentRescheduleRequested]
) -> dict[UUID, Any]:
    """Keep the requests, and give each appointment's branch zone and its client's standing (null columns: none)."""
    rows = await tx.all(
        _ASK,
        {
            "ids": [request.appointment_id for request in requests],
            "attempts": [request.attempt for request in requests],
            "clients": [request.client_id for request in requests],
            "branches": [request.branch_id for request in requests],
            "therapists": [request.therapist_id for request in requests],
            "protocols": [request.screening_protocol for request in requests],
            "starts": [request.starts_at for request in requests],
            "ends": [request.ends_at for request in requests],
        },
    )
    return {row.id: row for row in rows}


_RESTORE = """
UPDATE appointments a SET branch_id = r.branch_id, therapist_id = r.therapist_id, starts_at = r.starts_at,
    ends_at = r.ends_at
FROM unnest(CAST(:ids AS uuid[]), CAST(:attempts AS int[]), CAST(:branches AS uuid[]), CAST(:therapists AS uuid[]),
            CAST(:starts AS timestamptz[]), CAST(:ends AS timestamptz[]))
    AS r (id, attempt, branch_id, therapist_id, starts_at, ends_at)
WHERE a.id = r.id AND a.attempt <= r.attempt
"""


async def restore(tx: Transaction, refused: Sequence[AppointmentRescheduleRefused]) -> int:
    """Put back the slots that these appointments keep."""
    return await tx.run(
        _RESTORE,
        {
            "ids": [event.appointment_id for event in refused],
            "attempts": [event.attempt for event in refused],
            "branches": [event.branch_id for event in refused],
            "therapists": [event.therapist_id for event in refused],
            "starts": [event.starts_at for event in refused],
            "ends": [event.ends_at for event in refused],
        },
    )


async def forget(tx: Transaction, ids: Sequence[UUID]) -> int:
    """Drop appointments that will not happen, and with them what their therapist could see."""
    return await tx.run("DELETE FROM appointments WHERE id = ANY(CAST(:ids AS uuid[]))", {"ids": list(ids)})


async def forget_past(tx: Transaction) -> int:
    """Drop what ended a month ago; what was acknowledged for it stays."""
    return await tx.run("DELETE FROM appointments WHERE ends_at < clock_timestamp() - interval '30 days'")


async def read(tx: Transaction, id: UUID) -> Any:
    """An appointment with its branch's zone; None if screening was not asked about it."""
    return await tx.first(
        "SELECT a.*, b.timezone FROM appointments a LEFT JOIN branches b ON b.id = a.branch_id WHERE a.id = :id",
        {"id": id},
    )


async def treats(tx: Transaction, therapist_id: UUID, client_id: UUID, protocol: str) -> bool:
    """Whether it is one of the therapist's own sessions: to come, or at most a day ago."""
    return bool(
        await tx.scalar(
            "SELECT EXISTS (SELECT FROM appointments WHERE client_id = :client_id AND therapist_id = :therapist_id"
            " AND protocol = :protocol AND ends_at > clock_timestamp() - interval '1 day')",
            {"client_id": client_id, "therapist_id": therapist_id, "protocol": protocol},
        )
    )


async def declined_on(tx: Transaction, client_id: UUID, day: date) -> bool:
    """Whether the client was declined at the door on this local day: that stays for the day."""
    return bool(
        await tx.scalar(
            "SELECT EXISTS (SELECT FROM arrivals WHERE client_id = :client_id AND local_day = :day AND declined)",
            {"client_id": client_id, "day": day},
        )
    )


async def insert_arrival(
    tx: Transaction,
    client: Client,
    arrival: Arrival,
    *,
    id: UUID,
    appointment_id: UUID,
    protocol: str,
    protocol_version: int,
    local_day: date,
    recorded_by: str,
    vault: bytes,
) -> None:
    """Store what was answered at the door."""
    await tx.run(
        """
        INSERT INTO arrivals (id, client_id, appointment_id, protocol, protocol_version, local_day, answered_at,
            recorded_by, declined, asks_again, until_well, needs_clearance, has_limits, not_before, vault)
        VALUES (:id, :client_id, :appointment_id, :protocol, :protocol_version, :local_day, :now, :recorded_by,
            :declined, :asks_again, :until_well, :needs_clearance, :has_limits, :not_before, :vault)
        """,
        asdict(arrival)
        | {"id": id, "client_id": client.id, "appointment_id": appointment_id, "protocol": protocol,
           "protocol_version": protocol_version, "local_day": local_day, "now": client.now,
           "recorded_by": recorded_by, "vault": vault},
    )  # fmt: skip


async def latest_arrival(tx: Transaction, client_id: UUID, protocol: str) -> Any:
    """The latest answers at the door for a protocol; None without any."""
    return await tx.first(
        "SELECT * FROM arrivals WHERE client_id = :client_id AND protocol = :protocol"
        " ORDER BY local_day DESC, answered_at DESC LIMIT 1",
        {"client_id": client_id, "protocol": protocol},
    )


async def acknowledge(
    tx: Transaction,
    *,
    id: UUID,
    appointment_id: UUID,
    screening_id: UUID,
    standing_version: int,
    arrival_id: UUID | None,
    therapist_id: UUID,
) -> Any:
    """Store that the therapist has read the limits as they are now. Gives the time of it."""
    return await tx.scalar(
        "INSERT INTO limit_acknowledgements"
        " (id, appointment_id, screening_id, standing_version, arrival_id, therapist_id, acknowledged_at)"
        " VALUES (:id, :appointment_id, :screening_id, :standing_version, :arrival_id, :therapist_id,"
        " clock_timestamp()) RETURNING acknowledged_at",
        {"id": id, "appointment_id": appointment_id, "screening_id": screening_id,
         "standing_version": standing_version, "arrival_id": arrival_id, "therapist_id": therapist_id},
    )  # fmt: skip


# Everything the start gate needs, in one statement: it has a second at most.
_GATE = """
SELECT c.branch_ids, clock_timestamp() AS now,
       a.id AS appointment_id, a.branch_id, a.protocol AS appointment_protocol, a.starts_at, a.ends_at,
       coalesce(
           (SELECT timezone FROM branches WHERE id = a.branch_id),
           (SELECT timezone FROM branches WHERE id = ANY(c.branch_ids) AND a.id IS NULL ORDER BY id LIMIT 1)
       ) AS timezone,
       s.screening_id, s.protocol_version, s.valid_until, s.declined, s.asks_again, s.until_well, s.deferred_until,
       s.needs_clearance, s.has_limits, s.letter_until,
       r.local_day AS arrival_day, r.asks_again AS arrival_asks_again, r.until_well AS arrival_until_well,
       r.needs_clearance AS arrival_needs_clearance, r.has_limits AS arrival_has_limits, r.not_before,
       (SELECT max(d.local_day) FROM arrivals d WHERE d.client_id = c.id AND d.declined) AS declined_on,
       EXISTS (SELECT FROM limit_acknowledgements k
               WHERE k.appointment_id = a.id AND k.standing_version = s.version AND k.therapist_id = a.therapist_id
                 AND (r.has_limits IS NOT TRUE OR k.arrival_id = r.id)) AS acknowledged
FROM clients c
LEFT JOIN appointments a ON a.id = CAST(:appointment_id AS uuid) AND a.client_id = c.id
LEFT JOIN standings s ON s.client_id = c.id AND s.protocol = coalesce(CAST(:protocol AS text), a.protocol)
LEFT JOIN LATERAL (
    SELECT * FROM arrivals l WHERE l.client_id = c.id AND l.protocol = s.protocol
    ORDER BY l.local_day DESC, l.answered_at DESC LIMIT 1
) AS r ON true
WHERE c.id = :client_id AND NOT c.erased
"""


async def gate(tx: Transaction, client_id: UUID, protocol: str | None, appointment_id: UUID | None) -> Any:
    """The client's standing, and of the appointment what its start depends on; None for an unknown client."""
    return await tx.first(_GATE, {"client_id": client_id, "protocol": protocol, "appointment_id": appointment_id})
