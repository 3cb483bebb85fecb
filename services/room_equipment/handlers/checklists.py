"""Which checklist is in force where, and publishing the next version of the chain's or a branch's."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from services.room_equipment.checklists import shipped
from services.room_equipment.domain.checklists import KINDS, Checklist, Item, Kind, check_items
from services.room_equipment.store import checklists
from shared.errors import NotFound
from shared.kit.audit import record as audit
from shared.kit.auth import Principal
from shared.kit.database import Transaction
from shared.kit.ids import new_id


async def in_force(tx: Transaction, branch_id: UUID | None) -> list[Checklist]:
    """One of each kind."""
    published = await checklists.versions(tx, branch_id)
    return [_versions(kind, published)[-1] for kind in KINDS]


async def versions(tx: Transaction, kind: Kind, branch_id: UUID | None) -> list[Checklist]:
    """All versions of what is in force there: the branch's own if it has one, else the chain's, else the shipped."""
    return _versions(kind, await checklists.versions(tx, branch_id, kind))


async def version(tx: Transaction, kind: Kind, number: int, branch_id: UUID | None) -> Checklist:
    """
    Raises:
        NotFound: what is in force there has no such version.
    """
    for checklist in await versions(tx, kind, branch_id):
        if checklist.version == number:
            return checklist
    raise NotFound("checklist_not_found", "There is no such version of this checklist. GET /v1/checklists lists them.")


def _versions(kind: Kind, published: Sequence[Checklist]) -> list[Checklist]:
    for source in ("branch", "chain"):
        found = [c for c in published if c.kind == kind and c.source == source]
        if found:
            return found
    return [checklist for _, checklist in sorted(shipped()[kind].items())]


async def publish(
    tx: Transaction, who: Principal, kind: Kind, branch_id: UUID | None, title: str, items: Sequence[dict[str, Any]]
) -> Checklist:
    """
    Raises:
        Invalid: see domain.checklists.check_items.
    """
    check_items([Item(**item) for item in items])
    number = await checklists.add(tx, new_id(), branch_id, kind, title, items, who.subject)
    await audit(tx, who, "published_checklist", "checklist", f"{kind} {number}", branch_id=branch_id)
    return await version(tx, kind, number, branch_id)
