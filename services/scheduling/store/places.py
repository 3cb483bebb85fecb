"""Branches and treatments."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, select
from sqlalchemy.dialects.postgresql import insert

from services.scheduling.tables import branches, treatments
from shared.errors import Refused
from shared.kit.database import Transaction

RESOURCES = {"branch": branches, "treatment": treatments}


async def add(tx: Transaction, noun: str, values: dict[str, Any]) -> Row[Any]:
    """Store a new branch or treatment.

    Raises:
        Refused: `code_taken`.
    """
    table = RESOURCES[noun]
    row = await tx.first(insert(table).values(values).on_conflict_do_nothing().returning(table))
    if row is None:
        raise Refused("code_taken", f"Another {noun} has the code {values['code']}.")
    return row


async def get(tx: Transaction, noun: str, id: UUID, *, lock: bool = False) -> Row[Any] | None:
    table = RESOURCES[noun]
    statement = select(table).where(table.c.id == id)
    return await tx.first(statement.with_for_update(key_share=True) if lock else statement)


async def change(tx: Transaction, noun: str, id: UUID, values: dict[str, Any]) -> Row[Any]:
    """Change what `values` names; the version rises.

    Raises:
        Refused: `code_taken`.
    """
    table = RESOURCES[noun]
    if "code" in values:
        taken = select(table.c.id).where(table.c.code == values["code"], table.c.id != id)
        if await tx.first(taken) is not None:
            raise Refused("code_taken", f"Another {noun} has the code {values['code']}.")
    values |= {"version": table.c.version + 1, "updated_at": func.now()}
    return await tx.one(table.update().where(table.c.id == id).values(values).returning(table))


async def listed(
    tx: Transaction, noun: str, limit: int, after: UUID | None, branch_ids: list[UUID] | None, code: str | None
) -> Sequence[Row[Any]]:
    """By id, which is the order they were made in."""
    table = RESOURCES[noun]
    statement = select(table).order_by(table.c.id).limit(limit)
    if after is not None:
        statement = statement.where(table.c.id > after)
    if branch_ids is not None and noun == "branch":
        statement = statement.where(table.c.id.in_(branch_ids))
    if code is not None:
        statement = statement.where(table.c.code == code)
    return await tx.all(statement)
