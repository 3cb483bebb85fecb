"""HTTP in: what was sent, and how a client wants to be written to."""

from typing import Any
from uuid import UUID

from fastapi import Request, Response

from services.notification import store
from services.notification.domain.messages import Purpose
from services.notification.schemas import MessageAnswer, Preferences, PreferencesChange, State
from shared.errors import Invalid, NotFound
from shared.kit import audit
from shared.kit.auth import Principal, requires
from shared.kit.paging import Cursor, Limit, Page, check_if_match, etag, page, position
from shared.kit.unit import Tx, router

messages = router("/v1/messages", "messages")
preferences = router("/v1/preferences", "preferences")


@messages.get("")
async def list_messages(
    tx: Tx,
    branch_id: UUID | None = None,
    appointment_id: UUID | None = None,
    client_id: UUID | None = None,
    state: State | None = None,
    template: Purpose | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    who: Principal = requires("notification:read"),
) -> Page[MessageAnswer]:
    """Newest first."""
    filters = {"branch_id": branch_id, "appointment_id": appointment_id, "client_id": client_id, "state": state}
    rows, after = page(
        await store.messages(
            tx, branches=who.branch_list, template=template, before=_before(cursor), limit=limit + 1, **filters
        ),
        limit,
        lambda row: str(row.id),
    )
    return Page(items=[_answer(row) for row in rows], next_cursor=after)


@messages.get("/{id}")
async def show_message(tx: Tx, id: UUID, who: Principal = requires("notification:read")) -> MessageAnswer:
    """One of them."""
    rows = await store.messages(tx, branches=who.branch_list, id=id, limit=1)
    if not rows:
        raise NotFound("unknown_message", "There is no such message.")
    return _answer(rows[0])


@preferences.get("/{client_id}")
async def show_preferences(
    tx: Tx, client_id: UUID, response: Response, who: Principal = requires("notification:read")
) -> Preferences:
    """How this client may be written to."""
    return _preferences(await _visible(tx, client_id, who), response)


@preferences.patch("/{client_id}")
async def change_preferences(
    tx: Tx,
    client_id: UUID,
    body: PreferencesChange,
    request: Request,
    response: Response,
    who: Principal = requires("notification:write"),
) -> Preferences:
    """Change it. It holds from the next message on, also for those that wait."""
    row = await _visible(tx, client_id, who, lock=True)
    check_if_match(request, row.version)
    await store.save_preferences(tx, client_id, body.channels)
    await audit.record(tx, who, "changed", "preferences", client_id)
    return _preferences(await store.preferences(tx, client_id), response)


async def _visible(tx: Tx, client_id: UUID, who: Principal, *, lock: bool = False) -> Any:
    row = await store.preferences(tx, client_id, lock=lock)
    if row is None or not who.sees_any(row.branch_ids):
        raise NotFound("unknown_client", "There is no such client.")
    return row


def _preferences(row: Any, response: Response) -> Preferences:
    response.headers["ETag"] = etag(row.version)
    return Preferences.model_validate(row)


def _answer(row: Any) -> MessageAnswer:
    answer = MessageAnswer.model_validate(row)
    return answer if row.state == "queued" else answer.model_copy(update={"next_attempt_at": None})


def _before(cursor: str | None) -> UUID | None:
    place = position(cursor)
    try:
        return None if place is None else UUID(place)
    except (ValueError, TypeError, AttributeError):
        raise Invalid("invalid_cursor", "Use the next_cursor of the page before, unchanged.") from None
