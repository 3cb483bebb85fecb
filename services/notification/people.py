"""HTTP in, about one person's data: what is kept of them, and that it was erased."""

from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query

from services.notification import store
from services.notification.schemas import MessageAnswer, Preferences
from shared.errors import Invalid, NotFound
from shared.kit import audit
from shared.kit.auth import Principal, requires
from shared.kit.body import Answer
from shared.kit.paging import Cursor, Limit, Page, page, position
from shared.kit.unit import Tx, router

people = router("/v1", "people's data")
MOST = 10_000  # a person's messages; they are kept half a year


class ErasureAnswer(Answer):
    client_id: UUID
    erased_at: datetime


class Export(Answer):
    """`messages` newest first, with where each went (masked: the address itself is scheduling's)."""

    exported_at: datetime
    client_id: UUID
    preferences: Preferences
    messages: list[MessageAnswer]


_ERASED = """
SELECT client_id, erased_at FROM clients
WHERE erased AND (CAST(:id AS uuid) IS NULL OR client_id = :id)
  AND (CAST(:after AS uuid) IS NULL OR client_id > :after)
  AND (CAST(:branches AS uuid[]) IS NULL OR branch_ids && CAST(:branches AS uuid[]))
ORDER BY client_id LIMIT :limit
"""


@people.get("/erasures")
async def list_erasures(
    tx: Tx, limit: Limit = 50, cursor: Cursor = None, who: Principal = requires("notification:read")
) -> Page[ErasureAnswer]:
    """Whom notification has forgotten, by id."""
    place = _after(cursor)
    rows, after = page(
        await tx.all(_ERASED, {"id": None, "after": place, "branches": who.branch_list, "limit": limit + 1}),
        limit,
        lambda row: str(row.client_id),
    )
    return Page(items=[ErasureAnswer.model_validate(row) for row in rows], next_cursor=after)


@people.get("/erasures/{client_id}")
async def show_erasure(tx: Tx, client_id: UUID, who: Principal = requires("notification:read")) -> ErasureAnswer:
    """Since when nothing is kept of where this client was written to."""
    row = await tx.first(_ERASED, {"id": client_id, "after": None, "branches": who.branch_list, "limit": 1})
    if row is None:
        raise NotFound("erasure_not_found", "No client of this id was erased.")
    return ErasureAnswer.model_validate(row)


@people.get("/clients/{client_id}/export")
async def export(
    tx: Tx,
    client_id: UUID,
    why: Annotated[str, Query(alias="reason", max_length=500, description="It is audited.")] = "",
    who: Principal = requires("notification:read"),
) -> Export:
    """Everything kept here of a client (GDPR Art. 15 and 20). Audited."""
    row = await store.preferences(tx, client_id)
    if row is None or not who.sees_any(row.branch_ids):
        raise NotFound("unknown_client", "There is no such client.")
    found: Any = await store.messages(tx, branches=who.branch_list, client_id=client_id, limit=MOST)
    branch_id = next((branch for branch in row.branch_ids if who.sees(branch)), None)
    await audit.record(tx, who, "exported", "client", client_id, branch_id=branch_id, reason=why)
    return Export(
        exported_at=datetime.now(UTC),
        client_id=client_id,
        preferences=Preferences.model_validate(row),
        messages=[MessageAnswer.model_validate(message) for message in found if message.recipient == "client"],
    )


def _after(cursor: str | None) -> UUID | None:
    place = position(cursor)
    try:
        return None if place is None else UUID(place)
    except (ValueError, TypeError, AttributeError):
        raise Invalid("invalid_cursor", "Use the next_cursor of the page before, unchanged.") from None
