"""A client who becomes declined for a treatment loses what is booked of it, without a fee (rules.md: Screening)."""

from services.scheduling.handlers.desk import cancel_in
from services.scheduling.handlers.saga import Step
from services.scheduling.store import standings
from shared.events.screening import StandingChanged
from shared.kit.database import Transaction
from shared.kit.inbox import Received


async def on_standings(tx: Transaction, batch: list[Received[StandingChanged]]) -> None:
    """Cancel the sessions to come that were asked for before the decline.

    One asked for later was judged by screening itself, which knows more than an event that comes late.
    """
    declined = [received for received in batch if received.event.outcome == "declined"]
    if not declined:
        return
    step = Step(tx, "screening")
    for appointment in await standings.lock_to_come(
        tx, [(each.event.client_id, each.event.protocol, each.time) for each in declined]
    ):
        cancel_in(step, appointment, "screening")
    await step.finish()
