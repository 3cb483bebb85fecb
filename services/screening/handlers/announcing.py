"""A client's standing, as it is announced: the outcome and how long it holds, never why."""

from services.screening.domain.standing import Standing
from services.screening.store.clients import Client
from shared.events.screening import StandingChanged


def standing_changed(client: Client, protocol: str, standing: Standing) -> StandingChanged:
    """The fact of a standing that has just been stored for this locked client."""
    return StandingChanged(
        client_id=client.id,
        version=client.facts,
        protocol=protocol,
        outcome=standing.outcome_on(client.today).value,
        valid_until=standing.holds_until(),
    )
