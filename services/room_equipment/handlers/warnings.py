"""Says that certificates end: each warning once, whoever runs the job and however often."""

from datetime import datetime, timedelta
from typing import Any, get_args

from services.room_equipment.domain.houserules import RuleBook
from services.room_equipment.domain.warnings import EXPIRED, step
from services.room_equipment.store import warnings
from services.room_equipment.store.warnings import Asset
from shared.events.base import Event
from shared.events.room_equipment import (
    BarInspectionDue,
    BarInspectionExpired,
    EquipmentInspectionDue,
    EquipmentInspectionExpired,
)
from shared.kit.database import Transaction


async def warn(tx: Transaction, now: datetime, book: RuleBook) -> int:
    """Announce the nearest warning that is due of each certificate in force, and each end once."""
    until = now + timedelta(days=book.furthest_warning() + 2)
    said = 0
    for asset in get_args(Asset):
        due: list[tuple[Any, int]] = []
        for row in await warnings.ending(tx, asset, until):
            days = book.of(row.branch_id).warning_days
            found = step(row.valid_until, row.certified_until, row.announced, now=now, timezone=row.timezone, days=days)
            if found is not None:
                due.append((row, found))
        fresh = await warnings.announce(tx, asset, [(row.inspection_id, days_left) for row, days_left in due])
        tx.announce(*(_said(asset, row, left) for row, left in due if (row.inspection_id, left) in fresh))
        said += len(fresh)
    return said


def _said(asset: Asset, row: Any, left: int) -> Event:
    place = {"room_id": row.room_id, "branch_id": row.branch_id, "valid_until": row.certified_until}
    if asset == "bar":
        place |= {"bar_id": row.asset_id}
        return BarInspectionExpired(**place) if left == EXPIRED else BarInspectionDue(**place, days_left=left)
    place |= {"equipment_id": row.asset_id}
    return EquipmentInspectionExpired(**place) if left == EXPIRED else EquipmentInspectionDue(**place, days_left=left)
