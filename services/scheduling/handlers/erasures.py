"""The proof of an erasure: each service that knew of the client says when it has forgotten them."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from services.scheduling.store import erasures
from shared.errors import NotFound
from shared.events import notification, room_equipment, screening
from shared.events.scheduling import ClientErased
from shared.kit import audit
from shared.kit.auth import Principal
from shared.kit.database import Transaction
from shared.kit.inbox import Received

Forgotten = (
    screening.ClientForgottenByScreening
    | notification.ClientForgottenByNotification
    | room_equipment.ClientForgottenByRooms
)
FORGOTTEN = (
    screening.ClientForgottenByScreening,
    notification.ClientForgottenByNotification,
    room_equipment.ClientForgottenByRooms,
)
SERVICES = ("screening", "room-equipment", "notification")
"""Those that keep something of a client, beside scheduling, which erases in the request itself."""


async def on_forgotten(tx: Transaction, batch: list[Received[Forgotten]]) -> None:
    by_service: dict[str, list[UUID]] = {}
    for received in batch:
        by_service.setdefault(received.event.topic().removeprefix("caibei."), []).append(received.event.client_id)
    for service, client_ids in by_service.items():
        await erasures.confirm(tx, service, client_ids)


async def of_client(tx: Transaction, who: Principal, client_id: UUID) -> Row[Any]:
    """
    Raises:
        NotFound: nobody of this id was erased, or in another branch.
    """
    rows = await erasures.listed(tx, who.branch_list, 1, id=client_id)
    if not rows:
        raise NotFound("erasure_not_found", "No client of this id was erased.")
    return rows[0]


async def announce_again(tx: Transaction, who: Principal, client_id: UUID) -> Row[Any]:
    """Ask the services to forget this client once more, as after one of them was restored from a backup.

    Raises:
        NotFound: nobody of this id was erased, or in another branch.
    """
    row = await of_client(tx, who, client_id)
    await erasures.ask_again(tx, client_id)
    await audit.record(tx, who, "announced_erasure_again", "client", client_id)
    tx.announce(ClientErased(client_id=client_id, version=row.version))
    return await of_client(tx, who, client_id)


def standing(row: Row[Any]) -> Sequence[tuple[str, Any]]:
    """(service, when it confirmed or None), scheduling first."""
    return [("scheduling", row.erased_at), *((service, row.confirmed.get(service)) for service in SERVICES)]
