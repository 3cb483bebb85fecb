"""Forgetting: the client's key is destroyed, and with it every answer, reason, limit and document."""

from uuid import UUID

from services.screening.domain.errors import ClientNotFound
from services.screening.store import clients
from shared.events.scheduling import ClientErased
from shared.events.screening import AnswersErased
from shared.kit import audit
from shared.kit.auth import Principal
from shared.kit.database import Transaction
from shared.kit.inbox import Received


async def erase_answers(tx: Transaction, who: Principal, client_id: UUID) -> None:
    """Erase what screening keeps of a client; who may then be screened anew. The decisions taken stay, without reasons.

    Raises:
        ClientNotFound: unknown, erased, or in another branch.
    """
    client = await clients.lock(tx, client_id)
    if client is None or not who.sees_any(client.branch_ids):
        raise ClientNotFound
    await clients.destroy_answers(tx, [client_id])
    branch_id = next((branch for branch in client.branch_ids if who.sees(branch)), None)
    await audit.record(tx, who, "erased_answers", "client", client_id, branch_id=branch_id)
    tx.announce(AnswersErased(client_id=client_id, version=client.facts))


async def erase_clients(tx: Transaction, batch: list[Received[ClientErased]]) -> None:
    """Scheduling erased these clients: nothing of theirs is left here, and the proof of it is announced."""
    rows = await clients.mark_erased(tx, {received.event.client_id: received.event.version for received in batch})
    await clients.destroy_answers(tx, [row.id for row in rows])
    tx.announce(*(AnswersErased(client_id=row.id, version=row.facts) for row in rows))
