"""A client answers for a displaced session by the link in its mail: takes a proposal, asks to be called, or cancels.

The link names the attention item; single use is the item's own state: once the session waits for nobody any more the
link only says what became of it. Asking for a call leaves the choice open, and a time that could not be booked does.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from services.scheduling.domain import alternatives as domain
from services.scheduling.domain.alternatives import Alternative
from services.scheduling.domain.appointment import Appointment, Status
from services.scheduling.handlers import attention, desk, proposals
from services.scheduling.handlers.facts import facts
from services.scheduling.store import appointments
from services.scheduling.store import choices as store
from shared.events.scheduling import AppointmentCallRequested
from shared.kit.auth import Principal
from shared.kit.database import Transaction
from shared.kit.links import Links, UnknownLink

PURPOSE = "choice"
PATH = "/choices/"
CLIENT = Principal("client's link", "client's link", frozenset(), None, None, "", 0.0)
"""Who acts by a link: one session's client, and nobody else's."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What there is to choose. `found` is empty when it waits for nobody; `names` are of everything shown."""

    item: Any
    found: list[Alternative]
    names: dict[UUID, Any]

    @property
    def open(self) -> bool:
        return waits(self.item)


def waits(item: Any) -> bool:
    return item.resolved_at is None and item.status == Status.NEEDS_ATTENTION and item.now < item.starts_at


async def opened(tx: Transaction, links: Links, token: str) -> Any:
    """The item a link is for; nothing is changed.

    Raises:
        UnknownLink: nobody made it, or its client was erased.
        LinkEnded: the session's start has passed.
    """
    item = await store.get(tx, links.open(token, datetime.now(UTC)).subject)
    if item is None:
        raise UnknownLink
    return item


async def of(tx: Transaction, item: Any) -> Choice:
    """Everything the page shows, proposals as they are at this moment."""
    found = domain.chosen(await proposals.every(tx, item)) if waits(item) else []
    ids = {id for one in found for id in (one.branch_id, one.treatment_id, one.therapist_id)} | {item.branch_now}
    return Choice(item, found, await store.names(tx, ids))


async def locked(tx: Transaction, item: Any) -> Appointment | None:
    """The appointment, locked, while it still waits for this choice."""
    appointment = (await appointments.lock(tx, [item.appointment_id]))[item.appointment_id]
    now = await store.get(tx, item.id)
    return appointment if now is not None and waits(now) else None


async def accept(tx: Transaction, appointment: Appointment, alternative_id: UUID) -> bool:
    """False: it is gone, and there are others."""
    return (await attention.accept(tx, CLIENT, appointment, alternative_id)).stale is None


async def ask_for_call(tx: Transaction, item: Any, appointment: Appointment) -> None:
    """The branch is told once, however often it is asked for."""
    if await store.ask_for_call(tx, item.id):
        tx.announce(AppointmentCallRequested(**facts(appointment), attention_id=item.id))


async def cancel(tx: Transaction, appointment: Appointment) -> None:
    """Without a fee: the branch could not keep its word."""
    await desk.cancel(tx, appointment, "displaced", CLIENT.subject)
