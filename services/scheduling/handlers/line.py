"""The line moves on: offers that ended go to the next, what has become free is looked at, who waited in vain is let go.

One step is one transaction and at most one offer, so that it holds nothing while it waits for anybody.
"""

from typing import Any
from uuid import UUID

from sqlalchemy import Row

from services.scheduling.handlers.offers import LOOK_DAYS, offer_next
from services.scheduling.settings import settings
from services.scheduling.store import holds, waitlist
from services.scheduling.store import offers as store
from shared.errors import Unavailable
from shared.events.codes import Refusal
from shared.events.scheduling import WaitlistOfferEnded
from shared.kit import failpoints, logging
from shared.kit.database import Transaction, is_away

CLOCK = "clock"
log = logging.get(__name__)
# These are the client's own matter: another slot would be refused as well, until screening says something new.
_OF_THE_CLIENT = frozenset(
    {Refusal.SCREENING_REQUIRED, Refusal.SCREENING_DECLINED, Refusal.SCREENING_DEFERRED, Refusal.CLEARANCE_REQUIRED}
)


async def move_on(tx: Transaction) -> int:
    """One step; 0 when there is none to make."""
    if not await store.anything(tx):
        return 0
    await store.take_line(tx)
    over = await store.lock_over(tx)
    if over is not None:
        await _settle(tx, over)
        done = 1
    else:
        done = await _let_go(tx) or await _look(tx)
    failpoints.reach("waitlist.before_commit")
    return done


async def _settle(tx: Transaction, offer: Row[Any]) -> None:
    if offer.state == "accepted":
        if offer.appointment_status not in (None, "rejected"):
            await store.end(tx, offer.id, "booked", offer.answered_by, None)
            await waitlist.set_state(tx, offer.entry_id, "booked")
        else:
            await refused(tx, offer, offer.appointment_code)
        return
    held = await store.hold_state(tx, offer.id)
    if held == "confirmed":
        await accepted(tx, offer, CLOCK)
    else:
        await pass_on(tx, offer, "lapsed" if held == "held" else "declined", CLOCK)


async def accepted(tx: Transaction, offer: Row[Any], actor: str) -> None:
    """The booking has been asked for."""
    await store.end(tx, offer.id, "accepted", actor)
    await waitlist.set_state(tx, offer.entry_id, "accepted")
    _announce(tx, offer, "accepted")


async def refused(tx: Transaction, offer: Row[Any], code: str | None) -> None:
    """The booking was refused, by our own rules, screening or for want of a room: back to the place it had."""
    blocked_by = code if code in _OF_THE_CLIENT else None
    await pass_on(tx, offer, "refused", offer.answered_by or CLOCK, code, blocked_by=blocked_by)


async def pass_on(
    tx: Transaction, offer: Row[Any], state: str, actor: str, code: str | None = None, *,
    leaves: str | None = None, blocked_by: str | None = None,
) -> None:  # fmt: skip
    """An offer ends without a booking: its time goes to the next in line in this very transaction, who was asked keeps
    the place, or ends as `leaves`. The line is taken."""
    await store.end(tx, offer.id, state, actor, code)
    await holds.release(tx, [offer.id])
    missed = await waitlist.set_state(
        tx, offer.entry_id, leaves or "waiting", missed=state == "lapsed", blocked_by=blocked_by
    )
    if state == "lapsed" and missed >= settings().waitlist_misses:
        await waitlist.set_state(tx, offer.entry_id, "expired", why="unanswered")
    _announce(tx, offer, state)
    await offer_next(tx, offer.branch_id, offer.starts_at, offer.ends_at)
    await waitlist.look_for(tx, offer.entry_id)  # at what it was not asked for meanwhile


def _announce(tx: Transaction, offer: Row[Any], outcome: Any) -> None:
    tx.announce(
        WaitlistOfferEnded(offer_id=offer.id, entry_id=offer.entry_id, branch_id=offer.branch_id, outcome=outcome)
    )


async def _let_go(tx: Transaction) -> int:
    """Who waited until the last window was over."""
    passed = await waitlist.lock_passed(tx)
    for id in passed:
        await waitlist.set_state(tx, id, "expired", why="window_passed")
    return len(passed)


async def _look(tx: Transaction) -> int:
    """At what became free in one branch within some days; again as long as there is somebody to offer it to."""
    looks = await store.next_looks(tx, LOOK_DAYS)
    if not looks:
        return 0
    ids: list[UUID] = [look.id for look in looks]
    from_, to = min(look.starts_at for look in looks), max(look.ends_at for look in looks)
    try:
        async with tx.savepoint():
            if await offer_next(tx, looks[0].branch_id, from_, to):
                return 1
    except Unavailable:
        raise
    except Exception as error:  # one that cannot be looked at must not keep the others from it
        if is_away(error):
            raise
        log.error("look failed", branch_id=str(looks[0].branch_id), exc_info=logging.without_values(error))
        await store.look_later(tx, ids)
        return 1
    await store.looked(tx, [look.id for look in looks if not look.goes_on])
    if on := [look.id for look in looks if look.goes_on]:
        await store.look_on(tx, on, looks[0].until)
    return 1


async def look_everywhere(tx: Transaction) -> int:
    return await waitlist.look_everywhere(tx)
