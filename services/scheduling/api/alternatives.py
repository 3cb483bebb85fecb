"""`POST /v1/appointments/{id}/accept-alternative`: one of the proposed slots, in one step."""

import asyncio
from contextlib import suppress
from uuid import UUID

from fastapi import Request, Response

from services.scheduling.api import answers
from services.scheduling.api.appointments import OUTCOMES, Prefer, acted_on
from services.scheduling.api.places import Writer
from services.scheduling.domain.appointment import Status
from services.scheduling.domain.errors import SlotRefused
from services.scheduling.handlers import attention, desk
from services.scheduling.schemas import bookings as shapes
from services.scheduling.schemas.attention import Acceptance
from services.scheduling.store import attention as items
from services.scheduling.waiting import SETTLED
from shared.kit import problems
from shared.kit.auth import Principal
from shared.kit.unit import Unit, UnitOfWork, router

routes = router("/v1/appointments", "appointments")


@routes.post("/{appointment_id}/accept-alternative", responses={202: OUTCOMES[202]}, response_model=shapes.Appointment)
async def accept_alternative(
    appointment_id: UUID, body: Acceptance, who: Writer, unit: Unit, request: Request, prefer: Prefer = None
) -> Response:
    """Take a proposal of the attention list: the saga runs again for that slot. A stale one: 409 with fresh ones."""
    if unit.replayed is not None:
        return await _outcome(unit, who, unit.replayed)
    tx = await unit.begin()
    appointment = await acted_on(tx, who, appointment_id, request)
    accepted = await attention.accept(tx, who, appointment, body.alternative_id, body.tolerance_minutes)
    if accepted.stale is not None:
        await unit.commit()
        return problems.of(accepted.stale)
    with SETTLED.expect(appointment_id, appointment.version) as outcome:
        await unit.commit(resource_id=appointment_id)
        with suppress(TimeoutError):
            await asyncio.wait_for(outcome, answers.wait_seconds(prefer))
    return await _outcome(unit, who, appointment_id)


async def _outcome(unit: UnitOfWork, who: Principal, id: UUID) -> Response:
    """What became of it, by its present state; refused, with proposals as they are now."""
    tx = await unit.begin()
    row = await desk.visible(tx, who, id)
    if row.status in (Status.PENDING, Status.CANCELLED) or row.code is None:
        return answers.booked(answers.of_row(row), created=False)
    item = await items.to_answer(tx, id)
    fresh = None if item is None else await attention.shown(tx, who, item, fresh=True)
    response = problems.of(SlotRefused(row.code, id, [*(fresh or ())], **answers.gap(row.refusal)))
    response.headers["Location"] = f"/v1/appointments/{id}"
    return response
