"""What alternatives are computed from, beside availability itself: treatments that suit the client, branches to try,
how far the client would move."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from services.scheduling.store.availability import PLANNED_ONCE, Treatment, of_values
from shared.kit.database import Transaction

# Suits: nothing to be screened, or screening has cleared the client for it up to that day. What was never asked does
# not suit yet. Of the branch: somebody of it may give it, and for bars some room of it is cleared at all.
_GIVEN = """
EXISTS (SELECT FROM therapist_branches tb JOIN therapists p ON p.id = tb.therapist_id AND p.active
        WHERE tb.branch_id = CAST(:branch_id AS uuid) AND (t.skill IS NULL OR EXISTS (
            SELECT FROM therapist_skills k WHERE k.therapist_id = p.id AND k.skill = t.skill
            AND k.certified_until >= CAST(:on AS date))))
AND ('balancing_bar' <> ALL(t.equipment) OR EXISTS (
    SELECT FROM room_clearances c JOIN rooms r ON r.id = c.room_id
    WHERE r.branch_id = CAST(:branch_id AS uuid) AND r.in_service
    AND coalesce(upper(c.during), 'infinity') > CAST(:on AS date)))
"""
_SUITS = """
(t.screening_protocol IS NULL OR EXISTS (
    SELECT FROM client_standings s WHERE s.client_id = CAST(:client_id AS uuid) AND s.protocol = t.screening_protocol
    AND s.outcome = 'cleared' AND (s.valid_until IS NULL OR s.valid_until >= CAST(:on AS date))))
"""
_SUITABLE = f"""
SELECT t.* FROM treatments t WHERE t.id <> CAST(:treatment_id AS uuid) AND {_SUITS} AND {_GIVEN}
ORDER BY abs(t.duration_minutes - coalesce(
    (SELECT o.duration_minutes FROM treatments o WHERE o.id = CAST(:treatment_id AS uuid)), 0)), t.code
LIMIT :treatments
"""
SUITABLE = f"SELECT u.id, u.code, u.name FROM ({_SUITABLE}) u"
_VALUES = "json_build_array(t.id, t.skill, t.duration_minutes, t.turnover_minutes, t.equipment)"
GROUND = f"""
SELECT now() AS now, {PLANNED_ONCE},
    (SELECT {_VALUES} FROM treatments t WHERE t.id = CAST(:treatment_id AS uuid)) AS own,
    (SELECT json_agg({_VALUES}) FROM ({_SUITABLE}) t) AS suitable,
    (SELECT CAST(c.contact ->> 'tolerance_minutes' AS int) FROM clients c WHERE c.id = :client_id) AS tolerance_minutes,
    ARRAY(
        SELECT b.id FROM branches b JOIN branches h ON h.id = CAST(:branch_id AS uuid) AND h.id <> b.id
        LEFT JOIN clients c ON c.id = :client_id
        WHERE EXISTS (SELECT FROM therapist_branches tb WHERE tb.branch_id = b.id)
        ORDER BY b.id = ANY(c.branch_ids) DESC, b.timezone = h.timezone DESC, b.code LIMIT :branches) AS branches
"""


@dataclass(frozen=True, slots=True)
class Ground:
    """`suitable`: other treatments, those of about the same length first. `branches`: the client's own first, then
    those of the same zone."""

    now: datetime
    own: Treatment
    suitable: list[Treatment]
    branches: list[UUID]
    tolerance_minutes: int | None


async def ground(
    tx: Transaction, client_id: UUID, branch_id: UUID, treatment_id: UUID, on: date, *, treatments: int, branches: int
) -> Ground:
    """At most so many other treatments and branches are looked at."""
    row = await tx.one(
        GROUND,
        {"client_id": client_id, "branch_id": branch_id, "treatment_id": treatment_id, "on": on,
         "treatments": treatments, "branches": branches},
    )  # fmt: skip
    return Ground(
        now=row.now,
        own=of_values(*row.own),
        suitable=[of_values(*values) for values in row.suitable or ()],
        branches=[UUID(int=id.int) for id in row.branches],
        tolerance_minutes=row.tolerance_minutes,
    )


async def suitable(
    tx: Transaction, client_id: UUID, branch_id: UUID, treatment_id: UUID, on: date, limit: int
) -> Sequence[Row[Any]]:
    """{id, code, name} of other treatments of this branch that suit the client."""
    return await tx.all(
        SUITABLE,
        {"client_id": client_id, "branch_id": branch_id, "treatment_id": treatment_id, "on": on, "treatments": limit},
    )
