"""Zone data and what a change of it means, over HTTP."""

from datetime import datetime
from uuid import UUID

from shared.kit.body import Answer


class ZoneState(Answer):
    """`rules` is a fingerprint of the zone's data as this process finds it, `applied` the one that instants were
    derived from; `version` is the release of the data that was applied, where it says so."""

    timezone: str
    branch_ids: list[UUID]
    rules: str | None
    applied: str | None
    version: str | None
    applied_at: datetime | None


class Conflict(Answer):
    """A session that could not follow: promised at `promised`, by its branch's clock, it stands at `starts_at`."""

    appointment_id: UUID
    branch_id: UUID
    timezone: str
    promised: datetime
    starts_at: datetime
    code: str | None


class ZoneStates(Answer):
    version: str | None
    items: list[ZoneState]
    conflicts: list[Conflict]


class Following(Answer):
    """`becomes` is null where the clock now jumps over the promised time."""

    appointment_id: UUID
    branch_id: UUID
    promised: datetime
    starts_at: datetime
    becomes: datetime | None


class Rederived(Answer):
    """One zone whose rules are others: the sessions that are to follow, and how many shifts, closures and holds."""

    timezone: str
    rules: str
    version: str | None
    sessions: list[Following]
    shifts: int
    closures: int
    holds: int


class Rederivation(Answer):
    dry_run: bool
    items: list[Rederived]
