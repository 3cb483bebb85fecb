"""Forgetting: the client's key is destroyed, and with it every answer, reason, limit and document.

The share outside of the database goes last, right before the commit: an erasure that is interrupted there has destroyed
more than the database says and never less, and is repeated.
"""

import asyncio
from collections.abc import Sequence
from uuid import UUID

from services.screening.domain.errors import ClientNotFound
from services.screening.metrics import ERASURES_REAPPLIED
from services.screening.opening import key_shares
from services.screening.store import clients, erasures, keys
from shared.events.scheduling import ClientErased
from shared.events.screening import AnswersErased, ClientForgottenByScreening
from shared.kit import audit, logging
from shared.kit.auth import Principal
from shared.kit.database import Transaction
from shared.kit.inbox import Received

_BATCH = 500
log = logging.get(__name__)


async def erase_answers(tx: Transaction, who: Principal, client_id: UUID) -> None:
    """Erase what screening keeps of a client; who may then be screened anew. The decisions taken stay, without reasons.

    Raises:
        ClientNotFound: unknown, erased, or in another branch.
    """
    client = await clients.lock(tx, client_id)
    if client is None or not who.sees_any(client.branch_ids):
        raise ClientNotFound
    branch_id = next((branch for branch in client.branch_ids if who.sees(branch)), None)
    await audit.record(tx, who, "erased_answers", "client", client_id, branch_id=branch_id)
    tx.announce(AnswersErased(client_id=client_id, version=client.facts))
    await destroy(tx, [client_id])


async def erase_clients(tx: Transaction, batch: list[Received[ClientErased]]) -> None:
    """Scheduling erased these clients: nothing of theirs is left here, and the proof of it is announced."""
    versions = {received.event.client_id: received.event.version for received in batch}
    branches = await erasures.branches_of(tx, list(versions))
    rows = await clients.mark_erased(tx, versions)
    await erasures.record(tx, {row.id: branches.get(row.id, []) for row in rows})
    tx.announce(*(AnswersErased(client_id=row.id, version=row.facts) for row in rows))
    tx.announce(*(ClientForgottenByScreening(client_id=row.id) for row in rows))
    await destroy(tx, [row.id for row in rows])


async def destroy(tx: Transaction, ids: Sequence[UUID]) -> None:
    """Destroy these clients' keys, and what is under them. Nothing may fail after it but the commit."""
    held = await keys.of_clients(tx, ids)
    await clients.destroy_answers(tx, ids)
    await tx.flush()
    shares = key_shares()
    for key in held:
        await asyncio.to_thread(shares.destroy, key.key_id)


async def reapply(tx: Transaction) -> int:
    """The job: a database restored from before an erasure has keys whose share is destroyed. Erase those again."""
    destroyed = await asyncio.to_thread(key_shares().destroyed)
    ids = await erasures.holders_of(tx, destroyed, _BATCH) if destroyed else []
    if not ids:
        return 0
    log.warning("erasing again what a restored database had forgotten was erased", clients=len(ids))
    for id in ids:
        await audit.record(
            tx, "screening", "erased_answers", "client", id, reason="erased before this database's backup"
        )
    await destroy(tx, ids)
    ERASURES_REAPPLIED.inc(len(ids))
    return len(ids)
