"""What is answered to an offer: yes, and the hold becomes a booking; no, and the next in line is asked at once."""

from typing import Any
from uuid import UUID

from sqlalchemy import Row

from services.scheduling.domain.errors import OfferEnded
from services.scheduling.handlers import holds, line
from services.scheduling.handlers.booking import Asked
from services.scheduling.handlers.holds import Confirmation
from services.scheduling.store import offers as store
from services.scheduling.store import waitlist
from shared.errors import NotFound
from shared.kit.auth import Principal
from shared.kit.database import Transaction


async def visible(tx: Transaction, who: Principal, id: UUID, *, lock: bool = False) -> Row[Any]:
    """
    Raises:
        NotFound: there is none, or it is of another branch.
    """
    row = await (store.lock if lock else store.get)(tx, id)
    if row is None or not who.sees(row.branch_id):
        raise NotFound("not_found", "There is no such offer.")
    return row


def state(row: Row[Any]) -> str:
    """As it is by the clock of the database: an open one ends by itself, and an accepted one is booked when its
    appointment is."""
    if row.state == "open" and row.expires_at <= row.now:
        return "lapsed"
    if row.state == "accepted" and row.appointment_status not in (None, "pending"):
        return "refused" if row.appointment_status == "rejected" else "booked"
    return str(row.state)


async def accept(tx: Transaction, who: Principal, id: UUID) -> Asked:
    """The hold becomes a request with the offer's id and goes the way of every booking.

    Raises:
        NotFound: as `visible`. OfferEnded: it has been answered, or its time is over.
    """
    offer = await visible(tx, who, id, lock=True)
    if state(offer) != "open" or await store.hold_state(tx, id) != "held":
        raise OfferEnded(state(offer))
    entry = await waitlist.lock(tx, offer.entry_id)
    assert entry is not None
    asked = await holds.confirm(tx, who, id, Confirmation(client_id=entry.client_id, notes=entry.notes))
    await line.accepted(tx, offer, who.subject)  # refused at once or later, the clock hands it on
    return asked


async def decline(tx: Transaction, who: Principal, id: UUID) -> None:
    """The next in line has it in the same transaction. Declining twice is no error.

    Raises:
        NotFound: as `visible`. OfferEnded: it has been accepted, or its time is over.
    """
    await store.take_line(tx)
    offer = await visible(tx, who, id, lock=True)
    if state(offer) == "declined":
        return
    if state(offer) != "open":
        raise OfferEnded(state(offer))
    await line.pass_on(tx, offer, "declined", who.subject)
