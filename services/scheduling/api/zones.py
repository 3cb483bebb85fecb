"""/v1/ops/timezones: by which zone data instants were derived, and deriving them anew."""

from contextlib import suppress
from typing import Annotated
from zoneinfo import ZoneInfoNotFoundError

from services.scheduling import zonedata
from services.scheduling.api.places import DryRun
from services.scheduling.handlers import zones as handlers
from services.scheduling.schemas import zones as shapes
from services.scheduling.store import zones as store
from shared.errors import Forbidden
from shared.kit.audit import record as audit
from shared.kit.auth import Principal, requires
from shared.kit.rehearsal import rehearse
from shared.kit.unit import Tx, router

routes = router("/v1/ops/timezones", "operations")


@routes.get("")
async def show_zones(tx: Tx, who: Annotated[Principal, requires("ops:read")]) -> shapes.ZoneStates:
    """The zones of the token's branches, whether their data is the one that instants were derived from, and which
    sessions could not follow the last change."""
    items = [
        shapes.ZoneState(
            timezone=row.timezone, branch_ids=seen, rules=_rules(row.timezone), applied=row.rules,
            version=row.version, applied_at=row.applied_at,
        )
        for row in await store.zones(tx) if (seen := [id for id in row.branch_ids if who.sees(id)])
    ]  # fmt: skip
    conflicts = [shapes.Conflict.model_validate(row) for row in await store.conflicts(tx) if who.sees(row.branch_id)]
    return shapes.ZoneStates(version=zonedata.version(), items=items, conflicts=conflicts)


@routes.post("")
async def rederive(
    tx: Tx, who: Annotated[Principal, requires("ops:write")], dry_run: DryRun = False
) -> shapes.Rederivation:  # fmt: skip
    """Look at the zone data now, and derive anew what is to come in every zone whose rules are others. Sessions follow
    by the saga within the next seconds; which could not is in the GET and on the attention list. A zone is the whole
    chain's: so must be the token."""
    if who.branches is not None:
        raise Forbidden("all_branches_needed", "Only a caller who sees every branch may derive the chain's times anew.")
    work = handlers.rederive(tx)
    found = await (rehearse(tx, work) if dry_run else work)
    if not dry_run:
        await audit(tx, who, "rederived_timezones", "timezones", "all")
    return shapes.Rederivation(
        dry_run=dry_run,
        items=[
            shapes.Rederived(
                timezone=one.timezone, rules=one.rules, version=one.version, shifts=one.shifts.total(),
                sessions=[shapes.Following.model_validate(session) for session in one.sessions],
                closures=one.closures.total(), holds=one.holds.total(),
            )
            for one in found
        ],
    )  # fmt: skip


def _rules(timezone: str) -> str | None:
    with suppress(ZoneInfoNotFoundError):
        return zonedata.rules_of(timezone)
    return None
