"""`/v1/arrivals`: what is asked at check-in."""

from services.screening import wording
from services.screening.api.parameters import Locale, TheVault
from services.screening.domain.protocol import Outcome
from services.screening.handlers.arrive import arrive
from services.screening.handlers.reading import ANSWERS, audit_telling
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
    decision, protocol = arrived.decision, arrived.protocol
    outcome = arrived.arrival.outcome_at(arrived.now)
    if decision.renews:
        outcome = max(outcome, Outcome.DEFERRED, key=lambda each: each.severity)
    if may := ANSWERS in who.scopes:
        await audit_telling(await unit.begin(), who, body.client_id, "reasons told with the decision at the door")
    codes = [(code, None) for code in decision.limits]
    return ArrivalAnswer(
        id=arrived.id,
        client_id=body.client_id,
        appointment_id=body.appointment_id,
        local_day=arrived.local_day,
        outcome=outcome,
        not_before=arrived.arrival.not_before,
        asks_again=arrived.arrival.asks_again or decision.renews,
        reasons=wording.reasons(protocol, decision, arrived.local_day, locale)
        if may
        else wording.withheld(protocol, outcome, locale),
        limits=wording.limits(protocol, codes, locale) if may else [],
    )
