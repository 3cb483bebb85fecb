"""House rules of the chain and of branches are set, with what follows from it at once.

A raised safety factor never leaves a live assignment with too weak bars: the loads of all sessions that have not begun
are worked out anew, and what no longer fits moves or is revoked, in the same transaction.
"""

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from services.room_equipment.domain.houserules import NAMES, RuleBook, check
from services.room_equipment.handlers.announcing import announce_again
from services.room_equipment.handlers.displacement import Displaced, Plan, carry_out, find_rooms
from services.room_equipment.handlers.rulebook import book
from services.room_equipment.settings import settings
from services.room_equipment.store import houserules, load_profiles, rooms
from shared.kit.audit import record as audit
from shared.kit.auth import Principal
from shared.kit.database import Transaction


async def put(
    tx: Transaction, who: Principal, branch_id: UUID | None, values: dict[str, Any], checked: Callable[[int], None]
) -> Displaced:
    """Set what the chain, or a branch, has of its own; what is not named falls back to the next above.

    `checked` refuses when the version is not the one the caller read.

    Raises:
        Invalid: see domain.houserules.check.
    """
    check(values, branch_id, settings().safety_factor_minimum)
    checked(await houserules.newest(tx, branch_id))  # before anyone waits
    await houserules.one_at_a_time(tx)
    version = await houserules.newest(tx, branch_id)
    checked(version)
    stored = {name: values[name] for name in NAMES if values.get(name) is not None}
    if "safety_factor" in stored:
        stored["safety_factor"] = str(stored["safety_factor"])
    before = await book(tx)
    after = before.with_values(branch_id, stored)
    concerned = [branch_id] if branch_id is not None else await houserules.branches_with_rooms(tx)
    changed = [id for id in concerned if before.of(id).safety_factor != after.of(id).safety_factor]
    locked = await rooms.lock(tx, changed) if changed else ()
    await houserules.add(tx, branch_id, version + 1, stored, who.subject)
    await audit(
        tx, who, "changed_house_rules", "branch" if branch_id else "chain", branch_id or "chain",
        branch_id=branch_id, reason=" ".join(sorted(stored)),
    )  # fmt: skip
    return await _plan_loads_anew(tx, locked, changed, after) if changed else Displaced()


async def _plan_loads_anew(tx: Transaction, locked: Sequence[Any], branches: list[UUID], rules: RuleBook) -> Displaced:
    await load_profiles.set_loads(tx, branches, *rules.factors())
    plan = Plan(await rooms.moment(tx, []))
    await find_rooms(tx, plan, locked, await load_profiles.overloaded(tx, branches=branches))
    await carry_out(tx, plan, "safety_factor_changed")
    await announce_again(tx, [room.id for room in locked if room.branch_id in set(branches)])
    return plan.result
