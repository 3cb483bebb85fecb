"""Therapists and clients."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Row, Uuid, any_, func, literal, select
from sqlalchemy.dialects.postgresql import insert

from services.scheduling.tables import clients, therapist_branches, therapist_skills, therapists
from shared.errors import Refused
from shared.kit.database import Transaction

_THERAPIST = """
SELECT t.*,
    ARRAY(SELECT branch_id FROM therapist_branches b WHERE b.therapist_id = t.id ORDER BY branch_id) AS branch_ids,
    (SELECT coalesce(jsonb_agg(jsonb_build_object('skill', s.skill, 'certified_until', s.certified_until)
                               ORDER BY s.skill), '[]')
     FROM therapist_skills s WHERE s.therapist_id = t.id) AS skills
FROM therapists t
"""
GET_THERAPIST = f"{_THERAPIST} WHERE t.id = :id"
LIST_THERAPISTS = f"""{_THERAPIST}
WHERE (CAST(:after AS uuid) IS NULL OR t.id > CAST(:after AS uuid))
  AND (CAST(:code AS text) IS NULL OR t.code = CAST(:code AS text))
  AND (CAST(:branches AS uuid[]) IS NULL OR EXISTS (
      SELECT FROM therapist_branches b WHERE b.therapist_id = t.id AND b.branch_id = ANY(CAST(:branches AS uuid[]))))
ORDER BY t.id LIMIT :limit
"""
UNKNOWN_BRANCHES = """
SELECT array_agg(asked.id) FROM unnest(CAST(:ids AS uuid[])) AS asked (id)
WHERE NOT EXISTS (SELECT FROM branches b WHERE b.id = asked.id)
"""


async def unknown_branches(tx: Transaction, ids: list[UUID]) -> set[UUID]:
    """Those of `ids` that are no branch."""
    return set(await tx.scalar(UNKNOWN_BRANCHES, {"ids": ids}) or ())


async def add_therapist(tx: Transaction, values: dict[str, Any]) -> Row[Any] | None:
    """
    Raises:
        Refused: `code_taken`.
    """
    branch_ids, skills = values.pop("branch_ids"), values.pop("skills")
    if await tx.first(insert(therapists).values(values).on_conflict_do_nothing().returning(therapists.c.id)) is None:
        raise Refused("code_taken", f"Another therapist has the code {values['code']}.")
    await _set_lists(tx, values["id"], branch_ids, skills)
    return await get_therapist(tx, values["id"])


async def get_therapist(tx: Transaction, id: UUID) -> Row[Any] | None:
    return await tx.first(GET_THERAPIST, {"id": id})


async def lock_therapist(tx: Transaction, id: UUID) -> Row[Any] | None:
    await tx.first(select(therapists.c.id).where(therapists.c.id == id).with_for_update(key_share=True))
    return await get_therapist(tx, id)


async def change_therapist(tx: Transaction, id: UUID, values: dict[str, Any]) -> Row[Any] | None:
    """
    Raises:
        Refused: `code_taken`.
    """
    branch_ids, skills = values.pop("branch_ids", None), values.pop("skills", None)
    await _check_code(tx, therapists, id, values)
    values |= {"version": therapists.c.version + 1, "updated_at": func.now()}
    await tx.run(therapists.update().where(therapists.c.id == id).values(values))
    await _set_lists(tx, id, branch_ids, skills)
    return await get_therapist(tx, id)


async def _set_lists(
    tx: Transaction, id: UUID, branch_ids: list[UUID] | None, skills: list[dict[str, Any]] | None
) -> None:  # fmt: skip
    if branch_ids is not None:
        await tx.run(therapist_branches.delete().where(therapist_branches.c.therapist_id == id))
        if branch_ids:
            rows = [{"therapist_id": id, "branch_id": branch} for branch in dict.fromkeys(branch_ids)]
            await tx.run(insert(therapist_branches).values(rows))
    if skills is not None:
        await tx.run(therapist_skills.delete().where(therapist_skills.c.therapist_id == id))
        if skills:
            await tx.run(insert(therapist_skills).values([skill | {"therapist_id": id} for skill in skills]))


async def list_therapists(
    tx: Transaction, limit: int, after: UUID | None, branches: list[UUID] | None, code: str | None
) -> Sequence[Row[Any]]:
    return await tx.all(LIST_THERAPISTS, {"limit": limit, "after": after, "branches": branches, "code": code})


# --- clients --------------------------------------------------------------------------------------------------------


async def add_client(tx: Transaction, values: dict[str, Any]) -> Row[Any]:
    """
    Raises:
        Refused: `code_taken`.
    """
    row = await tx.first(insert(clients).values(values).on_conflict_do_nothing().returning(clients))
    if row is None:
        raise Refused("code_taken", f"Another client has the code {values['code']}.")
    return row


async def get_client(tx: Transaction, id: UUID, *, lock: bool = False) -> Row[Any] | None:
    """None when erased, too."""
    statement = select(clients).where(clients.c.id == id, clients.c.erased_at.is_(None))
    return await tx.first(statement.with_for_update() if lock else statement)


async def change_client(tx: Transaction, id: UUID, values: dict[str, Any]) -> Row[Any]:
    """
    Raises:
        Refused: `code_taken`.
    """
    await _check_code(tx, clients, id, values)
    values |= {"version": clients.c.version + 1, "updated_at": func.now()}
    return await tx.one(clients.update().where(clients.c.id == id).values(values).returning(clients))


async def erase_client(tx: Transaction, id: UUID) -> int:
    """Nothing personal stays: no notes, no words about what needed a person, no kept answer. Returns the version."""
    gone = dict.fromkeys(("code", "name", "email", "phone", "pressure_preference"))
    row = await change_client(tx, id, gone | {"contact": {}, "erased_at": func.now()})
    await tx.run("UPDATE appointments SET notes = NULL WHERE client_id = :id AND notes IS NOT NULL", {"id": id})
    await tx.run(
        "UPDATE attention_items i SET resolution = 'client erased' FROM appointments a"
        " WHERE a.id = i.appointment_id AND a.client_id = :id AND i.resolution IS NOT NULL",
        {"id": id},
    )
    await tx.run("DELETE FROM idempotency_keys WHERE subject_id = :id", {"id": id})
    return int(row.version)


async def list_clients(
    tx: Transaction,
    limit: int,
    after: UUID | None,
    branches: list[UUID] | None,
    code: str | None,
    ids: list[UUID] | None = None,
) -> Sequence[Row[Any]]:
    statement = select(clients).where(clients.c.erased_at.is_(None)).order_by(clients.c.id).limit(limit)
    if after is not None:
        statement = statement.where(clients.c.id > after)
    if branches is not None:
        statement = statement.where(clients.c.branch_ids.overlap(branches))
    if ids is not None:
        statement = statement.where(clients.c.id == any_(literal(ids, ARRAY(Uuid))))
    if code is not None:
        statement = statement.where(clients.c.code == code)
    return await tx.all(statement)


async def _check_code(tx: Transaction, table: Any, id: UUID, values: dict[str, Any]) -> None:
    if values.get("code") is None:
        return
    if await tx.first(select(table.c.id).where(table.c.code == values["code"], table.c.id != id)) is not None:
        raise Refused("code_taken", f"Another one has the code {values['code']}.")
