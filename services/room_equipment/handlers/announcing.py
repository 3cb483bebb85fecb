"""What scheduling is told of clearances: per period, whose load is over its limit, and no number (rules: Load); per
gap, why the room is not cleared."""

from collections.abc import Sequence
from uuid import UUID

from services.room_equipment.domain.load import load_of
from services.room_equipment.domain.roomstate import Outlook
from services.room_equipment.handlers.rulebook import book
from services.room_equipment.store import clearances, load_profiles, rooms
from shared.events.codes import GapReason
from shared.events.room_equipment import ClearanceGap, ClearancePeriod, RoomClearanceChanged
from shared.kit.database import Transaction


async def announce_clearances(tx: Transaction, outlooks: Sequence[Outlook]) -> None:
    """Say the new outlook of these rooms, each as its next version."""
    if not outlooks:
        return
    told = await rooms.bump_clearance(tx, [outlook.room_id for outlook in outlooks])
    limits = [period.max_load_kg for outlook in outlooks for period in outlook.periods]
    chain, own, factors = (await book(tx)).factors()
    factor_of = dict(zip(own, factors, strict=True))
    heaviest = await load_profiles.over(tx, min(limits), max([chain, *factors])) if limits else []
    for outlook in outlooks:
        branch_id, version = told[outlook.room_id]
        loads = [(id, load_of(mass, factor_of.get(branch_id, chain))) for id, mass in heaviest]
        tx.announce(
            RoomClearanceChanged(
                room_id=outlook.room_id,
                branch_id=branch_id,
                version=version,
                periods=[
                    ClearancePeriod(
                        starts_at=period.starts_at,
                        ends_at=period.ends_at,
                        excluded_therapist_ids=[id for id, load in loads if load > period.max_load_kg],
                    )
                    for period in outlook.periods
                ],
                gaps=[
                    ClearanceGap(starts_at=gap.starts_at, ends_at=gap.ends_at, reason=GapReason(gap.reason))
                    for gap in outlook.gaps
                ],
            )
        )


async def announce_again(tx: Transaction, room_ids: Sequence[UUID]) -> None:
    """Say these rooms' recorded outlook anew: who may work there changed, not the clearance."""
    if room_ids:
        await announce_clearances(tx, await clearances.outlooks(tx, room_ids))
