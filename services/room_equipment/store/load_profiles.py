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
        "SELECT therapist_id, version, mass_kg, measured_on, valid_until, announced_state FROM load_profiles"
        " WHERE therapist_id = :id" + (" FOR UPDATE" if lock else ""),
        {"id": therapist_id},
    )


async def put(
    tx: Transaction, therapist_id: UUID, mass_kg: Decimal, load_kg: Decimal, measured_on: date, valid_until: date,
    state: str,
) -> int:  # fmt: skip
    """The profile's new version. `load_kg` is the chain's, for the release before this one; nobody reads it here."""
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


async def over(tx: Transaction, limit_kg: Decimal, factor: Decimal) -> list[tuple[UUID, Decimal]]:
    """Therapists whose mass times this factor is above a limit, with the mass."""
    rows = await tx.all(
        "SELECT therapist_id, mass_kg FROM load_profiles WHERE mass_kg * :factor > :limit ORDER BY therapist_id",
        {"limit": limit_kg, "factor": factor},
    )
    return [(row.therapist_id, row.mass_kg) for row in rows]


# The local day where the therapist works, by the database's clock; the earliest, if that is in several zones: a profile
# is stale when its last day is over in all of them. Each booking asks its own branch's day.
_TODAY = """
coalesce((SELECT min((clock_timestamp() AT TIME ZONE b.timezone)::date) FROM therapists t
          JOIN branches b ON b.id = ANY (t.branch_ids) WHERE t.id = {therapist}),
         (clock_timestamp() AT TIME ZONE 'UTC')::date)
"""


async def today(tx: Transaction, therapist_id: UUID) -> date:
    """The local day by which a profile of this therapist is valid or stale."""
    found: date = await tx.scalar(f"SELECT {_TODAY.format(therapist=':id')}", {"id": therapist_id})
    return found


async def turn_stale(tx: Transaction) -> Sequence[Row[Any]]:
    """Profiles that ended and were not yet announced as stale; they are marked now."""
    return await tx.all(
        f"""UPDATE load_profiles p SET announced_state = 'stale', version = version + 1
            WHERE announced_state = 'valid' AND valid_until < {_TODAY.format(therapist="p.therapist_id")}
            RETURNING therapist_id, version"""
    )


async def overloaded(
    tx: Transaction, *, therapist_id: UUID | None = None, branches: Sequence[UUID] | None = None
) -> Sequence[Row[Any]]:
    """Back-stepping sessions that have not started and whose load is over the room's least limit, by id."""
    return await tx.all(
        """SELECT a.appointment_id, a.assignment_version, a.attempt, a.branch_id, a.room_id, a.requires_bar, a.load_kg,
                  a.room_flexible, a.ends_at, a.turnover_minutes, a.started_at,
                  lower(a.during) AS starts_at, upper(a.during) AS blocked_until
           FROM assignments a
           WHERE (CAST(:therapist AS uuid) IS NULL OR a.therapist_id = :therapist)
             AND (CAST(:branches AS uuid[]) IS NULL OR a.branch_id = ANY (CAST(:branches AS uuid[])))
             AND a.requires_bar AND a.started_at IS NULL AND upper(a.during) > clock_timestamp()
             AND a.load_kg > coalesce((SELECT min(c.max_load_kg) FROM room_clearances c
                                       WHERE c.room_id = a.bar_room_id AND c.valid_during && a.covered), 0)
           ORDER BY a.appointment_id""",
        {"therapist": therapist_id, "branches": branches},
    )


async def branches_of(tx: Transaction, therapist_id: UUID) -> list[UUID]:
    """Where the therapist has sessions to come, or works."""
    rows = await tx.all(
        """SELECT DISTINCT branch_id FROM assignments WHERE therapist_id = :id
           UNION SELECT unnest(branch_ids) FROM therapists WHERE id = :id""",
        {"id": therapist_id},
    )
    return [row.branch_id for row in rows]


# `own`: branches with a safety factor of their own; the others have the chain's.
_FACTORS = "unnest(CAST(:own AS uuid[]), CAST(:factors AS numeric[])) AS f (branch_id, factor)"


async def set_loads(
    tx: Transaction, branches: Sequence[UUID] | None, factor: Decimal, own: Sequence[UUID],
    factors: Sequence[Decimal], therapist_id: UUID | None = None,
) -> None:  # fmt: skip
    """Plan sessions that have not begun with the load that mass and factor give now, rounded to the safe side."""
    await tx.run(
        f"""UPDATE assignments a SET load_kg = ceil(p.mass_kg * coalesce(
                (SELECT factor FROM {_FACTORS} WHERE f.branch_id = a.branch_id), :factor) * 10) / 10
            FROM load_profiles p
            WHERE p.therapist_id = a.therapist_id AND a.requires_bar AND a.started_at IS NULL
              AND upper(a.during) > clock_timestamp()
              AND (CAST(:therapist AS uuid) IS NULL OR a.therapist_id = :therapist)
              AND (CAST(:branches AS uuid[]) IS NULL OR a.branch_id = ANY (CAST(:branches AS uuid[])))""",
        {"therapist": therapist_id, "branches": branches, "factor": factor, "own": own, "factors": factors},
    )


async def running_over(
    tx: Transaction, therapist_id: UUID, factor: Decimal, own: Sequence[UUID], factors: Sequence[Decimal]
) -> Sequence[Row[Any]]:
    """The therapist's running session, if its room's bars are not rated for her load now; not one already at risk."""
    return await tx.all(
        f"""SELECT a.appointment_id, a.assignment_version, a.attempt, a.branch_id, a.room_id
            FROM assignments a JOIN load_profiles p ON p.therapist_id = a.therapist_id
            LEFT JOIN {_FACTORS} ON f.branch_id = a.branch_id
            WHERE a.therapist_id = :id AND a.requires_bar AND a.started_at IS NOT NULL
              AND (a.at_risk_at IS NULL OR a.at_risk_at > clock_timestamp())
              AND ceil(p.mass_kg * coalesce(f.factor, :factor) * 10) / 10
                  > (SELECT min(c.max_load_kg) FROM room_clearances c
                     WHERE c.room_id = a.bar_room_id AND c.valid_during && a.covered)""",
        {"id": therapist_id, "factor": factor, "own": own, "factors": factors},
    )


async def rooms_limited_between(
    tx: Transaction, low: Decimal, high: Decimal, factor: Decimal, own: Sequence[UUID], factors: Sequence[Decimal]
) -> list[UUID]:
    """Rooms cleared from now on with a limit that one of the two masses is over in its branch and the other is not."""
    rows = await tx.all(
        f"""SELECT DISTINCT c.room_id FROM room_clearances c JOIN rooms r ON r.id = c.room_id
            LEFT JOIN {_FACTORS} ON f.branch_id = r.branch_id
            WHERE upper(c.valid_during) > clock_timestamp()
              AND c.max_load_kg >= :low * coalesce(f.factor, :factor)
              AND c.max_load_kg < :high * coalesce(f.factor, :factor)""",
        {"low": low, "high": high, "factor": factor, "own": own, "factors": factors},
    )
    return [row.room_id for row in rows]
