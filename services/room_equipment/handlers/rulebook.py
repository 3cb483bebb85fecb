"""The house rules in force, for whoever decides by them."""

from uuid import UUID

from services.room_equipment.domain.houserules import HouseRules, RuleBook, book_of
from services.room_equipment.settings import settings
from services.room_equipment.store import houserules
from shared.kit.database import Transaction


async def book(tx: Transaction) -> RuleBook:
    """What holds where, now. Inside a change, ask after the rooms are locked."""
    return book_of(settings().house_rules, [(row.branch_id, row.rules) for row in await houserules.in_force(tx)])


async def rules_of(tx: Transaction, branch_id: UUID) -> HouseRules:
    return (await book(tx)).of(branch_id)
