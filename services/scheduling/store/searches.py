"""What a search names, and how fresh the view of rooms is, in one statement."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from services.scheduling.domain.days import Closure
from services.scheduling.domain.grid import stamp
from services.scheduling.store.availability import PLANNED_ONCE, Treatment, of_values
from shared.kit.database import Transaction

# A room's word waits behind a dead letter of its key: what is shown of it is known to be old.
ASKED = f"""
SELECT now() AS now, {PLANNED_ONCE},
    (SELECT json_agg(json_build_array(t.id, t.skill, t.duration_minutes, t.turnover_minutes, t.equipment)
                     ORDER BY array_position(CAST(:treatment_ids AS uuid[]), t.id))
     FROM treatments t WHERE t.id = ANY(CAST(:treatment_ids AS uuid[]))) AS treatments,
    ARRAY(SELECT tb.therapist_id FROM therapist_branches tb
          WHERE tb.therapist_id = ANY(CAST(:therapist_ids AS uuid[]))
            AND (CAST(:visible AS uuid[]) IS NULL OR tb.branch_id = ANY(CAST(:visible AS uuid[])))) AS therapists,
    CAST(:client_id AS uuid) IS NULL OR EXISTS (
        SELECT FROM clients c WHERE c.id = CAST(:client_id AS uuid) AND c.erased_at IS NULL
        AND (CAST(:visible AS uuid[]) IS NULL OR c.branch_ids && CAST(:visible AS uuid[]))) AS client_known,
    (SELECT json_agg(json_build_array(b.id, v.as_of, v.lag, v.behind)
                     ORDER BY array_position(CAST(:branch_ids AS uuid[]), b.id))
     FROM branches b CROSS JOIN LATERAL (
        SELECT max(r.said_at) AS as_of,
            (array_agg(extract(epoch FROM r.heard_at - r.said_at) ORDER BY r.said_at DESC NULLS LAST))[1] AS lag,
            count(*) FILTER (WHERE EXISTS (SELECT FROM dead_letters d
                WHERE d.message_key = CAST(r.id AS text) AND d.resolved_at IS NULL)) AS behind
        FROM rooms r WHERE r.branch_id = b.id) v
     WHERE b.id = ANY(CAST(:branch_ids AS uuid[]))) AS branches
"""


@dataclass(frozen=True, slots=True)
class RoomView:
    """How fresh a branch's view of its rooms is: see `schemas/availability.py`."""

    branch_id: UUID
    as_of: datetime | None
    lag_seconds: float | None
    rooms_behind: int


@dataclass(frozen=True, slots=True)
class Named:
    """What there is of what a search names. Unknown things are missing."""

    now: datetime
    treatments: list[Treatment]
    therapist_ids: set[UUID]
    client_known: bool
    rooms: list[RoomView]


async def named(
    tx: Transaction,
    treatment_ids: list[UUID],
    branch_ids: list[UUID],
    therapist_ids: list[UUID] | None,
    client_id: UUID | None,
    visible: list[UUID] | None,
) -> Named:
    """`visible`: the caller's branches, None for all."""
    row = await tx.one(
        ASKED,
        {"treatment_ids": treatment_ids, "branch_ids": branch_ids, "therapist_ids": therapist_ids or [],
         "client_id": client_id, "visible": visible},
    )  # fmt: skip
    return Named(
        now=row.now,
        treatments=[of_values(*values) for values in row.treatments or ()],
        therapist_ids={UUID(int=id.int) for id in row.therapists},
        client_known=row.client_known,
        rooms=[_view(*values) for values in row.branches or ()],
    )


def _view(branch_id: str, as_of: str | None, lag: Any, behind: int) -> RoomView:
    said = None if as_of is None else datetime.fromisoformat(as_of)
    return RoomView(UUID(branch_id), said, None if lag is None else max(0.0, round(float(lag), 3)), behind)


CLOSURES = """
SELECT branch_id, CAST(NULL AS uuid) AS room_id, lower(during) AS starts_at, upper(during) AS ends_at, reason
FROM closures WHERE branch_id = ANY(CAST(:branch_ids AS uuid[])) AND during && tstzrange(:from, :to)
UNION ALL
SELECT r.branch_id, r.id, lower(c.during), coalesce(upper(c.during), :to), coalesce(c.reason, '')
FROM rooms r JOIN room_closures c ON c.room_id = r.id
WHERE r.branch_id = ANY(CAST(:branch_ids AS uuid[])) AND r.in_service AND c.during && tstzrange(:from, :to)
ORDER BY branch_id, starts_at, room_id
"""
Shut = tuple[list[Closure], dict[UUID, list[Closure]]]


async def closures(tx: Transaction, branch_ids: list[UUID], from_: datetime, to: datetime) -> dict[UUID, Shut]:
    """By branch: its closures, and those of its rooms in service, in order of time."""
    found: dict[UUID, Shut] = {}
    for row in await tx.all(CLOSURES, {"branch_ids": branch_ids, "from": from_, "to": to}):
        branch, rooms = found.setdefault(UUID(int=row.branch_id.int), ([], {}))
        here = branch if row.room_id is None else rooms.setdefault(UUID(int=row.room_id.int), [])
        here.append(Closure(stamp(row.starts_at), stamp(row.ends_at), row.reason))
    return found
