"""Load profiles. Its numbers are restricted: they go to the placement rules and the database's own checks."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from shared.kit.database import Transaction


async def get(tx: Transaction, therapist_id: UUID, *, lock: bool = False) -> Row[Any] | None:
    return await tx.first(
        "SELECT therapist_id, version, load_kg, measured_on, valid_until, announced_state FROM load_profiles"
        " WHERE therapist_id = :id" + (" FOR UPDATE" if lock else ""),
        {"id": therapist_id},
    )


async def put(
    tx: Transaction, therapist_id: UUID, mass_kg: Decimal, load_kg: Decimal, measured_on: date, valid_until: date,
    state: str,
) -> int:  # fmt: skip
    """The profile's new version."""
    version: int = await tx.scalar(
        """INSERT INTO load_profiles AS p
               (therapist_id, version, mass_kg, load_kg, measured_on, valid_until, announced_state)
           VALUES (:id, 1, :mass, :load, :measured_on, :valid_until, :state)
           ON CONFLICT (therapist_id) DO UPDATE SET version = p.version + 1, mass_kg = excluded.mass_kg,
               load_kg = excluded.load_kg, measured_on = excluded.measured_on, valid_until = excluded.valid_until,
               announced_state = excluded.announced_state
           RETURNING version""",
        {"id": therapist_id, "mass": mass_kg, "load": load_kg, "measured_on": measured_on,
         "valid_until": valid_until, "state": state},
    )  # fmt: skip
    return version


async def over(tx: Transaction, limit_kg: Decimal) -> list[tuple[UUID, Decimal]]:
    """Therapists whose load is above a limit, with the load."""
    rows = await tx.all(
        "SELECT therapist_id, load_kg FROM load_profiles WHERE load_kg > :limit ORDER BY therapist_id",
        {"limit": limit_kg},
    )
    return [(row.therapist_id, row.load_kg) for row in rows]


async def turn_stale(tx: Transaction, today: date) -> Sequence[Row[Any]]:
    """Profiles that ended and were not yet announced as stale; they are marked now."""
    return await tx.all(
        """UPDATE load_profiles SET announced_state = 'stale', version = version + 1
           WHERE valid_until < :today AND announced_state = 'valid' RETURNING therapist_id, version""",
        {"today": today},
    )


async def sessions_of(tx: Transaction, therapist_id: UUID) -> Sequence[Row[Any]]:
    """The therapist's back-stepping sessions that have not started, with the room's least limit over each."""
    return await tx.all(
        """SELECT a.appointment_id, a.assignment_version, a.attempt, a.branch_id, a.room_id, a.requires_bar, a.load_kg,
                  a.room_flexible, a.ends_at, a.turnover_minutes, a.started_at,
                  lower(a.during) AS starts_at, upper(a.during) AS blocked_until,
                  (SELECT min(c.max_load_kg) FROM room_clearances c
                   WHERE c.room_id = a.bar_room_id AND c.valid_during && a.covered) AS limit_kg
           FROM assignments a
           WHERE a.therapist_id = :id AND a.requires_bar AND a.started_at IS NULL
             AND upper(a.during) > clock_timestamp()
           ORDER BY a.appointment_id""",
        {"id": therapist_id},
    )


async def branches_of(tx: Transaction, therapist_id: UUID) -> list[UUID]:
    """Where the therapist has sessions to come, or works."""
    rows = await tx.all(
        """SELECT DISTINCT branch_id FROM assignments WHERE therapist_id = :id
           UNION SELECT unnest(branch_ids) FROM therapists WHERE id = :id""",
        {"id": therapist_id},
    )
    return [row.branch_id for row in rows]


async def set_load(tx: Transaction, therapist_id: UUID, load_kg: Decimal) -> None:
    """From now on the therapist's sessions to come are planned with this load."""
    await tx.run(
        """UPDATE assignments SET load_kg = :load
           WHERE therapist_id = :id AND requires_bar AND started_at IS NULL AND upper(during) > clock_timestamp()""",
        {"id": therapist_id, "load": load_kg},
    )


async def rooms_limited_between(tx: Transaction, low: Decimal, high: Decimal) -> list[UUID]:
    """Rooms cleared from now on with a limit that one of the two loads is over and the other is not."""
    rows = await tx.all(
        """SELECT DISTINCT room_id FROM room_clearances
           WHERE upper(valid_during) > clock_timestamp() AND max_load_kg >= :low AND max_load_kg < :high""",
        {"low": low, "high": high},
    )
    return [row.room_id for row in rows]
