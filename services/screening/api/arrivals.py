"""`/v1/arrivals`: what is asked at check-in."""

from services.screening import wording
from services.screening.api.parameters import Locale, TheVault
from services.screening.handlers.arrive import arrive
from services.screening.handlers.reading import ANSWERS
from services.screening.schemas import ArrivalAnswer, NewArrival
from shared.kit.auth import Principal, requires
from shared.kit.unit import Unit, router

arrivals = router("/v1/arrivals", "arrivals")


@arrivals.post("", status_code=201)
async def create(
    unit: Unit, vault: TheVault, body: NewArrival, locale: Locale, who: Principal = requires("screening:write")
) -> ArrivalAnswer:
    """Keep the day's answers. They hold for this local day; the start gate asks for them."""
    arrived = await arrive(
        unit, vault, who, client_id=body.client_id, appointment_id=body.appointment_id, answers=body.answers
    )
    outcome, decision, protocol = arrived.arrival.outcome_at(arrived.now), arrived.decision, arrived.protocol
    may = ANSWERS in who.scopes
    codes = [(code, None) for code in decision.limits]
    return ArrivalAnswer(
        id=arrived.id,
        client_id=body.client_id,
        appointment_id=body.appointment_id,
        local_day=arrived.local_day,
        outcome=outcome,
        not_before=arrived.arrival.not_before,
        asks_again=arrived.arrival.asks_again,
        reasons=wording.reasons(protocol, decision, arrived.local_day, locale)
        if may
        else wording.withheld(protocol, outcome, locale),
        limits=wording.limits(protocol, codes, locale) if may else [],
    )
