"""A client who becomes declined for a treatment loses what is booked of it, without a fee (rules.md: Screening)."""

from services.scheduling.handlers.desk import cancel_in
from services.scheduling.handlers.saga import Step
from services.scheduling.store import standings
from shared.events.screening import StandingChanged, StandingExpired
from shared.kit.database import Transaction
from shared.kit.inbox import Received


async def on_standings(tx: Transaction, batch: list[Received[StandingChanged | StandingExpired]]) -> None:
    """Keep where each client stands, for what may be offered to them; and cancel the sessions to come that were asked
    for before a decline, one that is being moved too.

    One asked for later was judged by screening itself, which knows more than an event that comes late.
    """
    await standings.save(tx, [_kept(received.event) for received in batch])
    declined = [
        (event.client_id, event.protocol, received.time)
        for received in batch
        if isinstance(event := received.event, StandingChanged) and event.outcome == "declined"
    ]
    if not declined:
        return
    step = Step(tx, "screening")
    for appointment in await standings.lock_to_come(tx, declined):
        cancel_in(step, appointment, "screening")
    await step.finish()


def _kept(event: StandingChanged | StandingExpired) -> dict[str, object]:
    kept = {"client_id": event.client_id, "protocol": event.protocol, "version": event.version}
    if isinstance(event, StandingExpired):
        return kept | {"outcome": "expired", "valid_until": None}
    return kept | {"outcome": event.outcome, "valid_until": event.valid_until}
