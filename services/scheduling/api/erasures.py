"""/v1/erasures: who was erased, and which services have confirmed it. Ids and times only."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from services.scheduling.api.cursors import after
from services.scheduling.api.places import Reader, Writer
from services.scheduling.handlers import erasures
from services.scheduling.store import erasures as store
from shared.kit.body import Answer
from shared.kit.paging import Cursor, Limit, Page, page
from shared.kit.unit import Tx, router

routes = router("/v1/erasures", "erasures")


class ServiceErasure(Answer):
    """`confirmed_at`: since when nothing of the client is left there; null while it has not said so."""

    service: str
    confirmed_at: datetime | None


class Erasure(Answer):
    """`complete`: every service has confirmed."""

    client_id: UUID
    erased_at: datetime
    complete: bool
    services: list[ServiceErasure]


@routes.get("")
async def list_erasures(who: Reader, tx: Tx, limit: Limit = 50, cursor: Cursor = None) -> Page[Erasure]:
    """Every client who was erased, by id."""
    rows = await store.listed(tx, who.branch_list, limit + 1, after=after(cursor))
    rows, next_cursor = page(rows, limit, lambda row: row.client_id)
    return Page(items=[_shown(row) for row in rows], next_cursor=next_cursor)


@routes.get("/{client_id}")
async def show_erasure(client_id: UUID, who: Reader, tx: Tx) -> Erasure:
    """The proof for one client."""
    return _shown(await erasures.of_client(tx, who, client_id))


@routes.post("/{client_id}/announce", status_code=202)
async def announce_erasure(client_id: UUID, who: Writer, tx: Tx) -> Erasure:
    """Announce it again, after a service was restored from a backup made before it. Each confirms anew."""
    return _shown(await erasures.announce_again(tx, who, client_id))


def _shown(row: Row[Any]) -> Erasure:
    services = [ServiceErasure(service=name, confirmed_at=at) for name, at in erasures.standing(row)]
    complete = all(each.confirmed_at for each in services)
    return Erasure(client_id=row.client_id, erased_at=row.erased_at, complete=complete, services=services)
