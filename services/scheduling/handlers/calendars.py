"""One appointment for its client's calendar, and the private feeds of therapists."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import Row

from services.scheduling.documents import entries
from services.scheduling.handlers import desk, people
from services.scheduling.settings import settings
from services.scheduling.store import calendars as store
from shared.errors import Forbidden, NotFound
from shared.kit import audit
from shared.kit.auth import Principal
from shared.kit.calendars import Entry, Method
from shared.kit.database import Transaction
from shared.kit.downloads import fingerprint

_PAST = timedelta(days=30)  # house rule: how far back a feed goes
_SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class Made:
    """What is written into a stream, and the ETag of what it says."""

    entries: Sequence[Entry]
    etag: str
    method: Method | None = None
    name: str = ""


async def of_appointment(tx: Transaction, who: Principal, id: UUID, wanted: Literal["publish", "request"]) -> Made:
    """
    Raises:
        NotFound: there is none, or it lies in another branch.
    """
    await desk.visible(tx, who, id)
    row = await store.of_appointment(tx, id)
    title = settings().calendar_title
    said = {name: value for name, value in row._mapping.items() if name != "now"}
    return Made(
        [entries.for_client(row, title, wanted, row.now)],
        fingerprint(title, wanted, said),
        entries.method(row.status, wanted),
    )


async def renew_feed(tx: Transaction, who: Principal, therapist_id: UUID) -> tuple[Row[Any], str]:
    """A new secret address; the one before opens nothing any more. Returns its row and the secret, said only now.

    Raises:
        NotFound: no such therapist for this caller. Forbidden: it would show more than the caller may see.
    """
    await _check_may(tx, who, therapist_id)
    secret = secrets.token_urlsafe(_SECRET_BYTES)
    row = await store.put_feed(tx, therapist_id, _hash(secret), who.subject)
    await audit.record(tx, who, "renewed_calendar_feed", "therapist", therapist_id)
    return row, secret


async def feed_of(tx: Transaction, who: Principal, therapist_id: UUID) -> Row[Any]:
    """When it was made and last read; never its secret.

    Raises:
        NotFound: no such therapist for this caller, or no feed.
    """
    await people.visible_therapist(tx, who, therapist_id)
    row = await store.feed_of(tx, therapist_id)
    if row is None:
        raise NotFound("no_calendar_feed", "This therapist has no calendar feed. POST here makes one.")
    return row


async def revoke_feed(tx: Transaction, who: Principal, therapist_id: UUID) -> None:
    """Its address opens nothing from now on.

    Raises:
        NotFound: no such therapist for this caller, or no feed. Forbidden: as for renewing it.
    """
    await _check_may(tx, who, therapist_id)
    if not await store.remove_feed(tx, therapist_id):
        raise NotFound("no_calendar_feed", "This therapist has no calendar feed.")
    await audit.record(tx, who, "revoked_calendar_feed", "therapist", therapist_id)


async def read_feed(tx: Transaction, secret: str) -> Made:
    """The sessions of whoever this secret is of: 30 days back, and ahead as far as shifts are laid out.

    Raises:
        NotFound: the secret is nobody's.
    """
    whose = await store.open_feed(tx, _hash(secret))
    if whose is None:
        raise NotFound("not_found", "There is no such calendar: its address was revoked, renewed or never was.")
    rows = await store.of_therapist(tx, whose.id, whose.now, _PAST, timedelta(days=settings().horizon_days))
    return Made(entries.for_therapist(rows), fingerprint(whose.name, [tuple(row) for row in rows]), name=whose.name)


async def _check_may(tx: Transaction, who: Principal, therapist_id: UUID) -> None:
    """A feed shows her sessions in every branch: her own token may have one, and who sees every branch she is in."""
    row = await people.visible_therapist(tx, who, therapist_id)
    if who.therapist_id == therapist_id:
        return
    if "scheduling:write" not in who.scopes:
        raise Forbidden("insufficient_scope", "This needs the scope scheduling:write, or the therapist's own token.")
    if not all(who.sees(branch_id) for branch_id in row.branch_ids):
        raise Forbidden("all_branches_needed", "A feed shows every branch she works in; your token does not name all.")


def _hash(secret: str) -> bytes:
    """256 random bits need no salt and no slow hash: they cannot be guessed, and the database does not hold them."""
    return hashlib.sha256(secret.encode()).digest()
